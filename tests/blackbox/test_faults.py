# SPDX-License-Identifier: ISC
"""What fails around us: disks, /proc, fork. Killed at any system call, or any of them failing: tests/torture."""
import os
import signal
import subprocess
import unittest

from boxes import Box, need_root, odd, traced
from herdtest import PROGRAM, SANITIZED, HerdTest, main, read, wait_until


class Disk(HerdTest):
    """The state directory on a small disk of its own."""

    def setUp(self):
        super().setUp()
        self.box = Box(self)
        os.mkdir(self.state, 0o700)
        self.box.run("mount", "-t", "tmpfs", "-o", "size=256k,nr_inodes=60,mode=0700", "none", self.state, check=0)
        self.box.run("mount", "-t", "tmpfs", "none", "/dev/shm", check=0)
        self.worker("w", f"{odd()} alone {self.dir}/lock-%i", numprocs=3, restart_delay="0s", startretries=1000)
        self.ids = ["w:1", "w:2", "w:3"]
        self.box.herd("start", check=0)
        self.pids = [self.box.pid(id) for id in self.ids]

    def assert_none_lost_none_doubled(self, down=()):
        for id, pid in zip(self.ids, self.pids):
            self.assertEqual(self.box.pid(id) if id not in down else None, pid if id not in down else None, id)
            self.assertEqual(len(self.mains(id)), 0 if id in down else 1, id)
        self.assertEqual([name for name in os.listdir(self.dir) if "doubled" in name], [])

    def assert_trouble(self, why):
        """Exit status 3 and one line, once."""
        self.assert_none_lost_none_doubled(down=("w:2",))
        done = self.box.herd("run", check=3)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        self.assertIn(why, done.stderr)
        for _ in range(2):
            self.assertEqual(self.box.herd("run", check=3).stderr, "", "said once")
        self.assert_none_lost_none_doubled(down=("w:2",))

    def assert_healed(self):
        self.box.herd("run")
        self.pids[1] = self.box.wait_pid("w:2", other_than=self.pids[1])
        done = self.box.herd("run", check=0)
        self.assertEqual(done.stderr, "")
        self.assert_none_lost_none_doubled()

    def kill_second(self):
        self.box.kill(self.pids[1])
        self.box.wait_gone(self.pids[1])
        wait_until("the minder's round has given up", lambda: not self.rounds())

    def rounds(self):
        return [pid for pid in self.minders() if "minder" not in read(f"/proc/{pid}/cmdline").split("\0")]

    def test_full(self):
        self.box.run("sh", "-c", f"dd if=/dev/zero of={self.state}/fill bs=1k; cp {PROGRAM} {self.state}/fill2; true")
        self.assertEqual(self.box.herd("run", check=0).stderr, "", "a healthy herd needs no disk")
        self.kill_second()
        self.assert_trouble("No space left")
        self.box.run("sh", "-c", f"rm {self.state}/fill*", check=0)
        self.assert_healed()

    def test_no_inode_left(self):
        self.box.run("sh", "-c", f"for n in $(seq 100); do : > {self.state}/fill$n || break; done; true")
        self.kill_second()
        self.assert_trouble("No space left")
        self.box.run("sh", "-c", f"rm {self.state}/fill*", check=0)
        self.assert_healed()

    def test_read_only(self):
        self.box.run("mount", "-o", "remount,ro", self.state, check=0)
        self.assertEqual(self.box.herd("run", check=0).stderr, "")
        self.kill_second()
        self.assert_trouble("Read-only file system")
        self.assertEqual(self.box.herd("stop").returncode, 3)
        self.assert_none_lost_none_doubled(down=("w:2",))
        self.box.run("mount", "-o", "remount,rw", self.state, check=0)
        self.assert_healed()

    def test_full_before_the_first_start(self):
        self.box.herd("stop", check=0)
        self.box.herd("run", check=0)
        self.box.run("sh", "-c", f"rm -r {self.state}/*; dd if=/dev/zero of={self.state}/fill bs=1k; true")
        done = self.box.herd("run", check=3)
        self.assertEqual(self.marked(), [])
        self.assertIn("No space left", done.stderr)
        self.box.run("sh", "-c", f"rm {self.state}/fill*", check=0)
        self.box.herd("run", check=0)
        self.assertEqual([len(self.mains(id)) for id in self.ids], [1, 1, 1])

    def test_errors_of_single_calls(self):
        """EIO at each kind of write: nobody is lost, nobody doubled, and the next round heals."""
        for call in ("openat", "write", "fchmod", "rename,renameat,renameat2", "fcntl", "utimensat,utimes"):
            for when in ("1", "2+", "5+"):
                with self.subTest(call, when=when):
                    self.box.kill(self.pids[1])
                    self.box.wait_gone(self.pids[1])
                    # Not the loader's own files.
                    where = [arg for folder in ("", "/records", "/pidfiles", "/exits", "/holds") for arg in ("-P", self.state + folder)]
                    self.box.run(*traced(*(where if call == "openat" else ()), "-e", f"inject={call}:error=EIO:when={when}"), PROGRAM,
                                 "-c", self.config, "run")
                    self.assertLessEqual(len(self.mains("w:2")), 1)
                    self.assert_healed_whoever_did_it()

    def assert_healed_whoever_did_it(self):
        def is_back():
            self.box.herd("run")
            return self.box.pid("w:2") and not self.rounds()
        wait_until("w:2 is back", is_back)
        self.pids[1] = self.box.pid("w:2")
        self.assert_none_lost_none_doubled()


