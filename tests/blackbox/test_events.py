# SPDX-License-Identifier: ISC
"""`cronherd events`: what happened, out of the journal; and what becomes of a journal that is lost, broken, locked or not ours."""
import datetime
import json
import os
import pty
import re
import shutil
import signal
import sqlite3
import subprocess
import threading

import herdtest
from boxes import traced, with_sum
from herdtest import HerdTest, PROGRAM, alive, wait_until

# The program that reads journals; a static build is one program.
FULL = os.path.join(os.path.dirname(PROGRAM), "cronherd-full")
FULL = FULL if os.path.exists(FULL) else PROGRAM
LINE = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  \S")


class EventsTest(HerdTest):
    def lines(self, *args):
        done = self.herd("events", *args, check=0)
        self.assertEqual(done.stderr, "")
        return done.stdout.splitlines()

    def events(self, *args):
        return [json.loads(line) for line in self.lines("--json", *args)]

    def path(self, name):
        return os.path.join(self.state, name)

    def files(self, prefix):
        return sorted(name for name in os.listdir(self.state) if name.startswith(prefix))

    def spool(self, *lines, name="0000000000000001-1-0"):
        """What a round that has ended has left behind."""
        os.makedirs(self.path("spool"), mode=0o700, exist_ok=True)
        os.chmod(self.state, 0o700)
        with open(self.path("spool/" + name), "wb") as file:
            for line in lines:
                file.write((line if isinstance(line, bytes) else json.dumps(line).encode()) + b"\n")

    @staticmethod
    def event(id, subject="mail:1", type="worker.started", at_ms=1700000000000, **data):
        return {"id": id, "type": type, "source": "/cronherd/host/user", "subject": subject, "at_ms": at_ms, "data": data}

    def quiet_herd(self, *names):
        """Workers that are defined, and held: nothing happens by itself."""
        for name in names or ("mail",):
            self.worker(name, "sleep 1000", enabled=False)
        self.herd("run", check=0)


