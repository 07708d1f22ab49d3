# SPDX-License-Identifier: ISC
"""Stopping: one signal, then KILL; who goes with it; holds; what a killed stop leaves to the next round."""
import fcntl
import os
import re
import signal
import struct
import subprocess
import time

from boxes import odd, traced
from herdtest import PATIENCE, PROGRAM, HerdTest, alive, main, read, wait_until


class Stop(HerdTest):
    def setUp(self):
        super().setUp()
        self.write_main("minder = false")
        self.log = self.dir + "/signals"

    def listener(self, name="w", deaf=False, **options):
        """A worker that logs its signals."""
        self.worker(name, f"{odd()} log {self.log}" + (" deaf" if deaf else ""), **options)

    def start_listeners(self, count=1, *targets):
        self.herd("start", *targets, check=0)
        wait_until("they listen", lambda: self.heard().count("ready") == count)

    def heard(self):
        return [line.split()[0] for line in read(self.log).splitlines()]

    def begin(self, *args):
        """cronherd in the background, killed at the end of the test if it is still there."""
        process = subprocess.Popen([PROGRAM, "-c", self.config, *args], stdin=subprocess.DEVNULL, text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)

        def end():
            if process.poll() is None:
                process.kill()
            process.communicate()
        self.addCleanup(end)
        return process


class Bar(Stop):
    def lock_all(self):
        """Has all slots' locks, as a round has that of which it starts somebody; returns what lets go of them."""
        fd = os.open(self.state + "/locks", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        # struct flock; F_OFD_SETLK
        fcntl.fcntl(fd, 37, struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0))
        return lambda: os.close(fd)

    def test_that_nobody_is_there_is_said_under_the_lock_alone(self):
        """Who has the lock may have asked for holds before there was one, and be about to start it."""
        self.listener(enabled=False)
        self.herd("run", check=0)
        unlock = self.lock_all()
        stop = self.begin("stop")
        wait_until("it is held", lambda: os.path.exists(self.state + "/holds/w"))
        with self.assertRaises(subprocess.TimeoutExpired):
            stop.wait(1)
        unlock()
        self.assertEqual(stop.communicate(timeout=PATIENCE)[0], "w:1: not running, held\n")
        self.assertEqual(stop.returncode, 0)

    def test_one_whose_pidfile_and_record_are_lost_is_stopped(self):
        self.listener()
        self.start_listeners()
        pid = self.pid("w:1")
        os.remove(self.pidfile("w:1"))
        os.remove(self.state + "/records/w.1")
        done = self.herd("stop", check=0)
        self.assertEqual(done.stdout, "w:1: stopped\n")
        self.assertFalse(alive(pid))
        self.assertEqual(self.heard(), ["ready", "TERM"])


