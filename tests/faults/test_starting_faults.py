# SPDX-License-Identifier: ISC
"""Faults of start, stop and lock: doc/faults.md, section 3."""
import os
import signal
import subprocess

from faulty import FaultTest
from boxes import need, odd
from herdtest import PROGRAM, alive, main, wait_until


class Starting(FaultTest):
    def test_round_that_stands_still_while_it_holds_the_lock(self):
        """C5: another round leaves that instance alone, and keeps the others; the lock is not broken."""
        self.worker("w", f"{odd()} alone {self.dir}/lock-w")
        self.worker("x", f"{odd()} alone {self.dir}/lock-x")
        # The first pipe of a round is that of the first start, under its lock.
        go_on = self.stopped_after("pipe2:when=1", "run")
        for _ in range(2):
            self.herd("run")
            self.assertEqual([len(self.mains("w:1")), len(self.mains("x:1"))], [0, 1])
        status, output = go_on()
        self.assertEqual(status, 0, output)
        self.herd("run", check=0)
        self.assertEqual([len(self.mains("w:1")), len(self.mains("x:1"))], [1, 1])
        self.assertEqual([name for name in os.listdir(self.dir) if "doubled" in name], [])

    def suspended_after_deciding(self):
        """A round that has seen that w:1, which is started and killed here, is missing, and has taken no lock yet."""
        self.herd("start", check=0)
        old = self.pid("w:1")
        os.kill(old, signal.SIGKILL)
        self.wait_gone(old)
        return self.stopped_after("fstat,newfstatat:when=1", "run", options=("-P", f"{self.state}/locks"))

    def test_stop_that_is_said_after_the_decision_to_start(self):
        """C6, G5: decided, suspended, resumed much later: what a person said meanwhile counts."""
        self.worker("w", f"{odd()} pause")
        self.herd("stop", check=0)
        go_on = self.suspended_after_deciding()
        self.herd("stop", check=0)
        status, output = go_on()
        self.assertEqual(status, 0, output)
        self.assertEqual(self.mains("w:1"), [])

    def test_start_that_another_round_made_meanwhile(self):
        """G5: the worker was missing when it was decided, and is there when the round goes on."""
        self.worker("w", f"{odd()} alone {self.dir}/lock")
        go_on = self.suspended_after_deciding()
        self.herd("run", check=0)
        new = self.wait_pid("w:1")
        go_on()
        self.assertEqual(self.mains("w:1"), [new])
        self.assertFalse(os.path.exists(f"{self.dir}/lock.doubled"))

    def test_caller_with_a_death_signal(self):
        """C2: whoever calls us may have asked to be killed with its parent; the worker must not be."""
        need("setpriv")
        self.write_main()
        self.worker("w", f"{odd()} pause", numprocs=2)
        done = subprocess.run(["setpriv", "--pdeathsig", "KILL", PROGRAM, "-c", self.config, "start"], check=False, capture_output=True,
                              stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, 0, done.stderr)
        pids = [self.pid("w:1"), self.pid("w:2")]
        wait_until("only minders are left", lambda: all(b"minder" in open(f"/proc/{pid}/cmdline", "rb").read() for pid in self.minders()))
        for pid in self.minders():
            os.kill(pid, signal.SIGKILL)
            self.wait_gone(pid)
        self.assertTrue(all(alive(pid) for pid in pids))
        self.herd("run", check=0)
        self.assertEqual([self.pid("w:1"), self.pid("w:2")], pids)

    def test_locks_that_cannot_be_had(self):
        """C4: without a lock nothing is done, and it is said; who runs goes on."""
        self.worker("w", f"{odd()} pause")
        self.worker("x", f"{odd()} pause")
        self.herd("start", "w", check=0)
        pid = self.pid("w:1")
        for error in ("ENOLCK", "ENOSYS", "EIO"):
            with self.subTest(error):
                done = self.injected(f"fcntl:error={error}", "run", options=("-P", f"{self.state}/locks"))
                self.assertEqual((self.mains("w:1"), self.mains("x:1")), ([pid], []))
                self.assertEqual(done.returncode, 3)
        self.herd("run", check=0)
        self.assertEqual([len(self.mains("w:1")), len(self.mains("x:1"))], [1, 1])


if __name__ == "__main__":
    main()
