# SPDX-License-Identifier: ISC
"""What ends is started again: at once, later, rarely or never, as its definition says."""
import os
import signal
import time

from boxes import odd, with_sum
from herdtest import HerdTest, main, read, wait_until

STOPPED, STARTING, RUNNING, BACKOFF, STOPPING, EXITED, FATAL = range(7)


class Backoff(HerdTest):
    """Without a minder nothing happens but in the rounds of the test, so that each can be looked at."""

    def setUp(self):
        super().setUp()
        self.write_main("minder = false")

    def round(self, status=None):
        return self.herd("run", check=status)

    def number(self, key, id="w:1"):
        return int(self.record(id).get(key, "0"))

    def due(self):
        """Waits until a round has tried again."""
        failures = self.number("failures")

        def tried():
            self.round()
            return self.number("failures") > failures
        wait_until("it is tried again", tried)


class FailedStarts(Backoff):
    def test_delays_grow_until_it_is_fatal_and_then_it_is_retried_all_the_same(self):
        self.worker("w", "/nonexistent/program", startretries=3, restart_delay="200ms", restart_delay_max="1s")
        self.round(1)
        for failures in (1, 2, 3, 4):
            self.assertEqual(self.number("failures"), failures)
            self.assertEqual(self.number("state"), BACKOFF if failures < 4 else FATAL)
            if failures < 4:
                self.due()
        self.assertIn("/nonexistent/program", self.record("w:1")["failure"])
        self.due()
        self.assertEqual((self.number("failures"), self.number("state")), (5, FATAL))

    def test_the_delays_themselves(self):
        """By the definition of a worker whose retries are far apart: 100 s, 200 s, 400 s, at most 500 s."""
        expected = [100, 200, 400, 500, 500]
        for count, seconds in enumerate(expected, 1):
            self.worker("w", "/nonexistent/program", startretries=count, restart_delay="100s", restart_delay_max="500s")
            self.fail_times(count)
            delay = self.number("next_start_wall_ms") - self.now_ms
            self.assertAlmostEqual(delay / 1000, seconds, delta=60, msg=f"failure {count}")

    def fail_times(self, count):
        """COUNT failed starts in a row, whatever the delay: the waiting is cut by altering the record."""
        for _ in range(count - self.number("failures")):
            text = read(f"{self.state}/records/w.1").splitlines()
            if text:
                text = "".join(line + "\n" for line in text if not line.startswith(("next_start", "definition")))
                self.write("state/records/w.1", with_sum(text), 0o600)
            self.now_ms = time.time() * 1000
            self.round(1)
        self.assertEqual(self.number("failures"), count)

    def test_ends_within_startsecs_are_failed_starts(self):
        self.worker("w", "sh -c 'exit 0'", startsecs="1h", restart_delay="1h", restart_delay_max="1h")
        self.round()

        def failed():
            self.round()
            return self.number("failures") == 1
        wait_until("its end is seen", failed)
        self.assertEqual(self.number("state"), BACKOFF)
        self.assertEqual(self.round().stderr, "", "a first failure needs nobody")
        self.assertEqual(self.number("starts"), 1)

    def test_give_up(self):
        self.worker("w", "/nonexistent/program", startretries=0, restart_delay="0s", restart_delay_max="0s", give_up=True)
        done = self.round(1)
        self.assertIn("w:1: does not start", done.stderr)
        for _ in range(3):
            self.assertEqual(self.round(1).stderr, "")
        self.assertEqual(self.number("failures"), 1)
        # A person may ask again.
        self.herd("start", check=1)
        self.assertEqual(self.number("failures"), 1)
        self.assertEqual(self.number("state"), FATAL)

    def test_fatal_without_give_up_is_retried(self):
        self.worker("w", "/nonexistent/program", startretries=0, restart_delay="0s", restart_delay_max="0s")
        self.round(1)
        self.round(1)
        self.assertEqual(self.number("failures"), 2)

    def test_edited_definition_is_tried_at_once(self):
        self.worker("w", "/nonexistent/program", startretries=0, restart_delay_max="1h", give_up=True)
        self.round(1)
        self.round(1)
        self.assertEqual(self.number("failures"), 1)
        self.worker("w", f"{odd()} pause")
        self.round(0)
        self.assertTrue(self.pid("w:1"))
        self.assertNotIn("failures", self.record("w:1"))

    def test_a_round_asked_for_by_hand_does_not_wait(self):
        self.worker("w", f"{self.dir}/program", restart_delay="1h", restart_delay_max="1h", directory="/")
        self.round(1)
        os.symlink("/bin/cat", self.dir + "/cat")
        self.script("program", "#!/bin/sh\nexec sleep 1000\n")
        self.round(1)
        self.assertIsNone(self.pid("w:1"))
        self.herd("start", check=0)
        self.assertTrue(self.pid("w:1"))

    def test_success_forgets_the_failures(self):
        self.worker("w", f"{self.dir}/program", restart_delay="0s", directory="/")
        self.round(1)
        self.script("program", "#!/bin/sh\nexec sleep 1000\n")
        self.round(0)

        def forgotten():
            self.round(0)
            return self.number("state") == RUNNING
        wait_until("it has outlived startsecs", forgotten)
        self.assertNotIn("failures", self.record("w:1"))
        self.assertNotIn("failure", self.record("w:1"))