class Proc(HerdTest):
    def setUp(self):
        need_root()
        super().setUp()
        self.write_main("minder = false")
        self.worker("w", f"{odd()} pause", numprocs=2)

    def without_proc(self, verb, fake=False):
        """cronherd where an empty directory, or one that looks a bit like it, stands for /proc."""
        empty = self.dir + "/empty"
        os.makedirs(empty + "/self", exist_ok=True) if fake else os.makedirs(empty, exist_ok=True)
        return subprocess.run(["unshare", "-m", "sh", "-c", 'mount --bind "$0" /proc && exec "$@"', empty, PROGRAM, "-c", self.config,
                               verb], text=True, capture_output=True, check=False, stdin=subprocess.DEVNULL)

    @unittest.skipIf(SANITIZED, "AddressSanitizer reads /proc/self/maps before main: no program of it begins here")
    def test_nothing_is_done_without_it(self):
        for fake in (False, True):
            done = self.without_proc("run", fake)
            self.assertEqual(done.returncode, 3)
            self.assertEqual(self.marked(), [])
            if not fake:
                self.assertIn("/proc is not usable", done.stderr)
        self.herd("start", check=0)
        pids = [self.pid("w:1"), self.pid("w:2")]
        os.kill(pids[0], signal.SIGKILL)
        self.wait_gone(pids[0])
        for verb in ("run", "start", "stop", "restart"):
            self.assertEqual(self.without_proc(verb).returncode, 3, verb)
            self.assertEqual(self.marked(), [pids[1]], verb)
        self.herd("run")
        self.assertEqual([len(self.mains("w:1")), self.mains("w:2")], [1, [pids[1]]])


class Fork(HerdTest):
    def test_no_process_can_be_had(self):
        self.worker("w", f"{odd()} pause", numprocs=2)
        strace = traced("-e", "inject=clone,clone3,fork,vfork:error=EAGAIN")
        done = subprocess.run([*strace, PROGRAM, "-c", self.config, "run"], text=True, capture_output=True, check=False)
        self.assertEqual(done.returncode, 3)
        self.assertIn("w:1: cannot fork: Resource temporarily unavailable", done.stderr)
        self.assertEqual(self.marked(), [])
        self.herd("run", check=0)
        self.assertTrue(self.pid("w:1") and self.pid("w:2"))

    def test_only_the_minder_cannot_be_had(self):
        self.worker("w", f"{odd()} pause", numprocs=2)
        # Workers are vforked; strace counts each call by itself.
        strace = traced("-e", "inject=clone,clone3,fork:error=EAGAIN:when=1")
        done = subprocess.run([*strace, PROGRAM, "-c", self.config, "run"], text=True, capture_output=True, check=False)
        self.assertIn("no minder", done.stderr)
        self.assertTrue(self.pid("w:1") and self.pid("w:2"))

    def test_only_one_worker_cannot_be_had(self):
        self.write_main("minder = false")
        self.worker("w", f"{odd()} pause", numprocs=3)
        strace = traced("-e", "inject=clone,clone3,fork,vfork:error=EAGAIN:when=2")
        done = subprocess.run([*strace, PROGRAM, "-c", self.config, "run"], text=True, capture_output=True, check=False)
        self.assertEqual(done.returncode, 3)
        self.assertEqual([len(self.mains(f"w:{n}")) for n in (1, 2, 3)], [1, 0, 1])
        self.herd("run", check=0)
        self.assertEqual([len(self.mains(f"w:{n}")) for n in (1, 2, 3)], [1, 1, 1])

    def test_no_descriptors(self):
        self.write_main("minder = false")
        self.worker("w", f"{odd()} pause")
        for limit in (4, 6, 8, 10, 12):
            done = subprocess.run(["prlimit", f"--nofile={limit}", PROGRAM, "-c", self.config, "run"], text=True, capture_output=True,
                                  check=False, stdin=subprocess.DEVNULL)
            self.assertIn(done.returncode, (0, 2, 3, 127))
            self.assertLessEqual(len(self.mains("w:1")), 1)
        self.herd("run", check=0)
        self.assertEqual(len(self.mains("w:1")), 1)


if __name__ == "__main__":
    main()
