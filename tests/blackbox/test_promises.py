# SPDX-License-Identifier: ISC
"""Promises that a reader of the code found broken: each test is one of them, kept since."""
import os
import signal
import subprocess
import unittest

import herdtest
from herdtest import HerdTest, alive, read, stat_fields, wait_until


class Promises(HerdTest):
    def starts(self, id):
        return int(self.record(id).get("starts", "0"))

    def begin(self, *args):
        """A cronherd that goes on while the test does something else; ended with the test."""
        process = subprocess.Popen([herdtest.PROGRAM, "-c", self.config, *args], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def see_a_pass(self, id):
        """Returns when the round that goes on has looked at all: it puts ID right, as nobody else does."""
        old = self.wait_pid(id)
        os.kill(old, signal.SIGKILL)
        self.wait_pid(id, other_than=old)


class LongRound(Promises):
    """What people say while `run --for` goes on. No minder, so that this round alone acts."""

    def setUp(self):
        super().setUp()
        self.write_main("minder = false")
        self.worker("a", "sleep 1000", restart_delay="0s", startsecs="0s")
        self.worker("other", "sleep 1000", restart_delay="0s", startsecs="0s")
        self.begin("run", "--for", "10min")
        self.wait_pid("a:1")

    def test_start_after_stop_is_not_undone(self):
        self.herd("stop", "a", check=0)
        self.see_a_pass("other:1")
        self.herd("start", "a", check=0)
        pid = self.pid("a:1")
        self.see_a_pass("other:1")
        self.see_a_pass("other:1")
        self.assertTrue(alive(pid))

        self.assertEqual(self.pid("a:1"), pid)

    def test_hold_by_a_file_is_seen(self):
        pid = self.pid("a:1")
        with open(f"{self.state}/holds/a", "w"):
            pass
        self.wait_gone(pid)
        self.see_a_pass("other:1")
        self.assertIsNone(self.pid("a:1"))

    def test_hold_that_expires_is_seen(self):
        self.herd("stop", "--for", "2s", "a", check=0)
        self.wait_pid("a:1")


class ChangedMeanwhile(Promises):
    """A configuration that is edited while somebody still works by the old one: each instance gets the new one once."""

    def setUp(self):
        super().setUp()
        self.worker("a", "sleep 1000", numprocs=4, startsecs="1s")
        self.herd("start", check=0)

    def edit_during(self, *args):
        first = self.begin(*args)
        old = self.pid("a:1")
        wait_until("a:1 is another", lambda: self.pid("a:1") not in (old, None))
        self.worker("a", "sleep 1002", numprocs=4, startsecs="1s")
        self.herd("run", check=0)
        first.wait()
        self.herd("run", check=0)
        for n in range(1, 5):
            self.assertEqual(read(f"/proc/{self.pid(f'a:{n}')}/cmdline"), "sleep\0001002\0")
            self.assertLessEqual(self.starts(f"a:{n}"), 3, f"a:{n}")

    def test_edited_during_a_round(self):
        self.worker("a", "sleep 1001", numprocs=4, startsecs="1s")
        self.edit_during("run")

    def test_edited_during_restart(self):
        self.edit_during("restart")


class Stop(Promises):
    def test_hold_shorter_than_the_stop(self):
        """The hold expires while the process is still ending: it is stopped once, and told so."""
        self.worker("a", self.script("slow", "#!/bin/sh\ntrap 'sleep 3; exit 0' TERM\nwhile :; do sleep 0.1; done\n"))
        self.write_main("minder = false")
        self.herd("start", "a", check=0)
        done = self.herd("stop", "--for", "1s", "a", check=0)
        self.assertEqual(done.stdout, "a:1: stopped\n")
        self.assertIsNone(self.pid("a:1"))


if __name__ == "__main__":
    herdtest.main()
