# SPDX-License-Identifier: ISC
"""Heartbeats, use of the CPU, and deployments: who hangs is replaced, who races too; files that change roll a worker, or reload it."""
import os
import time

from boxes import odd
from herdtest import HerdTest, alive, main, read, wait_until

HUNG, DEPLOY = "9", "11"


class Vitals(HerdTest):
    def setUp(self):
        super().setUp()
        self.write_main("minder = false")

    def round_until(self, what, probe):
        def probed():
            self.herd("run", check=0)
            return probe()
        return wait_until(what, probed)

    def age(self, name, seconds):
        """Makes a file of that age."""
        path = self.write(name, "")
        then = time.time() - seconds
        os.utime(path, (then, then))
        return path


class Heartbeat(Vitals):
    def start(self, **options):
        self.worker("w", "sleep 1000", heartbeat_file=f"{self.dir}/beat.%i", heartbeat_timeout="1s", startsecs="0",
                    stopwaitsecs="5s", **options)
        self.herd("run", check=0)
        return self.pid("w:1")

    def test_one_that_never_beats_is_replaced(self):
        pid = self.start()
        self.round_until("it is replaced", lambda: not alive(pid) and self.pid("w:1"))
        self.assertEqual(self.record("w:1")["exit_reason"], HUNG)

    def test_one_that_beats_is_left_alone(self):
        self.age("beat.1", -3600)  # a beat from the future is one
        pid = self.start()
        wait_until("it is older than its timeout", lambda: self.instance("w:1")["uptime_s"] >= 2)
        for _ in range(3):
            self.herd("run", check=0)
        self.assertEqual(self.pid("w:1"), pid)
        self.age("beat.1", 3600)
        self.round_until("it is replaced", lambda: not alive(pid) and self.pid("w:1"))

    def test_it_has_as_long_for_its_first_beat(self):
        self.age("beat.1", 3600)
        self.worker("w", "sleep 1000", heartbeat_file=f"{self.dir}/beat.%i", heartbeat_timeout="1h", startsecs="0")
        self.herd("run", check=0)
        pid = self.pid("w:1")
        self.herd("run", check=0)
        self.assertEqual(self.pid("w:1"), pid)

    def test_what_cannot_be_looked_at_is_said_and_left_alone(self):
        os.symlink("beat.1", f"{self.dir}/beat.1")  # a circle: ELOOP
        pid = self.start()
        wait_until("it is older than its timeout", lambda: self.instance("w:1")["uptime_s"] >= 2)
        done = self.herd("run", check=1)
        self.assertIn("heartbeat_file cannot be looked at", done.stderr + read(f"{self.state}/said") + self.first_complaint)
        self.assertEqual(self.pid("w:1"), pid)

    first_complaint = ""

    def herd(self, *args, **options):
        done = super().herd(*args, **options)
        if "cannot be looked at" in done.stderr:
            self.first_complaint = done.stderr
        return done

    def test_one_of_several_at_a_time(self):
        self.worker("w", "sleep 1000", numprocs=3, heartbeat_file=f"{self.dir}/beat.%i", heartbeat_timeout="1s",
                    startsecs="0", stopwaitsecs="5s")
        self.herd("run", check=0)
        pids = [self.pid(f"w:{n}") for n in (1, 2, 3)]
        self.age("beat.2", -3600)
        self.round_until("the two that do not beat are replaced", lambda: not alive(pids[0]) and not alive(pids[2]))
        self.assertEqual(self.pid("w:2"), pids[1])

    def test_both_or_neither(self):
        self.worker("w", "sleep 1000", heartbeat_file="x")
        self.assertIn("go together", self.herd("config", check=2).stderr)


class Racing(Vitals):
    def test_one_that_races_is_replaced_and_an_idle_one_not(self):
        self.worker("fast", "while :; do :; done", shell=True, cpu_limit=10, cpu_limit_for="1s", startsecs="0", stopwaitsecs="5s")
        self.worker("idle", "sleep 1000", cpu_limit=10, cpu_limit_for="1s", startsecs="0")
        self.herd("run", check=0)
        fast, idle = self.pid("fast:1"), self.pid("idle:1")
        self.round_until("it is replaced", lambda: not alive(fast) and self.pid("fast:1"))
        self.assertEqual(self.record("fast:1")["exit_reason"], HUNG)
        self.assertEqual(self.pid("idle:1"), idle)


class Deploy(Vitals):
    def setUp(self):
        super().setUp()
        for release in ("1", "2"):
            os.mkdir(f"{self.dir}/release{release}")
        os.symlink("release1", f"{self.dir}/current")

    def deploy(self, release):
        os.symlink(f"release{release}", f"{self.dir}/current.new")
        os.rename(f"{self.dir}/current.new", f"{self.dir}/current")

    def start(self, command="sleep 1000", **options):
        self.worker("w", command, numprocs=2, restart_on_change=[f"{self.dir}/current", f"{self.dir}/touched"],
                    startsecs="0", **options)
        self.write("touched", "")
        self.herd("start", check=0)
        return [self.pid("w:1"), self.pid("w:2")]

    def test_another_release_rolls_all(self):
        pids = self.start()
        self.herd("run", check=0)
        self.assertEqual([self.pid("w:1"), self.pid("w:2")], pids)
        self.deploy(2)
        self.round_until("both are replaced", lambda: not any(map(alive, pids)) and self.pid("w:1") and self.pid("w:2"))
        self.assertEqual(self.record("w:2")["exit_reason"], DEPLOY)
        new = [self.pid("w:1"), self.pid("w:2")]
        self.herd("run", check=0)
        self.assertEqual([self.pid("w:1"), self.pid("w:2")], new)

    def test_a_touched_file_too(self):
        pids = self.start()
        self.write("touched", "")
        self.round_until("both are replaced", lambda: not any(map(alive, pids)) and self.pid("w:1") and self.pid("w:2"))

    def test_files_come_and_go_in_the_release_itself(self):
        pids = self.start()
        self.write("release1/cache", "")
        self.herd("run", check=0)
        self.assertEqual([self.pid("w:1"), self.pid("w:2")], pids)

    def test_half_a_deployment_is_none(self):
        pids = self.start()
        os.unlink(f"{self.dir}/current")
        self.herd("run", check=0)
        self.assertEqual([self.pid("w:1"), self.pid("w:2")], pids)
        os.symlink("release2", f"{self.dir}/current")
        self.round_until("both are replaced", lambda: not any(map(alive, pids)) and self.pid("w:1") and self.pid("w:2"))

    def test_reload_signal_once_instead(self):
        log = f"{self.dir}/signals"
        pids = self.start(f"{odd()} log {log}", reload_signal="HUP")
        wait_until("they listen", lambda: read(log).count("ready") == 2)
        self.deploy(2)
        self.round_until("both were told", lambda: read(log).count("HUP") == 2)
        for _ in range(3):
            self.herd("run", check=0)
        self.assertEqual([self.pid("w:1"), self.pid("w:2")], pids)
        self.assertEqual(read(log).count("HUP"), 2)

    def test_an_edited_definition_still_restarts(self):
        log = f"{self.dir}/signals"
        pids = self.start(f"{odd()} log {log}", reload_signal="HUP")
        self.start(f"{odd()} log {log}", reload_signal="HUP", environment=["NEW=1"])
        self.round_until("both are replaced", lambda: not any(map(alive, pids)) and self.pid("w:1") and self.pid("w:2"))

    def test_reload_needs_files(self):
        self.worker("w", "sleep 1000", reload_signal="HUP")
        self.assertIn("restart_on_change", self.herd("config", check=2).stderr)


main()
