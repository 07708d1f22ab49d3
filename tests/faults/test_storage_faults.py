# SPDX-License-Identifier: ISC
"""Faults of storage: doc/faults.md, section 5."""
import os
import re
import signal
import subprocess

from faulty import FaultTest
from boxes import odd, traced
from herdtest import PROGRAM, main, read


class Storage(FaultTest):
    def setUp(self):
        super().setUp()
        self.worker("w", f"{odd()} pause")
        self.herd("start", check=0)
        self.main = self.pid("w:1")

    def test_a_hold_is_on_disk_before_anything_is_done(self):
        """E1: written, synced, renamed, its directory synced; and only then a signal."""
        trace = self.dir + "/trace"
        subprocess.run([*traced("-y", "-e", "trace=openat,write,fsync,fdatasync,rename,renameat,renameat2,pidfd_send_signal", output=trace),
                        PROGRAM, "-c", self.config, "stop"], check=True, capture_output=True, stdin=subprocess.DEVNULL)
        holds = re.escape(f"{self.state}/holds")
        order = [rf"openat\(\d+<{holds}>, \"\.tmp-.*O_EXCL", rf"write\(\d+<{holds}/\.tmp-[^>]*>, \"by ", rf"fsync\(\d+<{holds}/\.tmp-",
                 rf"renameat2?\(\d+<{holds}>, \"\.tmp-.*\"w\"", rf"fsync\(\d+<{holds}>\) += 0", r"pidfd_send_signal\(.*SIGTERM"]
        text, at = read(trace), 0
        for step in order:
            found = re.compile(step).search(text, at)
            self.assertTrue(found, f"{step} is not where it should be in: {text}")
            at = found.end()
        self.assertIsNone(re.search(r"pidfd_send_signal", text[:text.index("fsync")]))

    def test_a_hold_that_cannot_be_synced_stops_nobody(self):
        """E1, E3: who is told of a failure must not find the worker stopped until the next reboot only."""
        done = self.injected("fsync:error=EIO:when=1", "stop")
        self.assertEqual(done.returncode, 3, done.stdout + done.stderr)
        self.assertIn("holds/w", done.stderr)
        self.assertEqual(self.mains("w:1"), [self.main])

    def test_no_quota_left(self):
        """E3: of each kind of call; nobody is lost or doubled, what was there stays readable."""
        for call in ("write", "openat", "renameat,renameat2,rename", "fsync"):
            for when in ("1", "3+"):
                with self.subTest(call, when=when):
                    os.kill(self.main, signal.SIGKILL)
                    self.wait_gone(self.main)
                    where = [arg for folder in ("", "/records", "/pidfiles", "/exits", "/holds") for arg in ("-P", self.state + folder)]
                    self.injected(f"{call}:error=EDQUOT:when={when}", "run", options=where)
                    self.assertLessEqual(len(self.mains("w:1")), 1)
                    self.herd("start", check=0)
                    self.main = self.pid("w:1")
                    self.assertEqual(self.mains("w:1"), [self.main])
                    self.assertEqual(self.herd("run", check=0).stderr, "")

    def test_short_writes(self):
        """E2: the file size limit cuts a write in the middle: what is cut never takes the place of what was whole."""
        before = read(self.pidfile("w:1"))
        for size in (1, 40, 100):
            os.kill(self.main, signal.SIGKILL)
            self.wait_gone(self.main)
            done = subprocess.run(["prlimit", f"--fsize={size}", PROGRAM, "-c", self.config, "run"], text=True, capture_output=True,
                                  check=False, stdin=subprocess.DEVNULL)
            self.assertNotEqual(done.returncode, 0, done.stderr)
            self.assertLessEqual(len(self.mains("w:1")), 1)
            text = read(self.pidfile("w:1"))
            self.assertTrue(not text or text.count("\n") == before.count("\n"), text)
            self.herd("start", check=0)
            self.main = self.pid("w:1")
            self.assertEqual(self.mains("w:1"), [self.main])


if __name__ == "__main__":
    main()
