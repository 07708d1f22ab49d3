# SPDX-License-Identifier: ISC
"""Faults of identity and liveness: doc/faults.md, section 1."""
import os
import signal
import subprocess

from faulty import FaultTest
from boxes import odd, traced
from herdtest import PROGRAM, alive, main, read, stat_fields, wait_until


class Acting(FaultTest):
    def test_signal_that_does_not_kill(self):
        """A14: who is in state D does not die of KILL: no second one is started, however many rounds come."""
        self.worker("w", f"{odd()} pause", stopwaitsecs="1s")
        self.herd("start", check=0)
        pid = self.pid("w:1")
        self.worker("w", f"{odd()} pause", stopwaitsecs="1s", environment=["CHANGED=1"])
        said = self.dir + "/said"
        with open(said, "w") as output:
            process = subprocess.Popen([*traced("-e", "inject=pidfd_send_signal,kill:retval=0"), PROGRAM, "-c", self.config, "-v", "run"],
                                       stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        wait_until("it was sent KILL", lambda: "sent KILL" in read(said))
        for verb in ("check", "status"):
            self.herd(verb)
            self.assertEqual(self.mains("w:1"), [pid])
        self.assertEqual(self.instance("w:1")["state"], "STOPPING")
        for round_pid in self.minders():
            os.kill(round_pid, signal.SIGKILL)
        process.wait()
        self.assertEqual(self.mains("w:1"), [pid])
        os.kill(pid, signal.SIGKILL)
        self.wait_gone(pid)
        self.herd("run", check=0)
        self.assertEqual(self.mains("w:1"), [self.wait_pid("w:1", other_than=pid)])

    def test_traced_by_a_debugger(self):
        """A15: it is alive, and is stopped all the same."""
        self.worker("w", f"{odd()} pause")
        self.herd("start", check=0)
        pid = self.pid("w:1")
        tracer = subprocess.Popen(["strace", "-qq", "-o", "/dev/null", "-p", str(pid)], stdin=subprocess.DEVNULL)
        self.addCleanup(tracer.wait)
        self.addCleanup(tracer.kill)
        wait_until("it is traced", lambda: "TracerPid:\t0\n" not in read(f"/proc/{pid}/status"))
        self.herd("run", check=0)
        self.assertEqual(self.mains("w:1"), [pid])
        self.herd("stop", check=0)
        self.assertFalse(alive(pid))


class Looking(FaultTest):
    def test_memory_of_a_process_whose_leader_has_left(self):
        """A8: its first thread's statm is empty; the memory is not."""
        self.worker("w", f"{odd()} leaderless", memory_limit="1G")
        self.herd("start", check=0)
        pid = self.mains("w:1")[0]
        wait_until("its first thread has left", lambda: stat_fields(pid)[0] == "Z")
        self.assertGreater(self.instance("w:1")["memory_bytes"], 4096)
        # And so a limit bites.
        self.worker("w", f"{odd()} leaderless", memory_limit="8K", memory_max="8K")
        self.herd("run")
        self.wait_gone(pid)

    def test_stat_that_cannot_be_read(self):
        """A13: it dies, or seems to, between open and read: whoever lives is neither doubled nor signalled, whoever died is replaced."""
        self.worker("w", f"{odd()} log {self.dir}/signals")
        self.herd("start", check=0)
        pid = self.pid("w:1")
        for error in ("ESRCH", "ENOENT", "EACCES", "EIO", "EINTR"):
            for when in ("1", "1+") if error != "EINTR" else ("1", "2"):
                with self.subTest(error, when=when):
                    self.injected(f"read,pread64:error={error}:when={when}", "run", options=("-P", f"/proc/{pid}/stat"))
                    self.assertEqual(self.mains("w:1"), [pid])
        self.assertEqual(read(f"{self.dir}/signals").splitlines(), [f"ready {pid}"])
        os.kill(pid, signal.SIGKILL)
        self.wait_gone(pid)
        self.herd("run", check=0)
        self.assertEqual(self.mains("w:1"), [self.wait_pid("w:1")])

    def test_title_that_was_rewritten(self):
        """A18: what it calls itself plays no part."""
        self.worker("w", """perl -e '$0 = ""; print "ready\\n"; $| = 1; print "\\n"; sleep 1000'""")
        self.herd("start", check=0)
        pid = self.pid("w:1")
        wait_until("it has rewritten it", lambda: "perl" not in read(f"/proc/{pid}/cmdline"))
        for _ in range(2):
            self.herd("run", check=0)
            self.assertEqual(self.pid("w:1"), pid)
        os.unlink(self.pidfile("w:1"))
        self.herd("run", check=0)
        self.assertEqual(self.pid("w:1"), pid)
        self.herd("stop", check=0)
        self.assertFalse(alive(pid))


if __name__ == "__main__":
    main()