class Signals(Stop):
    def test_signal_is_sent_once(self):
        self.listener(numprocs=2)
        self.start_listeners(2)
        pids = [self.pid("w:1"), self.pid("w:2")]
        done = self.herd("stop", check=0)
        self.assertEqual(done.stdout, "w:1: stopped\nw:2: stopped\n")
        self.assertFalse(any(map(alive, pids)))
        self.assertEqual(sorted(self.heard()), ["TERM", "TERM", "ready", "ready"])
        self.assertFalse(os.path.exists(self.pidfile("w:1")))

    def test_chosen_signal(self):
        self.listener(stopsignal="USR2", stopwaitsecs="1s")
        self.start_listeners()
        self.herd("stop", check=0)
        self.assertEqual(self.heard(), ["ready", "USR2"])

    def test_deaf_one_is_killed_after_one_signal(self):
        self.listener(deaf=True, stopwaitsecs="2s")
        self.start_listeners()
        pid = self.pid("w:1")
        done = self.herd("stop", check=0)
        self.assertEqual(done.stdout, "w:1: stopped (killed)\n")
        self.assertFalse(alive(pid))
        self.assertEqual(self.heard(), ["ready", "TERM"])

    def test_a_pass_that_takes_longer_than_any_wait(self):
        """All are looked at again each 5 s. Where one pass takes more, as with thousands, there is less than nothing left to wait."""
        self.listener(deaf=True, stopwaitsecs="1s")
        self.start_listeners()
        pid = self.pid("w:1")
        done = subprocess.run([*traced("-e", "inject=pidfd_send_signal,kill:delay_enter=6000000:when=1"), PROGRAM, "-c", self.config, "stop", "w"],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertFalse(alive(pid))

    def test_rounds_during_a_stop_repeat_no_signal(self):
        self.listener(deaf=True, stopwaitsecs="4s")
        self.start_listeners()
        stop = self.begin("stop")
        wait_until("it was told", lambda: "TERM" in self.heard())
        rounds = [self.begin("run"), self.begin("stop"), self.begin("run")]
        for process in (stop, *rounds):
            self.assertEqual(process.wait(PATIENCE), 0)
        self.assertEqual(self.heard(), ["ready", "TERM"])
        self.assertEqual(self.marked(), [])

    def test_now_kills_at_once(self):
        self.listener(stopwaitsecs="1h")
        self.start_listeners()
        done = self.herd("stop", "--now", check=0)
        self.assertEqual(done.stdout, "w:1: stopped (killed)\n")
        self.assertEqual(self.heard(), ["ready"])

    def test_now_ends_a_patient_stop(self):
        self.listener(deaf=True, stopwaitsecs="1h")
        self.start_listeners()
        stop = self.begin("stop")
        wait_until("it was told", lambda: "TERM" in self.heard())
        self.herd("stop", "--now", check=0)
        self.assertEqual(stop.wait(PATIENCE), 0)
        self.assertEqual(self.heard(), ["ready", "TERM"])

    def test_many_are_stopped_at_the_same_time(self):
        """All five have their signal before the first of them is killed."""
        self.listener(deaf=True, numprocs=5, stopwaitsecs="2s")
        self.start_listeners(5)
        trace = self.dir + "/trace"
        subprocess.run([*traced("-e", "trace=pidfd_send_signal,kill", output=trace), PROGRAM, "-c", self.config, "stop"], check=True,
                       stdout=subprocess.DEVNULL)
        sent = [s for s in re.findall(r"(?:pidfd_send_signal|kill)\(\d+, (\w+)", read(trace)) if s in ("SIGTERM", "SIGKILL")]
        self.assertEqual(sent, ["SIGTERM"] * 5 + ["SIGKILL"] * 5)
        self.assertEqual(self.marked(), [])

    def test_stopping_is_in_reverse_order_of_starting(self):
        for name, priority in (("first", 1), ("second", 2), ("third", 3)):
            self.worker(name, f"{odd()} log {self.dir}/signals", priority=priority)
        self.start_listeners(3)
        started = [self.pid(f"{name}:1") for name in ("first", "second", "third")]
        trace = self.dir + "/trace"
        subprocess.run([*traced("-e", "trace=pidfd_open,pidfd_send_signal", output=trace), PROGRAM, "-c", self.config, "stop"],
                       check=True, stdout=subprocess.DEVNULL)
        told, pid = [], 0
        for line in read(trace).splitlines():
            if match := re.search(r"pidfd_open\((\d+)", line):
                pid = int(match[1])
            elif "SIGTERM" in line:
                told.append(pid)
        self.assertEqual(told, started[::-1])


class Families(Stop):
    def family(self, killmode, **options):
        self.worker("w", f"{odd()} family {self.dir}/family", killmode=killmode, **options)
        self.herd("start", check=0)
        wait_until("the family is complete", lambda: len(self.members()) == 5)
        return self.members()

    def members(self):
        return {line.split()[0]: int(line.split()[1]) for line in read(self.dir + "/family").splitlines()}

    def assert_gone(self, members, *kinds):
        for kind in kinds:
            wait_until(f"{kind} has ended", lambda: not alive(members[kind]))

    def test_mixed_ends_descendants_and_session(self):
        members = self.family("mixed")
        done = self.herd("stop", check=0)
        self.assert_gone(members, "main", "direct", "session", "orphan")
        self.assertIn("that it left were ended", done.stdout)

    def test_mixed_at_once(self):
        members = self.family("mixed")
        self.herd("stop", "--now", check=0)
        self.assert_gone(members, "main", "direct", "session", "orphan")

    def test_process_leaves_all_others(self):
        members = self.family("process")
        self.herd("stop", check=0)
        self.assert_gone(members, "main")
        self.assertTrue(all(alive(members[kind]) for kind in ("direct", "session", "orphan", "escaped")))

    def test_group_signals_all_of_the_group(self):
        log = self.dir + "/signals"
        self.worker("w", f"sh -c 'trap \"\" TERM; {odd()} log {log} & {odd()} log {log} & wait; wait; wait'", killmode="group",
                    stopwaitsecs="20s")
        self.start_listeners(2)
        self.herd("stop", check=0)
        self.assertEqual(self.heard().count("TERM"), 2)
        self.assertEqual(self.marked(), [])

    def test_group_that_is_deaf_is_killed(self):
        log = self.dir + "/signals"
        self.worker("w", f"sh -c 'trap \"\" TERM; {odd()} log {log} deaf & {odd()} log {log} deaf & wait; wait; wait'", killmode="group",
                    stopwaitsecs="1s")
        self.start_listeners(2)
        self.herd("stop", check=0)
        wait_until("all have ended", lambda: not self.marked())

    def test_a_crash_kills_nobody_who_may_be_finishing_a_job(self):
        members = self.family("mixed")
        os.kill(members["main"], signal.SIGKILL)
        self.wait_gone(members["main"])
        self.herd("run")
        self.assertTrue(all(alive(members[kind]) for kind in ("direct", "session", "orphan", "escaped")))
        self.assertEqual(len([pid for pid in self.mains("w:1") if pid == self.pid("w:1")]), 1)


class Killed(Stop):
    def test_stop_that_was_killed_is_finished_by_the_next_round(self):
        self.listener(deaf=True, stopwaitsecs="3s")
        self.start_listeners()
        pid = self.pid("w:1")
        stop = self.begin("stop")
        wait_until("it was told", lambda: "TERM" in self.heard())
        stop.kill()
        stop.wait()
        self.assertTrue(alive(pid))
        self.assertTrue(os.listdir(f"{self.state}/holds"))
        self.herd("run", check=0)
        self.assertFalse(alive(pid))
        self.assertEqual(self.heard(), ["ready", "TERM"])
        self.herd("run", check=0)
        self.assertEqual(self.marked(), [])

    def test_stop_that_was_killed_before_its_signal(self):
        """Recorded, not sent: it must end all the same, at its deadline."""
        self.listener(stopwaitsecs="1s")
        self.start_listeners()
        subprocess.run([*traced("-e", "inject=pidfd_send_signal:signal=KILL:when=1"), PROGRAM, "-c", self.config, "stop"],
                       capture_output=True, check=False)
        self.herd("run", check=0)
        self.assertEqual(self.marked(), [])
        self.assertLessEqual(self.heard().count("TERM"), 1)

    def test_stop_that_was_killed_before_all(self):
        """The hold is durable before anything is done; without it nothing is done."""
        self.listener(stopwaitsecs="1s")
        self.start_listeners()
        pid = self.pid("w:1")
        subprocess.run([*traced("-e", "inject=fsync:signal=KILL:when=1"), PROGRAM, "-c", self.config, "stop"],
                       capture_output=True, check=False)
        self.assertEqual(os.listdir(f"{self.state}/holds")[0][:1], ".")
        self.herd("run", check=0)
        self.assertEqual(self.pid("w:1"), pid)

    def test_restart_that_was_killed_is_finished(self):
        self.listener(deaf=True, stopwaitsecs="2s")
        self.start_listeners()
        pid = self.pid("w:1")
        restart = self.begin("restart")
        wait_until("it was told", lambda: "TERM" in self.heard())
        restart.kill()
        restart.wait()
        self.herd("run", check=0)
        self.wait_pid("w:1", other_than=pid)
        self.assertEqual(len(self.mains("w:1")), 1)


class Holds(Stop):
    def setUp(self):
        super().setUp()
        self.write_main('minder = false\ngroup "g" { workers = {"a", "b"} }')
        for name, count in (("a", 2), ("b", 1), ("ab", 1)):
            self.worker(name, f"{odd()} pause", numprocs=count)
        self.herd("start", check=0)

    def running(self):
        return [id for id in ("a:1", "a:2", "b:1", "ab:1") if self.pid(id)]

    def test_group(self):
        self.herd("stop", "@g", check=0)
        self.assertEqual(self.running(), ["ab:1"])
        self.herd("run", check=0)
        self.assertEqual(self.running(), ["ab:1"])
        self.herd("start", "@g", check=0)
        self.assertEqual(len(self.running()), 4)

    def test_glob(self):
        self.herd("stop", "a*", check=0)
        self.assertEqual(self.running(), ["b:1"])
        self.herd("start", "a:*", check=0)
        self.assertEqual(self.running(), ["a:1", "a:2", "b:1"])
        self.herd("start", "*:1", check=0)
        self.herd("stop", "?:1", check=0)
        self.assertEqual(self.running(), ["a:2", "ab:1"])

    def test_some_instances(self):
        self.herd("stop", "a:2", "b", check=0)
        self.assertEqual(self.running(), ["a:1", "ab:1"])
        self.herd("run", check=0)
        self.assertEqual(self.running(), ["a:1", "ab:1"])

    def holds(self):
        return {each["id"]: (each["hold"]["until"] is not None, each["hold"]["until_reboot"]) for each in self.status()["instances"]}

    def test_until_reboot(self):
        self.herd("stop", "b", check=0)
        self.herd("stop", "--for", "1h", "a:1", check=0)
        self.herd("stop", "--until-reboot", check=0)
        self.herd("run", check=0)
        self.assertEqual(self.running(), [])
        self.assertEqual(self.holds(), {"a:1": (True, False), "a:2": (False, True), "b:1": (False, False), "ab:1": (False, True)})
        self.assertIn("until the next boot", self.herd("status", check=0).stdout)
        # What a reboot makes of them: another pid 1, or another boot.
        for name in ("a", "ab"):
            text = read(f"{self.state}/holds/{name}")
            self.assertRegex(text, r"(?m)^boot [0-9a-f-]{36} \d+$")
            self.write(f"state/holds/{name}", re.sub(r"(?m)^(boot .*) (\d+)$", lambda line: f"{line[1]} {int(line[2]) + 1}", text))
        self.herd("run", check=0)
        self.assertEqual(self.running(), ["a:2", "ab:1"], "what a person had held lasts")

    def test_until_reboot_shortens_no_hold(self):
        self.herd("stop", "--for", "1h", "ab", check=0)
        self.herd("stop", "--until-reboot", "ab", check=0)
        self.assertRegex(read(f"{self.state}/holds/ab"), r"(?s)\nuntil \d+\n.*boot ")
        self.write("state/holds/ab", re.sub(r"(?m)^(boot .*) \d+$", r"\1 1", read(f"{self.state}/holds/ab")))
        self.herd("run", check=0)
        self.assertEqual(self.running(), ["a:1", "a:2", "b:1"])
        self.assertEqual(self.herd("stop", "--until-reboot", "--for", "1h").returncode, 2)

    def test_unknown_target_does_nothing(self):
        for verb in ("stop", "start", "restart", "run"):
            for target in ("nosuch", "a:3", "@nosuch", "z*", "a:"):
                done = self.herd(verb, "b", target)
                self.assertEqual(done.returncode, 2, (verb, target))
                self.assertIn(target, done.stderr)
        self.assertEqual(len(self.running()), 4)
        self.assertEqual(os.listdir(f"{self.state}/holds"), [])

    def test_bad_options_do_nothing(self):
        for args in (("stop", "--for", "soon"), ("stop", "--nonsense"), ("stop", "--for"), ("restart", "--now")):
            self.assertEqual(self.herd(*args).returncode, 2, args)
        self.assertEqual(len(self.running()), 4)

    def test_start_of_one_instance_narrows_the_hold(self):
        self.herd("stop", "a", check=0)
        self.herd("start", "a:1", check=0)
        self.assertEqual(self.running(), ["a:1", "b:1", "ab:1"])
        self.herd("run", check=0)
        self.assertEqual(self.running(), ["a:1", "b:1", "ab:1"])
        self.herd("start", "a", check=0)
        self.assertEqual(len(self.running()), 4)
        self.assertEqual(os.listdir(f"{self.state}/holds"), [])

    def test_hold_by_touch(self):
        with open(f"{self.state}/holds/a", "w"):
            pass
        with open(f"{self.state}/holds/ab:1", "w"):
            pass
        self.herd("run", check=0)
        self.assertEqual(self.running(), ["b:1"])
        os.unlink(f"{self.state}/holds/a")
        os.unlink(f"{self.state}/holds/ab:1")
        self.herd("run", check=0)
        self.assertEqual(len(self.running()), 4)

    def test_hold_that_is_no_good_file_holds_all_the_same(self):
        os.mkdir(f"{self.state}/holds/a")
        with open(f"{self.state}/holds/b", "wb") as file:
            file.write(b"\xff\0until soon\n" * 100)
        os.mkfifo(f"{self.state}/holds/ab")
        self.herd("run", check=0)
        self.assertEqual(self.running(), [])

    def test_hold_for_a_time(self):
        self.herd("stop", "--for", "3s", "a:1", check=0)
        self.assertIn("until ", read(f"{self.state}/holds/a:1"))
        end = int(re.search(r"until (\d+)", read(f"{self.state}/holds/a:1"))[1])
        if time.time() < end - 1:
            self.herd("run", check=0)
            self.assertTrue(self.mains("a:1") == [] or time.time() >= end)

        def is_back():
            self.herd("run")
            return self.pid("a:1")
        wait_until("the hold has expired", is_back)

    def test_stop_of_what_does_not_run_holds_it(self):
        os.kill(self.pid("b:1"), signal.SIGKILL)
        done = self.herd("stop", "b", check=0)
        self.assertIn(done.stdout, ("b:1: not running, held\n", "b:1: stopped\n"))
        self.herd("run", check=0)
        self.assertNotIn("b:1", self.running())

    def test_restart_lifts_the_hold(self):
        self.herd("stop", "b", check=0)
        self.herd("restart", "b", check=0)
        self.herd("run", check=0)
        self.assertIn("b:1", self.running())

    def test_with_a_minder_a_stopped_one_stays_stopped(self):
        self.write_main("minder = true")
        self.herd("restart", check=0)
        wait_until("there is a minder", self.minders)
        self.herd("stop", check=0)
        wait_until("the minders have gone", lambda: not self.minders())
        self.assertEqual(self.running(), [])


if __name__ == "__main__":
    main()