class Crashes(Backoff):
    def crash(self):
        """Kills w:1 when it runs well; a round that sees it."""
        pid = self.pid("w:1")
        wait_until("it runs well", lambda: (self.round(), self.number("state") == RUNNING)[1])
        os.kill(pid, signal.SIGSEGV)
        self.wait_gone(pid)
        self.round()
        return pid

    def test_first_at_once_then_delayed(self):
        self.worker("w", f"{odd()} pause", startsecs="0s", restart_delay="1h", restart_delay_max="2h", limits=["core=0"])
        self.herd("start", check=0)
        first = self.crash()
        second = self.pid("w:1")
        self.assertTrue(second and second != first)
        self.crash()
        self.assertIsNone(self.pid("w:1"))
        self.assertEqual(self.number("state"), BACKOFF)
        self.assertGreater(self.number("next_start_wall_ms"), self.number("exit_wall_ms") + 1800000)
        self.round()
        self.assertIsNone(self.pid("w:1"))
        self.assertEqual(self.number("starts"), 2)


class Ends(HerdTest):
    """With a minder, who tells how it ended."""

    def run_once(self, command, **options):
        """A worker whose starts are counted in a file, one line each; waits until its first end is known."""
        options.setdefault("startsecs", "0s")
        options.setdefault("restart_delay", "1h")
        options.setdefault("restart_delay_max", "1h")
        self.worker("w", f"echo start >> {self.dir}/starts; {command}", shell=True, limits=["core=0"], **options)
        self.herd("run")
        wait_until("its end is recorded", lambda: "has_exit" in self.record("w:1"))

    def starts(self):
        return read(f"{self.dir}/starts").count("start")

    def settled(self):
        wait_until("no round is at work", lambda: not [p for p in self.minders() if "minder" not in read(f"/proc/{p}/cmdline")])
        return int(self.record("w:1").get("state", "0"))

    def ten_ends(self, command, **options):
        """Ends ten times without a delay, then stays."""
        self.run_once(f"[ $(wc -l < {self.dir}/starts) -gt 10 ] && exec sleep 1000; {command}", **options)
        wait_until("it was started eleven times", lambda: self.starts() == 11)

    def test_expected_end_has_no_delay(self):
        self.ten_ends("exit 0")

    def test_expected_codes(self):
        self.ten_ends("exit 7", exitcodes=["0", "7"])

    def test_expected_signals(self):
        self.ten_ends("kill -USR1 $$", exitcodes=["USR1", "SIGINT"])

    def test_unexpected_end_is_delayed_the_second_time(self):
        self.run_once("exit 7")
        wait_until("it was started twice", lambda: self.starts() == 2)
        wait_until("it waits", lambda: self.settled() == BACKOFF)
        self.herd("run")
        self.assertEqual(self.starts(), 2)

    def test_never(self):
        self.run_once("exit 7", autorestart="never")
        self.assertEqual(self.settled(), EXITED)
        self.herd("run", check=0)
        self.assertEqual(self.starts(), 1)

    def test_unexpected_only(self):
        self.run_once("exit 0", autorestart="unexpected")
        self.assertEqual(self.settled(), EXITED)
        self.herd("run", check=0)
        self.assertEqual(self.starts(), 1)

    def test_unexpected_only_and_it_crashed(self):
        self.run_once(f"[ $(wc -l < {self.dir}/starts) -gt 1 ] && exec sleep 1000; exit 3", autorestart="unexpected")
        self.wait_pid("w:1")
        wait_until("it was started again", lambda: self.starts() == 2)

    def test_what_has_exited_is_started_by_hand_and_by_a_new_definition(self):
        self.run_once("exit 0", autorestart="never")
        self.settled()
        self.herd("start", check=0)
        wait_until("it was started by hand", lambda: self.starts() == 2)
        self.settled()
        self.worker("w", f"echo start >> {self.dir}/starts; true", shell=True, startsecs="0s", autorestart="never")

        def started_anew():
            # The first round may be the one that sees its end.
            self.herd("run", check=0)
            return self.starts() == 3
        wait_until("it is started by its new definition", started_anew)


if __name__ == "__main__":
    main()
