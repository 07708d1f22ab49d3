# SPDX-License-Identifier: ISC
"""Faults of what surrounds a process: doc/faults.md, section 6."""
import os
import select
import signal
import subprocess
import sys

from faulty import FaultTest
from boxes import need_root, odd, other_clock, traced
from herdtest import PATIENCE, PROGRAM, alive, main, read, stat_fields, wait_until


class Around(FaultTest):
    def test_users_last_process(self):
        """F4: the change of user succeeds beyond its limit of processes, and the exec fails: it is said, and nothing runs as root."""
        need_root()
        self.worker("a", f"{odd()} pause", user="nobody", directory="/", numprocs=3)
        self.herd("start", check=0)
        self.worker("b", f"sh -c 'id -u >> {self.dir}/ran; exec sleep 1000'", user="nobody", directory="/", limits=["nproc=1"], startretries=0)
        done = self.herd("start", "b", check=1)
        self.assertIn("execute", done.stdout)
        self.assertIn("Resource temporarily unavailable", done.stdout)
        self.assertEqual((len(self.mains("a:1")), self.mains("b:1"), read(self.dir + "/ran")), (1, [], ""))

    def test_no_threads_where_it_forks(self):
        """F10: what forks never has a second thread."""
        self.write_main()
        self.worker("w", f"{odd()} pause", numprocs=2)
        trace = self.dir + "/trace"
        subprocess.run([*traced("-e", "trace=clone,clone3,fork,vfork", output=trace), PROGRAM, "-c", self.config, "start"], check=True,
                       capture_output=True, stdin=subprocess.DEVNULL)
        text = read(trace)
        self.assertGreaterEqual(len(text.splitlines()), 3)
        self.assertNotIn("CLONE_THREAD", text)
        self.assertNotIn("CLONE_VM", text)

    def test_end_of_everything_that_called(self):
        """G1: cron's group and session are ended; workers are in their own, and so are minders."""
        self.write_main()
        self.worker("w", f"{odd()} pause", numprocs=2)
        caller = subprocess.Popen([sys.executable, "-c", "import subprocess, sys, time; subprocess.run(sys.argv[1:]); print(flush=True);"
                                   "time.sleep(1000)", PROGRAM, "-c", self.config, "start"], start_new_session=True,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.addCleanup(caller.stdout.close)
        self.addCleanup(caller.wait)
        self.addCleanup(caller.kill)
        # Not sooner: until it is done a worker may still stand at the gate, and a minder that was just executed in its caller's session.
        self.assertTrue(select.select([caller.stdout], [], [], PATIENCE)[0], "start has ended")
        wait_until("minders lead sessions of their own", lambda: self.minders() and
                   all((stat_fields(pid) or [0] * 4)[3] == str(pid) for pid in self.minders()))
        pids, minders = [self.pid("w:1"), self.pid("w:2")], self.minders()
        for sig in (signal.SIGHUP, signal.SIGTERM, signal.SIGKILL):
            if caller.poll() is None:
                os.killpg(caller.pid, sig)
        caller.wait()
        self.assertTrue(all(alive(pid) for pid in pids + minders))
        os.kill(pids[0], signal.SIGKILL)
        self.wait_pid("w:1", other_than=pids[0])

    def at(self, seconds, *args):
        """cronherd with a clock on the wall that is SECONDS ahead (or back)."""
        return self.herd(*args, env=other_clock(seconds))

    def test_clock_that_jumps(self):
        """G4: years ahead and back, in turn: who runs goes on, a wait is neither over at once nor for ever, who dies is replaced."""
        year = 365 * 86400
        self.worker("w", f"{odd()} pause", max_age="1d", numprocs=2, restart_delay="0s", startretries=1000)
        self.worker("bad", "false", restart_delay="1h", restart_delay_max="1h", startretries=100)
        self.herd("run")
        wait_until("it waits", lambda: self.herd("run") and self.record("bad:1").get("next_start", self.record("bad:1").get("failures")))
        failures = self.record("bad:1").get("failures")
        for seconds in (10 * year, -10 * year, 3600, -3600):
            with self.subTest(seconds=seconds):
                pids = [self.pid("w:1"), self.pid("w:2")]
                for _ in range(2):
                    self.at(seconds, "run")
                    self.assertEqual([self.pid("w:1"), self.pid("w:2")], pids)
                    self.assertEqual(self.record("bad:1").get("failures"), failures)
                os.kill(pids[0], signal.SIGKILL)
                self.wait_gone(pids[0])
                self.at(seconds, "run")
                self.assertTrue(self.pid("w:1"))
                self.assertEqual([len(self.mains("w:1")), len(self.mains("w:2"))], [1, 1])
        self.worker("bad", f"{odd()} pause")
        self.herd("run", check=0)
        self.assertTrue(self.pid("bad:1"))

    def test_hold_with_an_end_and_a_clock_that_jumps(self):
        """G4: a hold that ends on a day of the calendar ends by the clock on the wall, whichever that is; one without end does not."""
        self.worker("w", f"{odd()} pause")
        self.worker("x", f"{odd()} pause")
        self.herd("stop", "--for", "1h", "w", check=0)
        self.herd("stop", "x", check=0)
        self.at(-10 * 365 * 86400, "run")
        self.assertEqual(self.marked(), [])
        self.at(7200, "run")
        self.assertEqual([len(self.mains("w:1")), len(self.mains("x:1"))], [1, 0])

    def test_a_healthy_herd_says_nothing(self):
        """G7: fifty rounds, and nothing that cron could mail; nothing is written either."""
        self.worker("w", f"{odd()} pause", numprocs=3)
        self.herd("start", check=0)
        self.herd("run", check=0)
        # A cache is written once what it is made of is two seconds old.
        wait_until("it has settled", lambda: self.herd("run", check=0) and os.path.exists(f"{self.state}/slots.cache"))
        before = {entry.path: os.stat(entry.path).st_ctime_ns for entry in os.scandir(self.state) if entry.name != "lease"}
        for _ in range(50):
            done = self.herd("run", check=0)
            self.assertEqual((done.stdout, done.stderr), ("", ""))
        self.assertEqual({entry.path: os.stat(entry.path).st_ctime_ns for entry in os.scandir(self.state) if entry.name != "lease"}, before)


if __name__ == "__main__":
    main()