class Telling(EventsTest):
    def test_where_nothing_has_happened_nothing_is_printed_and_nothing_made(self):
        self.worker("mail", "sleep 1000")
        self.assertEqual(self.lines(), [])
        self.assertEqual(self.lines("--json", "mail"), [])
        self.assertFalse(os.path.exists(self.state))
        self.herd("stop", check=0)
        before = self.files("journal")
        self.assertEqual(self.lines(), [])
        self.assertEqual(self.files("journal"), before)

    def test_starts_and_stops_in_order(self):
        self.worker("mail", "sleep 1000")
        self.herd("start", check=0)
        pid = self.pid("mail:1")
        self.herd("stop", check=0)
        lines = self.lines()
        self.assertEqual(len(lines), 2, lines)
        for line in lines:
            self.assertRegex(line, LINE)
        self.assertIn("mail:1 started", lines[0])
        self.assertIn(str(pid), lines[0])
        self.assertIn("mail:1 stopped by hand", lines[1])
        # The next round tells nothing anew.
        self.herd("run", check=0)
        self.assertEqual(self.lines(), lines)

    def test_json_is_a_cloudevent_a_line(self):
        self.worker("mail", "sh -c 'sleep 0.1; exit 7'", restart_delay="1h", restart_delay_max="1h", startsecs=5)
        self.herd("run")
        wait_until("its end was told", lambda: len(self.events()) >= 2)
        started, stopped = self.events()[:2]
        for event in (started, stopped):
            self.assertEqual(event["specversion"], "1.0")
            self.assertEqual(event["subject"], "mail:1")
            self.assertTrue(event["source"].startswith("/cronherd/"), event["source"])
            self.assertEqual(event["time"], event["timestamp"])
            datetime.datetime.fromisoformat(event["time"].replace("Z", "+00:00"))
            self.assertEqual(event["data"]["worker"], "mail")
            self.assertEqual(event["data"]["instance"], 1)
            self.assertEqual(event["data"]["command"], "sh -c 'sleep 0.1; exit 7'")
        self.assertEqual(started["type"], "cronherd.worker.started")
        self.assertIsNone(started["data"]["exit_code"])
        self.assertEqual(stopped["type"], "cronherd.worker.stopped")
        self.assertEqual(stopped["data"]["exit_code"], 7)
        self.assertEqual(stopped["data"]["reason"], "crashed")
        self.assertEqual(stopped["data"]["pid"], started["data"]["pid"])
        self.assertNotEqual(started["id"], stopped["id"])

    def test_broken_configuration_is_told(self):
        self.quiet_herd()
        self.write("conf.d/bad.conf", 'worker "x" { nonsense = 1 }\n')
        self.herd("run")
        os.unlink(self.conf_dir + "/bad.conf")
        self.herd("run", check=0)
        broken, mended = self.events()
        self.assertEqual(broken["type"], "cronherd.config.broken")
        self.assertEqual(mended["type"], "cronherd.config.mended")
        self.assertIn("bad.conf", broken["subject"])
        # About no worker: not where one is named.
        self.assertEqual(self.lines("mail"), [])

    def test_what_is_put_back_as_broken_as_before_is_fatal_once_more(self):
        for _ in range(2):
            self.worker("mail", "/nonexistent/program", startretries=0)
            self.worker("other", "sleep 1000", enabled=False)
            self.herd("run", check=1)
            os.unlink(self.conf_dir + "/mail.conf")
            wait_until("it is forgotten", lambda: self.herd("run") and not os.path.exists(self.path("records/mail.1")))
        self.assertEqual([event["type"] for event in self.events()], ["cronherd.worker.fatal"] * 2)

    def test_what_ran_before_the_upgrade_is_no_news(self):
        self.worker("mail", "sleep 1000", startsecs=0)
        self.herd("run", check=0)
        pid = self.wait_pid("mail:1")
        self.events()
        for name in self.files("journal"):
            os.unlink(self.path(name))
        # As a program left it that told nothing.
        with open(self.path("records/mail.1"), "r+") as file:
            record = with_sum("".join(line for line in file if not line.startswith(("told_", "born_", "alarms "))))
            file.seek(0)
            file.truncate()
            file.write(record)
        os.kill(pid, signal.SIGKILL)
        self.wait_gone(pid)
        self.herd("run", check=0)
        other = self.wait_pid("mail:1", other_than=pid)
        wait_until("it was told", lambda: len(self.events()) >= 2)
        self.assertEqual([(event["type"], event["data"]["pid"]) for event in self.events()],
                         [("cronherd.worker.stopped", pid), ("cronherd.worker.started", other)])

    def test_the_last_of_them(self):
        self.quiet_herd()
        self.spool(*(self.event(f"e{i}", at_ms=1700000000000 + i * 1000) for i in range(50)))
        self.assertEqual([e["id"] for e in self.events("-n", 3)], ["e47", "e48", "e49"])
        self.assertEqual(len(self.events("-n", 1000)), 50)
        self.assertEqual(len(self.events()), 50)
        self.assertEqual(self.events("--lines", 0), [])

    def test_many(self):
        self.quiet_herd("mail", "web")
        self.spool(*(self.event(f"e{i}", at_ms=1700000000000 + i) for i in range(1700)),
                   *({"sample": f"{name}:1", "at_ms": 1700000000000 + i, "rss_bytes": i, "memory_bytes": i}
                     for i in range(600) for name in ("mail", "web")))
        self.assertEqual([e["id"] for e in self.events()], [f"e{i}" for i in range(1700)])
        self.assertEqual([e["id"] for e in self.events("--since", "2023-11-14T22:13:20.700Z")], [f"e{i}" for i in range(700, 1700)])
        self.assertEqual([s["rss_bytes"] for s in self.events("--samples")], [i for i in range(600) for _ in range(2)])
        self.assertEqual([s["rss_bytes"] for s in self.events("--samples", "web")], list(range(600)))

    def test_since(self):
        self.quiet_herd()
        self.spool(self.event("old", at_ms=1700000000000), self.event("new", at_ms=1700000000500))
        self.assertEqual([e["id"] for e in self.events("--since", "2023-11-14T22:13:20.500Z")], ["new"])
        self.assertEqual([e["id"] for e in self.events("--since", "2023-11-14T23:13:20+01:00")], ["old", "new"])
        self.assertEqual(self.events("--since", "1h"), [])
        self.assertEqual(len(self.events("--since", "2000-01-01")), 2)
        self.assertEqual(self.events("--since", "2999-01-01 10:00"), [])
        for text in ("", "yesterday", "2023-13-01", "-1h", "2023-02-30"):
            done = self.herd("events", "--since", text, check=2)
            self.assertIn("--since", done.stderr)
            self.assertEqual(done.stdout, "")

    def test_bad_options(self):
        self.quiet_herd()
        for args in (("-n", "x"), ("-n", "-1"), ("--nonsense",), ("-n",)):
            self.herd("events", *args, check=2)

    def test_samples(self):
        self.quiet_herd("mail", "web")
        self.spool(self.event("e"), {"sample": "mail:1", "at_ms": 1700000000000, "rss_bytes": 2097152, "memory_bytes": 1048576},
                   {"sample": "web:1", "at_ms": 1700000000000, "rss_bytes": 4096, "memory_bytes": None})
        self.assertEqual(self.events("--samples", "mail"),
                         [{"sample": "mail:1", "time": "2023-11-14T22:13:20.000Z", "rss_bytes": 2097152, "memory_bytes": 1048576}])
        lines = self.lines("--samples")
        self.assertIn("mail:1  rss 2.0M  memory 1.0M", lines[0])
        self.assertIn("web:1  rss 4K  memory -", lines[1])
        self.assertEqual(self.events("--samples", "--since", "1h"), [])
        self.assertEqual(len(self.events()), 1)


