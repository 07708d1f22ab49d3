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
            # Another round may be at it: the minder's of one that has just ended.
            wait_until(f"a:{n} has the new one", lambda: read(f"/proc/{self.pid(f'a:{n}')}/cmdline") == "sleep\0001002\0")
            # One more than it takes, where both were just about to act.
            self.assertLessEqual(self.starts(f"a:{n}"), 4, f"a:{n}")

    def test_edited_during_a_round(self):
        self.worker("a", "sleep 1001", numprocs=4, startsecs="1s")
        self.edit_during("run")

    def test_edited_during_restart(self):
        self.edit_during("restart")


class Definitions(Promises):
    def test_end_of_what_is_removed_delays_nobody(self):
        """A minder tells of two ends at once, and one of the two is defined no more: the other starts at once."""
        self.worker("a", "sleep 1000")
        self.worker("gone", "sleep 1000")
        self.herd("start", check=0)
        os.unlink(f"{self.conf_dir}/gone.conf")
        old = self.pid("a:1")
        minders = self.minders()
        for pid in minders:
            os.kill(pid, signal.SIGSTOP)
        os.kill(old, signal.SIGKILL)
        os.kill(self.pid("gone:1"), signal.SIGKILL)
        for pid in minders:
            os.kill(pid, signal.SIGCONT)
        self.wait_pid("a:1", other_than=old)

    def test_what_numprocs_no_more_counts_is_forgotten(self):
        self.worker("a", "sleep 1000", numprocs=3)
        self.herd("start", check=0)
        self.worker("a", "sleep 1000", numprocs=2)
        for verb in "start", "restart":
            done = self.herd(verb, "a", check=0)
            self.assertEqual(len(done.stdout.splitlines()), 2)
        self.herd("run", check=0)
        self.herd("run", check=0)
        self.assertEqual([i["id"] for i in self.status()["instances"]], ["a:1", "a:2"])

    def test_main_file_that_is_gone(self):
        """By the defaults that hold then, a minder would start the worker anew in another state directory."""
        home = f"{self.dir}/home"
        os.mkdir(home)
        env = dict(os.environ, HOME=home)
        self.worker("a", self.script("a.sh", f"#!/bin/sh\necho $CRONHERD_STATE_DIR >>{self.dir}/started\nexec sleep 1000\n"))
        self.herd("start", check=0, env=env)
        minder = self.minders()[0]
        os.rename(self.config, f"{self.dir}/away")
        os.kill(self.pid("a:1"), signal.SIGKILL)
        self.wait_gone(minder)
        os.rename(f"{self.dir}/away", self.config)
        self.herd("run", check=0, env=env)
        self.wait_pid("a:1")
        wait_until("it is on its way", lambda: len(read(f"{self.dir}/started").splitlines()) >= 2)
        self.assertEqual(set(read(f"{self.dir}/started").splitlines()), {self.state})

    def test_after_counts_who_lives(self):
        """What it comes after has died with it, and stands behind it in the order of starting."""
        self.worker("z", "sleep 1000", startsecs="1s")
        self.worker("a", "sleep 1000", after=["z"], startsecs="0s")
        self.herd("start", check=0)
        for pid in self.minders():
            os.kill(pid, signal.SIGKILL)
        victims = [self.pid("a:1"), self.pid("z:1")]
        for pid in victims:
            os.kill(pid, signal.SIGKILL)
        for pid in victims:
            self.wait_gone(pid)
        self.herd("run")
        self.wait_pid("a:1")
        first, second = (int(stat_fields(self.pid(id))[19]) for id in ("z:1", "a:1"))
        self.assertGreaterEqual(second - first, 90)

    def test_after_what_is_broken(self):
        self.worker("z", "sleep 1000", bogus=1)
        self.worker("a", "sleep 1000", after=["z"])
        self.herd("run", check=2)
        self.assertIsNone(self.pid("a:1"))
        self.worker("z", "sleep 1000", startsecs="0s")
        self.herd("run", check=0)
        old = self.wait_pid("a:1")
        self.worker("z", "sleep 1000", bogus=1)
        os.kill(old, signal.SIGKILL)
        self.wait_gone(old)
        wait_until("a:1 is back", lambda: (self.herd("run"), self.pid("a:1") not in (old, None))[1])

    def test_restart_of_one_beside_one_that_fails(self):
        self.worker("a", self.script("a.sh", '#!/bin/sh\n[ "$CRONHERD_ID" = a:2 ] && exit 1\nexec sleep 1000\n'),
                    numprocs=2)
        self.herd("start", "a:1", check=0)
        self.herd("start", "a:2", check=1)
        done = self.herd("restart", "a:1", check=0)
        self.assertIn("restarted", done.stdout)

    def test_disabled_again(self):
        """Started by hand while it was not enabled, then enabled: not enabled again, it stops."""
        self.worker("a", "sleep 1000", enabled=False)
        self.herd("start", "a", check=0)
        pid = self.pid("a:1")
        self.herd("run", check=0)
        self.assertTrue(alive(pid))
        self.worker("a", "sleep 1000")
        self.herd("run", check=0)
        self.worker("a", "sleep 1000", enabled=False)
        self.herd("run", check=0)
        self.assertFalse(alive(pid))


