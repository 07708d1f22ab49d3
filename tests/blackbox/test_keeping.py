# SPDX-License-Identifier: ISC
"""The herd is kept: started, restarted, held, rolled, removed."""
import os
import signal
import unittest

from herdtest import HerdTest, alive, main, wait_until


class Keeping(HerdTest):
    def test_a_round_starts_what_is_missing(self):
        self.worker("w", "sleep 1000", numprocs=3)
        done = self.herd("run", check=0)
        self.assertEqual(done.stdout + done.stderr, "")
        pids = [self.pid(f"w:{n}") for n in (1, 2, 3)]
        self.assertTrue(all(pids))
        self.herd("run", check=0)
        self.assertEqual(pids, [self.pid(f"w:{n}") for n in (1, 2, 3)])

    def test_killed_worker_is_back_at_once(self):
        self.worker("w", "sleep 1000")
        self.herd("start", check=0)
        first = self.pid("w:1")
        os.kill(first, signal.SIGKILL)
        self.wait_pid("w:1", other_than=first)
        # It has its pidfile a moment before it executes, and its mark since then.
        self.assertEqual(len(wait_until("it has executed", lambda: self.mains("w:1"))), 1)

    def test_without_minder_the_next_round_heals(self):
        self.write_main("minder = false")
        self.worker("w", "sleep 1000")
        self.herd("start", check=0)
        self.assertEqual(self.minders(), [])
        first = self.pid("w:1")
        os.kill(first, signal.SIGKILL)
        self.wait_gone(first)
        self.herd("run")
        self.assertNotEqual(self.wait_pid("w:1"), first)

    def test_hold_lasts_until_start(self):
        self.worker("w", "sleep 1000")
        self.herd("start", check=0)
        pid = self.pid("w:1")
        self.herd("stop", check=0)
        self.assertFalse(alive(pid))
        self.herd("run", check=0)
        self.assertEqual(self.mains("w:1"), [])
        self.herd("start", check=0)
        self.assertTrue(self.pid("w:1"))

    def test_lost_pidfile_is_taken_back(self):
        self.worker("w", "sleep 1000")
        self.herd("start", check=0)
        pid = self.pid("w:1")
        os.unlink(f"{self.state}/pidfiles/w.1.pid")
        self.herd("run", check=0)
        self.assertEqual(self.pid("w:1"), pid)

    def test_lost_state_directory_doubles_nobody(self):
        self.worker("w", "sleep 1000", numprocs=2)
        self.herd("start", check=0)
        pids = sorted(self.mains("w:1") + self.mains("w:2"))
        os.rename(self.state, self.state + ".lost")
        self.herd("run", check=0)
        self.assertEqual(sorted(self.mains("w:1") + self.mains("w:2")), pids)
        self.assertEqual(sorted([self.pid("w:1"), self.pid("w:2")]), pids)

    def test_removed_only_when_missed_twice(self):
        self.worker("w", "sleep 1000")
        self.worker("x", "sleep 1000")
        self.herd("start", check=0)
        pid = self.pid("w:1")
        os.unlink(os.path.join(self.conf_dir, "w.conf"))
        self.herd("run", check=0)
        self.assertTrue(alive(pid))

        def gone():
            self.herd("run")
            return not alive(pid)
        wait_until("the removed worker has been stopped", gone)
        self.assertTrue(self.pid("x:1"))

    def test_broken_file_leaves_its_workers_alone(self):
        self.worker("w", "sleep 1000")
        self.worker("x", "sleep 1000")
        self.herd("start", check=0)
        pid, other = self.pid("w:1"), self.pid("x:1")
        self.write("conf.d/w.conf", 'worker "w" { comand = "sleep 5" }\n')
        done = self.herd("run", check=2)
        self.assertIn("w.conf:1", done.stderr)
        self.assertEqual(self.herd("run", check=2).stderr, "", "said once")
        os.kill(other, signal.SIGKILL)
        self.wait_pid("x:1", other_than=other)
        self.assertTrue(alive(pid))

    def test_changed_definition_rolls_one_at_a_time(self):
        self.worker("w", "sleep 1000", numprocs=2)
        self.herd("start", check=0)
        before = {self.pid("w:1"), self.pid("w:2")}
        self.worker("w", "sleep 1001", numprocs=2)
        self.herd("run", check=0)
        after = {self.wait_pid("w:1"), self.wait_pid("w:2")}
        self.assertFalse(before & after)

    def test_scaling_touches_only_the_difference(self):
        self.worker("w", "sleep 1000", numprocs=3)
        self.herd("start", check=0)
        pids = [self.pid(f"w:{n}") for n in (1, 2, 3)]
        self.worker("w", "sleep 1000", numprocs=2)
        self.herd("run", check=0)
        self.assertEqual([self.pid("w:1"), self.pid("w:2")], pids[:2])
        self.assertFalse(alive(pids[2]))
        self.worker("w", "sleep 1000", numprocs=4)
        self.herd("run", check=0)
        self.assertEqual([self.pid("w:1"), self.pid("w:2")], pids[:2])
        self.assertTrue(self.pid("w:3") and self.pid("w:4"))


if __name__ == "__main__":
    main()