class Targets(EventsTest):
    def subjects(self, *args):
        return [e["subject"] for e in self.events(*args)]

    def test_names_ids_groups_and_globs(self):
        self.worker("mail", "sleep 1000", enabled=False, numprocs=2)
        self.worker("web", "sleep 1000", enabled=False)
        self.write("conf.d/group.conf", 'group "shop" { workers = {"web"} }\n')
        self.herd("run", check=0)
        self.spool(self.event("a", "mail:1"), self.event("b", "mail:2"), self.event("c", "web:1"),
                   self.event("d", "/etc/x.conf", "config.broken"))
        self.assertEqual(self.subjects("mail"), ["mail:1", "mail:2"])
        self.assertEqual(self.subjects("mail:2"), ["mail:2"])
        self.assertEqual(self.subjects("@shop"), ["web:1"])
        self.assertEqual(self.subjects("*:1"), ["mail:1", "web:1"])
        self.assertEqual(self.subjects("mail:2", "web"), ["mail:2", "web:1"])
        self.assertEqual(self.subjects(), ["mail:1", "mail:2", "web:1", "/etc/x.conf"])
        self.assertEqual(self.subjects("-n", 1, "mail"), ["mail:2"])

    def test_unknown_ones(self):
        self.quiet_herd()
        self.spool(self.event("a", "gone:3"))
        done = self.herd("events", "mial", check=2)
        self.assertIn("did you mean mail", done.stderr)
        self.assertEqual(done.stdout, "")
        for target in ("nobody", "mail:9", "@nobody", "x*", "gone:4"):
            self.herd("events", target, check=2)
        self.herd("events", "mail", "nobody", check=2)
        # What is defined no more is known as long as something is known of it.
        self.assertEqual(self.subjects("gone"), ["gone:3"])
        self.assertEqual(self.subjects("gone:3"), ["gone:3"])
        self.assertEqual(self.subjects("g*"), ["gone:3"])

    def test_a_worker_of_a_broken_file_is_known(self):
        self.quiet_herd()
        self.spool(self.event("a"))
        self.write("conf.d/mail.conf", 'worker "mail" { command = "sleep 1000" nonsense = 1 }\n')
        self.assertEqual(self.subjects("mail"), ["mail:1"])