DAEMON = """#!/usr/bin/env python3
import os, sys, time
before, between, pidfile = float(sys.argv[1]), float(sys.argv[2]), sys.argv[3]
time.sleep(before)
if os.fork():
    os._exit(0)
os.setsid()
if os.fork():
    os._exit(0)
time.sleep(between)
with open(pidfile + ".new", "w") as file:
    file.write(f"{os.getpid()}\\n")
os.rename(pidfile + ".new", pidfile)
time.sleep(1000)
"""


class Forking(Promises):
    """A worker that daemonizes by two forks, and takes its time to write its pidfile."""

    def daemon(self, before, between, writes=None, **options):
        script = self.script("daemon", DAEMON)
        pidfile = f"{self.dir}/d.pid"
        self.worker("d", f"{script} {before} {between} {writes or pidfile}", type="forking", pidfile=pidfile, **options)

    def test_verbs_wait_for_its_pidfile(self):
        self.daemon(0.1, 1)
        for verb in "start", "restart":
            done = self.herd(verb, "d", check=0)
            self.assertIn(f"ed (pid {read(f'{self.dir}/d.pid').strip()})", done.stdout)
        self.assertEqual(self.herd("stop", "d", check=0).stdout, "d:1: stopped\n")
        self.assertEqual(self.marked(), [])

    def test_starter_that_outlives_startsecs(self):
        """Its starter ends well, and there is no pidfile yet: that is no end of the worker."""
        self.daemon(2, 2)
        self.herd("run", check=0)
        starter = self.wait_pid("d:1")
        self.wait_gone(starter)
        self.herd("run")
        self.assertEqual(len(self.marked("d:1")), 1)
        self.assertEqual(self.starts("d:1"), 1)

    def test_pidfile_that_never_comes(self):
        """It wrote another file than it said: better no second daemon than two."""
        self.daemon(0, 0, writes=f"{self.dir}/other.pid", restart_delay="0s", restart_delay_max="0s")
        self.herd("run")
        wait_until("the grace is over", lambda: "does not name the process" in self.herd("run").stderr)
        self.herd("run")
        self.assertEqual(len(self.marked("d:1")), 1)
        self.assertEqual(self.starts("d:1"), 1)

    def test_heals_at_once_and_rolls(self):
        self.daemon(0, 0.2)
        self.herd("start", check=0)
        pid = self.pid("d:1")
        os.kill(pid, signal.SIGKILL)
        pid = self.wait_pid("d:1", other_than=pid)
        wait_until("it runs", lambda: self.instance("d:1")["state"] == "RUNNING")
        self.daemon(0, 0.2, nice=1)
        self.herd("run", check=0)
        self.wait_gone(pid)
        self.wait_pid("d:1")
        self.assertEqual(self.instance("d:1")["config"], "current")

    def test_becomes_a_simple_one(self):
        self.daemon(0, 0)
        self.herd("start", check=0)
        pid = self.pid("d:1")
        self.worker("d", "sleep 1000")
        self.herd("run", check=0)
        self.wait_gone(pid)
        self.wait_pid("d:1")
        wait_until("it is alone", lambda: len(self.marked("d:1")) == 1)


class Said(Promises):
    def test_fatal_is_said_once(self):
        """Not again with each later try, during which it is STARTING."""
        self.write_main("minder = false")
        self.worker("a", "sh -c 'sleep 0.3; exit 1'", startretries=0, restart_delay="0s", restart_delay_max="1s")
        outputs = []

        def run():
            outputs.append(self.herd("run").stderr)
            return self.starts("a:1") >= 4

        wait_until("it has been tried four times", run)
        self.assertEqual("".join(outputs).count("does not start"), 1)


class Stop(Promises):
    def test_holds_what_was_named(self):
        """All instances that there are, each by its number, are not the worker."""
        for target, held in ("a:1", False), ("*:1", False), ("a", True), ("a*", True), ("a:?", True):
            self.worker("a", "sleep 1000", numprocs=1)
            self.herd("start", "a", check=0)
            self.herd("stop", "--now", target, check=0)
            self.worker("a", "sleep 1000", numprocs=2)
            self.herd("run", check=0)
            self.assertIsNone(self.pid("a:1"), target)
            self.assertEqual(self.pid("a:2") is None, held, target)
            self.herd("start", "a", check=0)

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
