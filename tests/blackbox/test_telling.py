# SPDX-License-Identifier: ISC
"""Each event of INTERFACE.md, made by what it tells of: under one id, with all members, once, in order, journal and webhook alike."""
import os
import signal
import subprocess
import time

import herdtest
from boxes import need, need_root, odd
from herdtest import PROGRAM, alive, read, wait_until
from telling import MEMBERS, TellingTest, brief, kind


class Told(TellingTest):
    """One herd, one webhook that gets all; at the end of each test the whole story is looked at once more."""

    def setUp(self):
        super().setUp()
        self.webhook("all")
        # Runs before what setUp of our bases had cleaned up: the herd is still there.
        self.addCleanup(self.assert_story)

    def assert_story(self):
        """Ids are unique; of each instance starts and stops alternate, of one process each; the webhook has it all, in order."""
        events = self.assert_delivered()
        ids = [event["id"] for event in events]
        self.assertEqual(len(ids), len(set(ids)), "ids")
        self.assertEqual(len({event["source"] for event in events}), min(1, len(events)))
        running = {}
        for event in events:
            data, subject = event["data"], event["subject"]
            self.assertRegex(event["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$")
            for name, type in MEMBERS.items():
                self.assertIn(name, data)
                self.assertTrue(data[name] is None or isinstance(data[name], type), (name, data))
            if kind(event) == "worker.started":
                self.assertIsNone(running.get(subject), f"{subject} was started twice: {brief(events)}")
                running[subject] = data["pid"]
            if kind(event) == "worker.stopped":
                self.assertEqual(running.pop(subject, None), data["pid"], f"{subject}: {brief(events)}")

    def wait_events(self, *wanted, subject="w:1"):
        """The events, once those of SUBJECT are WANTED, (kind, reason) each."""
        def is_so():
            events = self.events()
            return events if brief(events, subject) == list(wanted) else None
        try:
            return wait_until("these are the events", is_so)
        except AssertionError:
            self.assertEqual(brief(self.events(), subject), list(wanted))
            raise

    def kill(self, id, sig=signal.SIGKILL):
        pid = self.wait_pid(id)
        os.kill(pid, sig)
        self.wait_gone(pid)
        return pid


class Workers(Told):
    def test_a_first_start(self):
        command = "sleep 1000"
        self.worker("w", command, numprocs=2, memory_limit="512M")
        self.worker("v", command)
        self.herd("run", check=0)
        events = self.assert_delivered()
        self.assertEqual(sorted(brief(events)), [("worker.started", id, "missing") for id in ("v:1", "w:1", "w:2")])
        for event in events:
            data, id = event["data"], event["subject"]
            name, number = id.split(":")
            expected = {"worker": name, "instance": int(number), "pid": self.pid(id), "command": command, "reason": "missing",
                        "exit_code": None, "signal": None, "restarts": 0, "next_start_at": None, "log_tail": None,
                        "memory_limit_bytes": 512 << 20 if name == "w" else None}
            self.assertEqual({key: data[key] for key in expected}, expected)
            self.assertRegex(event["source"], r"^/cronherd/[!-~]+/[!-~]+$")
            self.assertLess(abs(time.time() - self.seconds(event["time"])), 600)
        self.herd("run", check=0)
        self.assertEqual(len(self.events()), 3, "a healthy round has nothing to tell")

    def seconds(self, text):
        return float(subprocess.run(["date", "-d", text, "+%s.%N"], capture_output=True, text=True, check=True).stdout)

    def test_an_expected_exit(self):
        self.worker("w", "sh -c 'sleep 0.2; exit 0'", startsecs=0, autorestart="unexpected")
        self.herd("run", check=0)
        events = self.wait_events(("worker.started", "missing"), ("worker.stopped", "exited"))
        data = events[1]["data"]
        self.assertEqual((data["exit_code"], data["signal"], data["next_start_at"]), (0, None, None))
        self.assertEqual(data["pid"], events[0]["data"]["pid"])

    def test_an_unexpected_exit_and_the_next_start(self):
        flag = self.dir + "/flag"
        self.worker("w", f"sh -c 'test -e {flag} && exec sleep 1000; sleep 0.2; touch {flag}; exit 7'", startsecs=0)
        self.herd("run", check=0)
        events = self.wait_events(("worker.started", "missing"), ("worker.stopped", "crashed"), ("worker.started", "crashed"))
        data = events[1]["data"]
        self.assertEqual((data["exit_code"], data["signal"], data["restarts"]), (7, None, 0))
        self.assertIsInstance(data["uptime_s"], int)
        self.assertEqual((events[2]["data"]["restarts"], events[2]["data"]["exit_code"]), (1, None))
        self.assertEqual(events[2]["data"]["pid"], self.pid("w:1"))

    def test_killed(self):
        self.worker("w", "sleep 1000")
        self.herd("start", check=0)
        pid = self.kill("w:1")
        events = self.wait_events(("worker.started", "manual"), ("worker.stopped", "killed"), ("worker.started", "killed"))
        data = events[1]["data"]
        self.assertEqual((data["pid"], data["exit_code"], data["signal"]), (pid, None, "KILL"))
        self.assertEqual(data["signal"], self.instance("w:1")["last_exit"]["signal"])

    def test_killed_when_nobody_is_there_to_see_it(self):
        self.write_main("minder = false")
        self.worker("w", "sleep 1000")
        self.herd("run", check=0)
        pid = self.kill("w:1")
        self.assertEqual(len(self.events()), 1)
        self.herd("run")
        wait_until("it is back", lambda: self.herd("run") and self.pid("w:1"))
        wait_until("it is told", lambda: len(self.events()) >= 3)
        # How it ended is known as long as its zombie is still there to be asked.
        is_known = self.events()[1]["data"]["signal"] == "KILL"
        reason = "killed" if is_known else "missing"
        events = self.wait_events(("worker.started", "missing"), ("worker.stopped", reason), ("worker.started", reason))
        data = events[1]["data"]
        self.assertEqual((data["pid"], data["exit_code"], data["signal"]), (pid, None, "KILL" if is_known else None))

    def test_two_ends_while_nothing_can_be_told(self):
        """A record has room for one end: the next one waits for it, and no third process is begun before."""
        self.write_main("minder = false")
        self.worker("w", "sleep 1000", startsecs="0s", restart_delay="0s", startretries=100)
        self.herd("run", check=0)
        pids = [self.kill("w:1")]
        wait_until("its start is told", lambda: len(self.events()) == 1)
        self.quiet()
        os.rename(self.state + "/spool", self.dir + "/spool")
        open(self.state + "/spool", "w").close()
        self.herd("run")
        pids.append(self.kill("w:1"))
        self.assertIn("cannot tell how the one before ended", self.herd("run", check=3).stderr)
        self.herd("run", check=3)
        self.assertIsNone(self.pid("w:1"))
        os.unlink(self.state + "/spool")
        self.herd("run")
        events = wait_until("all is told", lambda: (lambda events: events if len(events) == 5 else None)(self.events()))
        self.assertEqual([(kind(event), event["data"]["pid"]) for event in events[1::2]], [("worker.stopped", pid) for pid in pids])

    def test_end_of_whom_neither_record_nor_pidfile_knows(self):
        """The record could not be written when it began (as on a full disk), and its pidfile was removed or altered: exits/ knows of it."""
        self.write_main("minder = false")
        self.worker("w", "sleep 1000", startsecs="0s")
        pidfile, record = self.pidfile("w:1"), f"{self.state}/records/w.1"
        self.herd("run", check=0)

        def removed():
            os.unlink(pidfile)

        def cut():
            self.write("state/pidfiles/w.1.pid", read(pidfile)[:20])

        def another_pid():
            self.write("state/pidfiles/w.1.pid", f"{os.getpid()}\n" + read(pidfile).split("\n", 1)[1])

        for spoil in (removed, cut, another_pid):
            for is_noted in (False, True):
                with self.subTest(pidfile=spoil.__name__, is_noted=is_noted):
                    self.herd("stop", check=0)
                    before = read(record)
                    self.herd("start", check=0)
                    self.write("state/records/w.1", before, 0o600)
                    pid = self.kill("w:1")
                    (link,) = [name for name in os.listdir(self.state + "/exits") if name.startswith(f"{pid}-")]
                    if is_noted:
                        os.unlink(f"{self.state}/exits/{link}")
                        self.write(f"state/exits/{link}", "cronherd-exit 1 15 1 1 1 1\nid w:1\n", 0o600)
                    spoil()
                    self.herd("run")
                    ends = {event["id"]: event["data"] for event in self.events() if kind(event) == "worker.stopped" and event["data"]["pid"] == pid}
                    self.assertEqual(len(ends), 1, ends)
                    # Whose note is lost may still be a zombie that tells.
                    self.assertIn(*(data["signal"] for data in ends.values()), ["TERM"] if is_noted else [None, "KILL"])
                    self.assertNotIn(link, os.listdir(self.state + "/exits"))
                    self.herd("run")
                    wait_until("another one runs", lambda: self.pid("w:1") not in (None, pid))

    def grow_once(self):
        """A command that takes 48 MiB the first time that it runs, and little later."""
        return f"sh -c 'test -e {self.dir}/grown && exec sleep 1000; touch {self.dir}/grown; exec {odd()} grow {48 << 20}'"

    def test_over_the_memory_limit(self):
        self.worker("w", self.grow_once(), memory_limit="16M")
        self.herd("start")
        wait_until("it has grown", lambda: self.instance("w:1")["memory_bytes"] > 48 << 20)
        self.herd("run")
        events = self.wait_events(("worker.started", "manual"), ("worker.bloated", "memory_limit"), ("worker.stopped", "memory_limit"),
                                  ("worker.started", "memory_limit"))
        self.assertEqual([e["data"]["pid"] for e in events[:3]], [events[0]["data"]["pid"]] * 3)
        bloated = events[1]["data"]
        self.assertGreater(bloated["rss_bytes"], 48 << 20)
        self.assertEqual(bloated["memory_limit_bytes"], 16 << 20)
        self.assertEqual((events[2]["data"]["signal"], events[2]["data"]["exit_code"]), ("TERM", None))

    def test_over_the_memory_maximum(self):
        self.worker("w", self.grow_once(), memory_max="16M")
        self.herd("start")
        wait_until("a round kills it", lambda: self.herd("run") and len(self.events()) >= 4)
        events = self.wait_events(("worker.started", "manual"), ("worker.bloated", "memory_max"), ("worker.stopped", "memory_max"),
                                  ("worker.started", "memory_max"))
        self.assertGreater(events[1]["data"]["rss_bytes"], 16 << 20)  # it may have been seen while it grew
        self.assertEqual(events[2]["data"]["signal"], "KILL")

    def test_too_old(self):
        self.worker("w", "sleep 1000", max_age="1s")
        self.herd("start", check=0)
        first = self.pid("w:1")
        wait_until("a round replaces it", lambda: self.herd("run") and not alive(first))
        events = wait_until("it is told", lambda: (lambda e: e if len(e) >= 3 else None)(self.events()))
        self.assertEqual(brief(events, "w:1")[:3], [("worker.started", "manual"), ("worker.stopped", "max_age"), ("worker.started", "max_age")])

    def test_what_a_person_does(self):
        self.worker("w", "sleep 1000")
        self.herd("start", check=0)
        self.herd("restart", check=0)
        self.herd("stop", check=0)
        self.herd("run", check=0)
        self.herd("start", check=0)
        self.herd("stop", "--now", check=0)
        self.wait_events(*[("worker.started", "manual"), ("worker.stopped", "manual")] * 3)
        ends = [event["data"]["signal"] for event in self.events() if kind(event) == "worker.stopped"]
        self.assertEqual(ends, ["TERM", "TERM", "KILL"])

    def test_a_hold_by_a_file(self):
        self.worker("w", "sleep 1000")
        self.herd("start", check=0)
        self.write("state/holds/w", "")
        self.herd("run", check=0)
        self.wait_events(("worker.started", "manual"), ("worker.stopped", "manual"))

    def test_a_definition_changes(self):
        self.worker("w", "sleep 1000")
        self.herd("start", check=0)
        self.worker("w", "sleep 2000")
        self.herd("run", check=0)
        events = self.wait_events(("worker.started", "manual"), ("worker.stopped", "config_changed"), ("worker.started", "config_changed"))
        self.assertEqual(events[2]["data"]["command"], "sleep 2000")

    def test_a_definition_is_removed(self):
        self.worker("w", "sleep 1000", numprocs=2)
        self.worker("v", "sleep 1000")
        self.herd("start", check=0)
        self.worker("w", "sleep 1000", numprocs=1)
        os.unlink(self.conf_dir + "/v.conf")
        wait_until("they are gone", lambda: self.herd("run") and not self.pid("w:2") and not self.pid("v:1"))
        for subject in ("w:2", "v:1"):
            self.wait_events(("worker.started", "manual"), ("worker.stopped", "removed"), subject=subject)
        self.wait_events(("worker.started", "manual"))

    def test_what_does_not_start(self):
        self.worker("w", "/nowhere/to/be/found", startretries=1, restart_delay="50ms", restart_delay_max="200ms")
        wait_until("it is fatal", lambda: "worker.fatal" in [kind(e) for e in self.herd("run") and self.events()])
        for _ in range(3):
            self.herd("run")
        events = self.wait_events(("worker.fatal", None))
        self.assertIn("No such file", events[0]["data"]["message"])
        self.worker("w", "sleep 1000", startretries=1, restart_delay="50ms", restart_delay_max="200ms")
        wait_until("it recovers", lambda: "worker.recovered" in [kind(e) for e in self.herd("run") and self.events()])
        self.assertEqual([k for k, _ in brief(self.events(), "w:1")], ["worker.fatal", "worker.started", "worker.recovered"])

    def test_what_ends_too_soon(self):
        flag = self.dir + "/flag"
        self.worker("w", f"sh -c 'test -e {flag} && exec sleep 1000; exit 5'", startretries=1, restart_delay="50ms",
                    restart_delay_max="300ms", startsecs="1s")
        wait_until("it is fatal", lambda: "worker.fatal" in [kind(e) for e in self.herd("run") and self.events()])
        fatal = next(e for e in self.events() if kind(e) == "worker.fatal")
        self.assertEqual((fatal["data"]["exit_code"], fatal["data"]["reason"]), (5, "crashed"))
        self.assertIsInstance(fatal["data"]["next_start_at"], str)
        self.write("flag", "")
        wait_until("it recovers", lambda: "worker.recovered" in [kind(e) for e in self.herd("run") and self.events()])
        kinds = [kind(e) for e in self.events()]
        self.assertEqual((kinds.count("worker.fatal"), kinds.count("worker.recovered")), (1, 1))
        self.assertEqual(kinds[-1], "worker.recovered")

    def test_the_end_of_its_log(self):
        self.script("w.sh", f"""#!/bin/sh
echo to standard output
for n in 1 2 3 4 5 6 7 8 9 10 11 12; do echo "line $n" >&2; done
printf 'a\\377b "quoted" \\033[1mbold\\033[0m\\n' >&2
sleep 0.2
exit 1
""")
        self.worker("w", f"{self.dir}/w.sh", startsecs=0, autorestart="never", log_tail=4)
        self.worker("silent", f"{self.dir}/w.sh", startsecs=0, autorestart="never", log_tail=0)
        self.herd("run", check=0)
        events = self.wait_events(("worker.started", "missing"), ("worker.stopped", "crashed"))
        tail = next(e for e in events if kind(e) == "worker.stopped" and e["subject"] == "w:1")["data"]["log_tail"]
        self.assertEqual(tail.rstrip("\n").split("\n")[:3], ["line 10", "line 11", "line 12"])
        self.assertEqual(len(tail.rstrip("\n").split("\n")), 4)
        self.assertIn("a\ufffdb \"quoted\"", tail)
        events = self.wait_events(("worker.started", "missing"), ("worker.stopped", "crashed"), subject="silent:1")
        self.assertEqual([e["data"]["log_tail"] for e in events if e["subject"] == "silent:1"], [None, None])

    def test_the_end_of_its_log_is_capped(self):
        self.worker("w", "sh -c 'head -c 300000 /dev/zero | tr \"\\0\" x >&2; sleep 0.2; exit 1'", startsecs=0, autorestart="never")
        self.herd("run", check=0)
        events = self.wait_events(("worker.started", "missing"), ("worker.stopped", "crashed"))
        tail = events[1]["data"]["log_tail"]
        self.assertTrue(tail is None or len(tail) <= 16384)

    def test_a_command_is_told_as_it_was_configured(self):
        """What stands in a configuration for something else stands so in the event."""
        self.worker("w", "sh -c 'exec sleep 1000' %n %i %h")
        self.herd("start", check=0)
        events = self.wait_events(("worker.started", "manual"))
        self.assertEqual(events[0]["data"]["command"], "sh -c 'exec sleep 1000' %n %i %h")


class Herd(Told):
    def test_a_file_breaks_and_is_mended(self):
        self.worker("w", "sleep 1000")
        self.worker("v", "sleep 1000")
        self.herd("start", check=0)
        path = self.write("conf.d/v.conf", 'worker "v" {\n  command = "sleep 1000"\n  nonsense = 3\n}\n')
        for _ in range(3):
            self.herd("run", check=2)
        broken = wait_until("it is told", lambda: [e for e in self.events() if kind(e) == "config.broken"])
        self.assertEqual(len(broken), 1)
        self.assertEqual(broken[0]["subject"], path)
        self.assertIn("v.conf:3", broken[0]["data"]["message"])
        self.assertIsNone(broken[0]["data"]["worker"])
        self.worker("v", "sleep 1000")
        for _ in range(3):
            self.herd("run", check=0)
        mended = wait_until("it is told", lambda: [e for e in self.events() if kind(e) == "config.mended"])
        self.assertEqual([e["subject"] for e in mended], [path])
        self.write("conf.d/v.conf", "nonsense\n")
        self.herd("run", check=2)
        wait_until("it is told again", lambda: [kind(e) for e in self.events()].count("config.broken") == 2)

    def test_the_host_was_rebooted(self):
        """Another boot id is what a round finds after a boot: here, in a mount namespace of its own."""
        need_root()
        need("unshare")
        self.write_main("minder = false")
        self.worker("w", "sleep 1000")
        self.herd("start", check=0)
        self.wait_events(("worker.started", "manual"))
        old = self.kill("w:1")
        self.write("boot_id", "00000000-1111-4222-8333-444444444444\n")

        def run():
            subprocess.run(["unshare", "-m", "sh", "-c", 'mount --bind "$0" /proc/sys/kernel/random/boot_id && exec "$@"',
                            self.dir + "/boot_id", PROGRAM, "-c", self.config, "run"], check=True, stdin=subprocess.DEVNULL)
        run()
        events = self.wait_events(("worker.started", "manual"), ("worker.stopped", "host_rebooted"), ("worker.started", "host_rebooted"))
        reboots = [e for e in events if kind(e) == "host.rebooted"]
        self.assertEqual([e["subject"] for e in reboots], [read("/proc/sys/kernel/hostname").strip()])
        self.assertEqual(reboots[0]["data"]["reason"], "host_rebooted")
        stopped = next(e for e in events if kind(e) == "worker.stopped")
        self.assertEqual((stopped["data"]["pid"], stopped["data"]["exit_code"], stopped["data"]["uptime_s"]), (old, None, None))
        run()
        self.assertEqual([kind(e) for e in self.events()].count("host.rebooted"), 1)


class Often(Told):
    """Many processes, many rounds at once: each process has one start and one stop, whoever saw it."""

    def test_overlapping_rounds(self):
        pids = self.dir + "/pids"
        self.worker("w", f"sh -c 'echo w:%i $$ >> {pids}; exec sleep 1000'", numprocs=3, restart_delay="0s", startretries=1000)

        def has_written(number):
            """A process ended before it has written its line is told of and is not in the file."""
            return f"w:{number} {self.pid(f'w:{number}')}\n" in read(pids)

        self.herd("start", check=0)
        for _ in range(4):
            rounds = [subprocess.Popen([PROGRAM, "-c", self.config, "run"], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                      for _ in range(4)]
            for number in (1, 2, 3):
                if has_written(number):
                    os.kill(self.pid(f"w:{number}"), signal.SIGKILL)
            for process in rounds:
                process.wait()
            wait_until("all are up", lambda: self.herd("run") and all(has_written(n) for n in (1, 2, 3)))
        self.herd("stop", check=0)
        self.wait_quiet()
        ran = sorted(tuple(line.split()) for line in read(pids).splitlines())
        events = self.assert_delivered()
        for what in ("worker.started", "worker.stopped"):
            told = sorted((e["subject"], str(e["data"]["pid"])) for e in events if kind(e) == what)
            self.assertEqual(told, ran, what)

    def wait_quiet(self):
        """No round is on its way, a minder's either."""
        def is_quiet():
            return all(set(read(f"/proc/{pid}/cmdline").split("\0")) & {"minder", "deliver"} for pid in self.minders())
        wait_until("no round is on its way", is_quiet)

    def test_without_any_webhook(self):
        self.section("webhook", "all")
        self.worker("w", "sleep 1000", restart_delay="0s")
        self.herd("run", check=0)
        self.kill("w:1")
        events = self.wait_events(("worker.started", "missing"), ("worker.stopped", "killed"), ("worker.started", "killed"))
        # As a person reads them, and some of them.
        lines = self.herd("events", check=0).stdout.splitlines()
        self.assertEqual(len(lines), 3)
        self.assertTrue(all("w:1" in line for line in lines), lines)
        self.assertEqual(self.events("w"), events)
        self.assertEqual(self.events("--since", "1h"), events)
        self.assertEqual(self.herd("events", "nobody").returncode, 2)
        self.assertEqual(self.told("all"), [])
        # Who comes later is not told what was before.
        self.webhook("all")
        self.herd("stop", check=0)
        self.wait_events(*brief(events, "w:1"), ("worker.stopped", "manual"))
        self.wait_told("all")
        self.assertEqual(brief(self.told("all")), [("worker.stopped", "w:1", "manual")])

    def assert_story(self):
        if self._testMethodName != "test_without_any_webhook":
            super().assert_story()

    def test_what_comes_is_followed(self):
        self.worker("w", "sleep 1000")
        self.herd("start", check=0)
        self.wait_events(("worker.started", "manual"))
        follower = subprocess.Popen([PROGRAM, "-c", self.config, "events", "--json", "-f"], stdin=subprocess.DEVNULL,
                                    stdout=subprocess.PIPE, text=True)
        try:
            self.assertIn("worker.started", follower.stdout.readline())
            self.herd("stop", check=0)
            self.assertIn("worker.stopped", follower.stdout.readline())
        finally:
            follower.terminate()
            follower.wait()
            follower.stdout.close()


if __name__ == "__main__":
    herdtest.main()