class Following(EventsTest):
    def setUp(self):
        super().setUp()
        self.seen = []

    def follow(self, *args):
        process = subprocess.Popen([PROGRAM, "-c", self.config, "events", "-f", "--json", *args], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

        def read():
            for line in process.stdout:
                self.seen.append(json.loads(line)["id"])
        reader = threading.Thread(target=read)
        reader.start()

        def end():
            if process.poll() is None:
                process.kill()
            process.wait()
            reader.join()
            process.stdout.close()
            process.stderr.close()
        self.addCleanup(end)
        return process

    def wait_seen(self, *ids):
        wait_until(f"{ids} were seen", lambda: self.seen == list(ids))

    def test_what_is_added_is_seen_until_ctrl_c(self):
        self.quiet_herd()
        self.spool(*(self.event(f"e{i}") for i in range(20)))
        process = self.follow()
        first = [f"e{i}" for i in range(10, 20)]
        self.wait_seen(*first)
        self.spool(self.event("f1"), self.event("f2"), name="0000000000000002-1-0")
        self.wait_seen(*first, "f1", "f2")
        # Another process has taken it in.
        self.spool(self.event("g"), name="0000000000000003-1-0")
        self.lines()
        self.wait_seen(*first, "f1", "f2", "g")
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(herdtest.PATIENCE), 0)
        self.assertEqual(process.stderr.read(), "")

    def test_targets_and_numbers(self):
        self.quiet_herd("mail", "web")
        self.spool(self.event("a", "web:1"), self.event("b"), self.event("c"))
        self.follow("-n", "1", "mail")
        self.wait_seen("c")
        self.spool(self.event("d", "web:1"), self.event("e"), name="0000000000000002-1-0")
        self.wait_seen("c", "e")

    def test_begins_before_there_is_anything(self):
        self.worker("mail", "sleep 1000", enabled=False)
        self.follow("--since", "2000-01-01")
        self.quiet_herd()
        self.spool(self.event("a"))
        self.wait_seen("a")

    def test_a_journal_that_is_replaced(self):
        self.quiet_herd()
        self.spool(self.event("a"), self.event("b", at_ms=1700000001000))
        self.follow()
        self.wait_seen("a", "b")
        for name in self.files("journal.db"):
            os.unlink(self.path(name))
        self.spool(self.event("c", at_ms=1700000002000), name="0000000000000002-1-0")
        self.wait_seen("a", "b", "c")
        # By one that has what was seen, under other numbers.
        os.rename(self.path("journal.db"), self.path("away"))
        self.spool(self.event("x"), self.event("c", at_ms=1700000002000), name="0000000000000003-1-0")
        self.spool(self.event("d", at_ms=1700000003000), name="0000000000000004-1-0")
        self.wait_seen("a", "b", "c", "d")

    def test_a_journal_that_breaks(self):
        self.quiet_herd()
        self.spool(self.event("a"))
        process = self.follow()
        self.wait_seen("a")
        os.rename(self.path("journal.db"), self.path("away"))
        self.write("state/journal.db", "This is no journal, whoever has put it there." * 20, 0o600)
        self.spool(self.event("b", at_ms=1700000002000), name="0000000000000002-1-0")
        self.wait_seen("a", "b")
        self.assertEqual(len(self.files("journal.db.corrupt-")), 1)
        self.assertIsNone(process.poll())

    def test_ends_with_its_reader(self):
        self.quiet_herd()
        self.spool(self.event("a"))
        process = subprocess.Popen([PROGRAM, "-c", self.config, "events", "-f"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL, text=True)
        self.addCleanup(lambda: (process.kill(), process.wait()) if alive(process.pid) else process.wait())
        self.assertRegex(process.stdout.readline(), LINE)
        process.stdout.close()
        self.assertEqual(process.wait(herdtest.PATIENCE), 0)


class Terminal(EventsTest):
    def on_terminal(self, **environment):
        """What a terminal would get."""
        parent, child = pty.openpty()
        env = {key: value for key, value in os.environ.items() if key != "NO_COLOR"}
        process = subprocess.Popen([PROGRAM, "-c", self.config, "events"], stdin=subprocess.DEVNULL, stdout=child,
                                   stderr=subprocess.DEVNULL, env={**env, "TERM": "xterm", **environment})
        os.close(child)
        text = b""
        while True:
            try:
                more = os.read(parent, 4096)
            except OSError:  # the other end is closed
                break
            if not more:
                break
            text += more
        os.close(parent)
        self.assertEqual(process.wait(herdtest.PATIENCE), 0)
        return text.decode()

    def test_colors_are_for_terminals(self):
        self.quiet_herd()
        self.spool(self.event("a", type="worker.fatal"))
        self.assertIn("\033[31m", self.on_terminal())
        self.assertNotIn("\033", self.on_terminal(NO_COLOR="1"))
        self.assertNotIn("\033", self.on_terminal(TERM="dumb"))
        self.assertNotIn("\033", "".join(self.lines()))

    def test_nothing_in_an_event_steers_it(self):
        self.quiet_herd()
        evil = "\033[2J\033]0;x\007\r\n\x08\u009b2J\u0000x"
        self.spool(self.event("a", "/etc/\033[1m\n.conf", "config.broken", message=evil),
                   self.event("b", message=evil.replace("\0", ""), command=evil.replace("\0", ""), reason=evil.replace("\0", "")),
                   self.event("c", type="worker.unknown", message=evil.replace("\0", "")))
        self.herd("events")
        text = self.herd("events", check=0).stdout
        self.assertEqual(len(text.splitlines()), 2, text)  # a text with a NUL in it is none of ours
        for char in "\033\007\r\x08\u009b":
            self.assertNotIn(char, text)
        for line in self.herd("events", "--json", check=0).stdout.splitlines():
            json.loads(line)
            for char in "\033\007\r\x08":
                self.assertNotIn(char, line)


class Trouble(EventsTest):
    def test_garbage_in_the_spool_is_passed_over(self):
        self.quiet_herd()
        self.spool(self.event("a"), b"\xff\xfe{", b'{"id":"torn', self.event("b"), b"\0\0\0\0")
        done = self.herd("events", "--json", check=0)
        self.assertEqual([json.loads(line)["id"] for line in done.stdout.splitlines()], ["a", "b"])
        self.assertIn("passed over", done.stderr)
        self.assertEqual(os.listdir(self.path("spool")), [])
        self.assertEqual(len(self.lines()), 2)

    def test_a_corrupt_journal_is_mended_and_that_is_said_once(self):
        self.quiet_herd()
        self.spool(*(self.event(f"e{i}") for i in range(200)))
        self.assertEqual(len(self.lines()), 200)
        size = os.path.getsize(self.path("journal.db"))
        os.truncate(self.path("journal.db"), size - 4096 * 3)
        self.spool(self.event("new", at_ms=1800000000000), name="0000000000000002-1-0")
        done = self.herd("events", "--json", check=0)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        self.assertIn("corrupt", done.stderr)
        kept = self.files("journal.db.corrupt-")
        self.assertEqual(len(kept), 1)
        self.assertIn(kept[0], done.stderr)
        ids = [json.loads(line)["id"] for line in done.stdout.splitlines()]
        self.assertEqual(ids[-1], "new")
        self.assertGreater(len(ids), 20)
        self.assertEqual(len(ids), len(set(ids)))
        self.assertEqual(len(self.lines()), len(ids))

    def test_a_journal_in_whose_place_something_else_stands(self):
        self.quiet_herd()
        self.spool(self.event("a"))
        target = self.write("target", "")
        for make in (lambda path: os.symlink(target, path), os.mkdir, os.mkfifo):
            make(self.path("journal.db"))
            done = self.herd("events", check=3)
            self.assertIn("no regular file", done.stderr)
            self.assertEqual(done.stdout, "")
            (os.rmdir if os.path.isdir(self.path("journal.db")) else os.unlink)(self.path("journal.db"))
        self.assertEqual(os.path.getsize(target), 0)
        self.assertEqual(len(self.lines()), 1)

    def test_a_newer_journal_is_left_alone(self):
        self.quiet_herd()
        self.spool(self.event("a"))
        self.lines()
        with sqlite3.connect(self.path("journal.db")) as db:
            db.execute("PRAGMA user_version = 1000")
        db.close()
        done = self.herd("events", check=3)
        self.assertIn("newer", done.stderr)
        self.assertEqual(self.files("journal.db.corrupt-"), [])

    def test_a_locked_journal_is_read_and_what_is_new_comes_later(self):
        self.quiet_herd()
        self.spool(self.event("a"))
        self.lines()
        self.spool(self.event("b"), name="0000000000000002-1-0")
        db = sqlite3.connect(self.path("journal.db"), isolation_level=None)
        db.execute("BEGIN IMMEDIATE")
        done = self.herd("events", "--json", check=0)
        self.assertEqual([json.loads(line)["id"] for line in done.stdout.splitlines()], ["a"])
        self.assertIn("locked", done.stderr)
        db.execute("ROLLBACK")
        db.execute("BEGIN EXCLUSIVE")
        done = self.herd("events", "--json", check=3)
        self.assertIn("locked", done.stderr)
        db.execute("ROLLBACK")
        db.close()
        self.assertEqual([e["id"] for e in self.events()], ["a", "b"])

    def test_a_pager_keeps_nobody_from_writing(self):
        self.quiet_herd()
        self.spool(*(self.event(f"e{i}") for i in range(5000)))
        self.lines("-n", 1)
        process = subprocess.Popen([PROGRAM, "-c", self.config, "events"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL)
        self.addCleanup(lambda: (process.kill(), process.stdout.close(), process.wait()))
        self.assertTrue(process.stdout.readline())  # and no more: the rest is longer than a pipe
        db = sqlite3.connect(self.path("journal.db"), isolation_level=None, timeout=0)
        self.addCleanup(db.close)

        def is_free():
            try:
                db.execute("BEGIN EXCLUSIVE")
            except sqlite3.OperationalError:
                return False
            return True
        wait_until("the journal is free", is_free)
        db.execute("ROLLBACK")
        self.assertIsNone(process.poll())

    def test_what_could_not_be_told_of_a_removed_worker_is_told_later(self):
        self.worker("mail", "sleep 1000", startsecs=0)
        self.worker("other", "sleep 1000", enabled=False)
        self.herd("run", check=0)
        pid = self.wait_pid("mail:1")
        shutil.rmtree(self.path("spool"))
        with open(self.path("spool"), "w"):
            pass
        os.unlink(self.conf_dir + "/mail.conf")
        wait_until("it is stopped", lambda: self.herd("run") and not alive(pid))
        os.unlink(self.path("spool"))
        wait_until("it is forgotten", lambda: self.herd("run") and not os.path.exists(self.path("records/mail.1")))
        self.assertIn(("cronherd.worker.stopped", pid), [(event["type"], event["data"]["pid"]) for event in self.events()])

    def test_a_state_directory_that_is_none(self):
        self.worker("mail", "sleep 1000")
        self.write("state", "")
        done = self.herd("events", check=3)
        self.assertIn(self.state, done.stderr)

    def test_without_configuration(self):
        os.unlink(self.config)
        os.rmdir(self.conf_dir)
        self.herd("events", check=2)

    def test_output_that_cannot_be_written(self):
        self.quiet_herd()
        self.spool(*(self.event(f"e{i}") for i in range(100)))
        self.lines()
        with open("/dev/full", "w") as full:
            done = subprocess.run([PROGRAM, "-c", self.config, "events"], stdin=subprocess.DEVNULL, stdout=full,
                                  stderr=subprocess.DEVNULL, timeout=herdtest.PATIENCE)
        self.assertEqual(done.returncode, 3)


class Torture(EventsTest):
    """`events`, which takes in and mends, killed at each system call that changes something; then a clean one."""
    CALLS = "write,pwrite64,fsync,fdatasync,ftruncate,rename,renameat,renameat2,unlink,unlinkat,open,openat"

    def torture(self, prepare, check):
        calls = 0
        while True:
            calls += 1
            for name in self.files("journal") + self.files("spool"):
                shutil.rmtree(self.path(name)) if os.path.isdir(self.path(name)) else os.unlink(self.path(name))
            prepare()
            done = subprocess.run([*traced("-e", f"inject={self.CALLS}:signal=KILL:when={calls}"), FULL, "-c", self.config, "events",
                                   "--json"], stdin=subprocess.DEVNULL, capture_output=True, timeout=herdtest.PATIENCE * 3)
            with self.subTest(call=calls):
                check([event["id"] for event in map(json.loads, self.herd("events", "--json", check=0).stdout.splitlines())])
                self.assertEqual(os.listdir(self.path("spool")), [])
                self.assertEqual(self.files("journal.db.salvage"), [])
            if done.returncode == 0:
                return calls

    def test_taking_in(self):
        self.quiet_herd()
        ids = [f"e{i}" for i in range(40)]

        def prepare():
            self.spool(*(self.event(id) for id in ids[:20]))
            self.spool(*(self.event(id) for id in ids[20:]), name="0000000000000002-1-0")
        self.assertGreater(self.torture(prepare, lambda seen: self.assertEqual(seen, ids)), 20)

    def test_mending(self):
        self.quiet_herd()
        ids = [f"e{i}" for i in range(40)]
        self.spool(*(self.event(id) for id in ids[:30]))
        self.lines()
        # Broken, and yet all that is in it can be read.
        with sqlite3.connect(self.path("journal.db")) as db:
            db.execute("PRAGMA application_id = 1")
        db.close()
        with open(self.path("journal.db"), "rb") as file:
            broken = file.read()

        def prepare():
            with open(self.path("journal.db"), "wb") as file:
                file.write(broken)
            self.spool(*(self.event(id) for id in ids[30:]))

        def check(seen):
            self.assertEqual(seen, ids)
            self.assertEqual(len(self.files("journal.db.corrupt-")), 1)
        self.assertGreater(self.torture(prepare, check), 30)


if __name__ == "__main__":
    herdtest.main()
