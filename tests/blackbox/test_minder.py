# SPDX-License-Identifier: ISC
"""The minder: small, clean, expendable; it brings ends into the record and the dead back at once."""
import os
import re
import shutil
import signal
import subprocess

from boxes import odd, pid_of
from herdtest import PROGRAM, SANITIZED, HerdTest, alive, main, read, stat_fields, wait_until


class Minder(HerdTest):
    def minder(self):
        """The one process that is a minder of this herd."""
        def settled():
            found = self.minders()
            return found if len(found) == 1 and self.is_minder(found[0]) else None
        return wait_until("one minder is left and no round", settled)[0]

    @staticmethod
    def is_minder(pid):
        return read(f"/proc/{pid}/cmdline").split("\0")[1:2] == ["minder"]

    def start(self, **options):
        self.worker("w", f"{odd()} pause", **options)
        self.herd("start", check=0)
        return self.minder()

    def test_what_it_is(self):
        minder = self.start(numprocs=3)
        shown = subprocess.run(["ps", "-o", "args=", "-p", str(minder)], text=True, capture_output=True, check=True).stdout
        self.assertTrue(shown.startswith("cronherd minder"), shown)
        shown = subprocess.run(["ps", "-o", "comm=", "-p", str(minder)], text=True, capture_output=True, check=True).stdout
        self.assertEqual(shown.strip(), "cronherd")
        fields = stat_fields(minder)
        self.assertEqual((fields[2], fields[3], fields[4]), (str(minder), str(minder), "0"))
        fds = {fd: os.readlink(f"/proc/{minder}/fd/{fd}") for fd in os.listdir(f"/proc/{minder}/fd")}
        self.assertEqual(fds, {"0": "/dev/null", "1": "/dev/null", "2": "/dev/null"})
        self.assertFalse([line for line in read("/proc/locks").splitlines() if line.split()[-4] == str(minder)])
        self.assertEqual(os.readlink(f"/proc/{minder}/cwd"), "/")
        for n in (1, 2, 3):
            self.assertEqual(stat_fields(self.pid(f"w:{n}"))[1], str(minder))

    @staticmethod
    def private_kib(pid):
        return sum(int(kib) for kib in re.findall(r"Private_\w+: +(\d+) kB", read(f"/proc/{pid}/smaps_rollup")))

    def settled_kib(self, pid):
        """As private_kib, of one that has done what it does at first."""
        seen = []

        def is_settled():
            seen.append(self.private_kib(pid))
            return len(seen) > 5 and len(set(seen[-5:])) == 1
        wait_until("it takes no more", is_settled)
        return seen[-1]

    def test_it_is_small(self):
        least = 0
        if SANITIZED:
            # The sanitizer's own memory is some MiB: what a hundred workers add to it is held to the same.
            minder = self.start(numprocs=1)
            least = self.settled_kib(minder)
            self.herd("stop", check=0)
            self.wait_gone(minder)
        minder = self.start(numprocs=100)
        # Once nothing has happened for a second.
        private = wait_until("it is small", lambda: (lambda kib: kib if kib < 1024 else None)(self.private_kib(minder) - least))
        print(f"minder of 100: {private} kB private")

    def test_it_goes_with_its_last_child(self):
        minder = self.start(numprocs=2)
        self.herd("stop", "w:1", check=0)
        self.assertEqual(self.minder(), minder)
        self.herd("stop", check=0)
        self.wait_gone(minder)
        wait_until("no round is left", lambda: not self.minders())

    def test_without_it_the_worker_lives_and_the_next_round_keeps(self):
        minder = self.start()
        pid = self.pid("w:1")
        os.kill(minder, signal.SIGKILL)
        self.wait_gone(minder)
        self.assertTrue(alive(pid))
        self.herd("run", check=0)
        self.assertEqual(self.mains("w:1"), [pid])
        os.kill(pid, signal.SIGKILL)
        self.wait_gone(pid)
        self.assertEqual(self.mains("w:1"), [])
        self.herd("run")
        new = self.wait_pid("w:1", other_than=pid)
        # What that round started has a minder again.
        os.kill(new, signal.SIGKILL)
        self.wait_pid("w:1", other_than=new)

    def test_killed_together(self):
        minder = self.start(numprocs=2)
        pids = [self.pid("w:1"), self.pid("w:2")]
        for pid in (minder, *pids):
            os.kill(pid, signal.SIGSTOP)
        for pid in (minder, *pids):
            os.kill(pid, signal.SIGKILL)
        for pid in (minder, *pids):
            self.wait_gone(pid)
        self.assertEqual(self.marked(), [])
        self.herd("run")
        for id, old in zip(("w:1", "w:2"), pids):
            self.assertEqual(self.mains(id), [self.wait_pid(id, other_than=old)])

    def test_signals_do_not_end_it(self):
        minder = self.start()
        # A terminal's, a logout's.
        for sig in (signal.SIGCHLD, signal.SIGCONT, signal.SIGWINCH):
            os.kill(minder, sig)
        pid = self.pid("w:1")
        os.kill(pid, signal.SIGKILL)
        self.wait_pid("w:1", other_than=pid)
        self.assertTrue(alive(minder) or self.minders())

    def test_it_remembers_no_configuration(self):
        """What it brings back is what is defined then."""
        self.start()
        self.worker("w", f"{odd()} named changed")
        pid = self.pid("w:1")
        os.kill(pid, signal.SIGKILL)
        new = self.wait_pid("w:1", other_than=pid)
        wait_until("the new definition runs", lambda: read(f"/proc/{new}/comm").strip() == "changed")

    def test_it_does_not_bring_back_what_is_held_or_removed(self):
        self.start(numprocs=2)
        with open(f"{self.state}/holds/w:1", "w"):
            pass
        pids = [self.pid("w:1"), self.pid("w:2")]
        os.kill(pids[0], signal.SIGKILL)
        wait_until("the end is recorded", lambda: self.record("w:1").get("exit_signal") == "9")
        wait_until("the round has ended", lambda: len(self.minders()) == 1)
        self.assertEqual(self.mains("w:1"), [])
        self.write("conf.d/w.conf", "")
        os.kill(pids[1], signal.SIGKILL)
        wait_until("nobody is left to mind", lambda: not self.minders())
        self.assertEqual(self.marked(), [])

    def test_a_whole_herd_killed_at_once_is_back_once(self):
        self.worker("w", f"{odd()} alone {self.dir}/lock-%i", shell=False, numprocs=20)
        self.herd("start", check=0)
        ids = [f"w:{n}" for n in range(1, 21)]
        old = {id: self.pid(id) for id in ids}
        for pid in old.values():
            os.kill(pid, signal.SIGKILL)
        new = {id: self.wait_pid(id, other_than=old[id]) for id in ids}
        wait_until("the rounds have ended", lambda: all(self.is_minder(pid) for pid in self.minders()))
        self.assertEqual({id: self.mains(id) for id in ids}, {id: [new[id]] for id in ids})
        self.assertEqual([name for name in os.listdir(self.dir) if "doubled" in name], [])
        notes = [name for name in os.listdir(f"{self.state}/exits") if not os.path.islink(f"{self.state}/exits/{name}")]
        self.assertEqual(notes, [], "every end has been recorded")

    def test_killed_again_and_again(self):
        self.start(restart_delay="0s", startsecs="0s")
        for _ in range(15):
            pid = self.wait_pid("w:1")
            os.kill(pid, signal.SIGKILL)
            self.wait_pid("w:1", other_than=pid)
        wait_until("the rounds have ended", lambda: all(self.is_minder(pid) for pid in self.minders()))
        self.assertEqual(len(self.mains("w:1")), 1)

    def test_orphans_are_buried_while_a_round_stays(self):
        """Hosts with a rare cron have rounds that stay: what workers leave behind must not lie about as zombies until they end."""
        self.worker("w", f"sh -c '(sh -c \"echo \\$\\$ >{self.dir}/orphan; exec sleep 0.1\" &); exec sleep 1000'", startsecs="0s",
                    restart_delay="0s")
        round = subprocess.Popen([PROGRAM, "-c", self.config, "run", "--for", "1h"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL)

        def end():
            round.kill()
            round.wait()
        self.addCleanup(end)
        for _ in range(3):
            orphan = int(wait_until("there is an orphan", lambda: read(self.dir + "/orphan").strip()))
            wait_until("it is buried", lambda: not os.path.exists(f"/proc/{orphan}"))
            self.assertIsNone(round.poll())
            os.unlink(self.dir + "/orphan")
            pid = self.wait_pid("w:1")
            os.kill(pid, signal.SIGKILL)
            self.wait_pid("w:1", other_than=pid)
        wait_until("it is there once", lambda: len(self.mains("w:1")) == 1)

    def test_short_backoff_is_not_rounded_up_to_a_minute(self):
        """A second crash has a delay of a second: nobody calls run here but the minder."""
        self.start()
        for _ in range(2):
            pid = self.wait_pid("w:1")
            wait_until("it has had its time", lambda: int(self.record("w:1").get("state", "0")) in (1, 2))
            self.herd("run")
            os.kill(pid, signal.SIGKILL)
            self.wait_pid("w:1", other_than=pid)


class Ends(HerdTest):
    """How it ended arrives in the record."""

    def ended(self, command, **options):
        self.worker("w", command, startsecs="0s", autorestart="never", **options)
        self.herd("run")
        return wait_until("the end is recorded", lambda: (lambda r: r if "has_exit" in r else None)(self.record("w:1")))

    def test_exit_code(self):
        record = self.ended("sh -c 'exit 37'")
        self.assertEqual((record["exit_known"], record["exit_code"]), ("1", "37"))
        self.assertEqual(record.get("exit_signal", "0"), "0")

    def test_success(self):
        record = self.ended("sh -c 'exit 0'")
        self.assertEqual((record["exit_known"], record["exit_code"]), ("1", "0"))

    def test_signal(self):
        record = self.ended("sh -c 'kill -SEGV $$'", limits=["core=0"])
        self.assertEqual((record["exit_known"], record["exit_signal"]), ("1", "11"))

    def test_what_it_used(self):
        record = self.ended(f"sh -c '{odd()} grow 30000000 & sleep 0.3; kill $!; exit 3'")
        self.assertEqual(record["exit_code"], "3")
        self.assertGreater(int(record["exit_peak_rss_bytes"]), 0)
        self.assertIn("exit_wall_ms", record)

    def test_without_a_minder_it_is_not_known(self):
        self.write_main("minder = false")
        self.worker("w", f"{odd()} pause")
        self.herd("start", check=0)
        pid = self.pid("w:1")
        os.kill(pid, signal.SIGKILL)
        self.wait_gone(pid)
        self.herd("run")
        self.assertEqual(self.record("w:1").get("has_exit"), "1")

    def test_orphans_of_a_worker_are_buried(self):
        """They fall to the minder; no zombie stays, no note is left, nothing is started for them."""
        self.worker("w", f"{odd()} family {self.dir}/family")
        self.herd("start", check=0)
        wait_until("the family is complete", lambda: read(self.dir + "/family").count("\n") == 5)
        members = dict(line.split() for line in read(self.dir + "/family").splitlines())
        for kind in ("orphan", "escaped"):
            os.kill(int(members[kind]), signal.SIGKILL)
            wait_until("it is buried", lambda: not os.path.exists(f"/proc/{members[kind]}"))
        wait_until("the rounds have ended", lambda: len(self.minders()) == 1)
        self.assertEqual([pid for pid in self.mains("w:1") if pid == pid_of(self, "w:1")], [int(members["main"])])


class Upgrade(HerdTest):
    def test_the_program_is_replaced_while_the_minder_lives(self):
        program = self.dir + "/cronherd"
        shutil.copy(PROGRAM, program)
        self.worker("w", f"{odd()} pause")
        subprocess.run([program, "-c", self.config, "start"], check=True, stdout=subprocess.DEVNULL)
        minder = wait_until("there is a minder", lambda: [m for m in self.minders() if "minder" in read(f"/proc/{m}/cmdline")])[0]
        self.script("cronherd.new", f"#!/bin/sh\necho \"$@\" >> {self.dir}/called\nexec {PROGRAM} \"$@\"\n")
        os.rename(program + ".new", program)
        self.assertTrue(os.readlink(f"/proc/{minder}/exe").endswith(" (deleted)"))
        pid = self.pid("w:1")
        os.kill(pid, signal.SIGKILL)
        self.wait_pid("w:1", other_than=pid)
        self.assertIn(" run --minded ", read(f"{self.dir}/called"), "the new program ran the round")

    def test_the_program_is_removed(self):
        program = self.dir + "/cronherd"
        shutil.copy(PROGRAM, program)
        self.worker("w", f"{odd()} pause")
        subprocess.run([program, "-c", self.config, "start"], check=True, stdout=subprocess.DEVNULL)
        os.unlink(program)
        pid = self.pid("w:1")
        os.kill(pid, signal.SIGKILL)
        self.wait_pid("w:1", other_than=pid)


if __name__ == "__main__":
    main()
