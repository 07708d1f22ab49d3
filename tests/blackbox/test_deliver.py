# SPDX-License-Identifier: ISC
"""The courier and the verb `deliver`: what is owed is sent, in order, under one id, however that goes."""
import collections
import http.server
import itertools
import json
import os
import re
import signal
import subprocess
import threading
import time

from boxes import traced
from herdtest import PATIENCE, PROGRAM, HerdTest, main, read, wait_until

FULL = os.path.join(os.path.dirname(PROGRAM), "cronherd-full")
numbers = itertools.count(1)


class Request:
    def __init__(self, path, headers, body):
        self.path, self.headers, self.body = path, headers, body

    @property
    def event(self):
        return json.loads(self.body)


class Receiver:
    """An HTTP server on the loopback. Each request to PATH gets the next of its answers, (status, headers, body); the last one is
    for all that follow. A path that is held gets its answer when it is let go."""

    def __init__(self, test):
        self.requests, self.answers, self.held, self.delays = [], {}, {}, {}
        self.lock = threading.Lock()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                length = int(self.headers.get("Content-Length") or 0)
                answer, held = receiver.take(Request(self.path, dict(self.headers), self.rfile.read(length).decode()))
                if held:
                    held.wait(PATIENCE * 3)
                time.sleep(receiver.delays.get(self.path, 0))
                status, headers, body = (*answer, {}, "")[:3] if len(answer) == 1 else (*answer, "")[:3]
                try:
                    self.send_response(status)
                    for name, value in {"Content-Length": str(len(body)), **headers}.items():
                        self.send_header(name, value)
                    self.end_headers()
                    self.wfile.write(body.encode())
                except OSError:
                    pass  # a courier that was killed, or has given up

            do_GET = do_HEAD = do_POST

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *args: None  # couriers are killed here
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05})
        self.thread.start()
        test.addCleanup(self.close)

    def close(self):
        for held, _ in self.held.values():
            held.set()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def take(self, request):
        with self.lock:
            self.requests.append(request)
            answers = self.answers.get(request.path, [(204,)])
            answer = answers.pop(0) if len(answers) > 1 else answers[0]
            held, behind = self.held.get(request.path, (None, 0))
            return answer, held if self.requests_to(request.path) > behind else None

    def requests_to(self, path):
        return sum(request.path == path for request in self.requests)

    def url(self, path):
        return f"http://127.0.0.1:{self.server.server_port}{path}"

    def answer(self, path, *answers):
        with self.lock:
            self.answers[path] = list(answers)

    def hold(self, path, behind=0):
        """Holds what comes behind the next so many."""
        with self.lock:
            self.held[path] = threading.Event(), self.requests_to(path) + behind

    def let_go(self, path):
        with self.lock:
            self.held.pop(path)[0].set()

    def got(self, path):
        with self.lock:
            return [request for request in self.requests if request.path == path]

    def wait(self, path, count=1):
        return wait_until(f"{path} got {count}", lambda: (lambda got: got if len(got) >= count else None)(self.got(path)))


class DeliverTest(HerdTest):
    def setUp(self):
        super().setUp()
        self.receiver = Receiver(self)
        os.makedirs(self.state + "/spool", mode=0o700)
        os.chmod(self.state, 0o700)

    def webhook(self, name, kind="webhook", **options):
        options.setdefault("url", self.receiver.url("/" + name))
        lines = []
        for key, value in options.items():
            if isinstance(value, list):
                value = "{" + ", ".join(map(self.quote, value)) + "}"
            lines.append(f"  {key} = {self.quote(value) if isinstance(value, str) and not isinstance(options[key], list) else value}")
        self.write(f"conf.d/{kind}-{name}.conf", f'{kind} "{name}" {{\n' + "\n".join(lines) + "\n}\n")

    def spool(self, *ids, round=None, type="worker.started", subject="w:1", at_ms=None, is_new=True):
        """Leaves events in the spool, as a round does. What is owed already stays as it is where it is not IS_NEW."""
        name = round or f"round-{next(numbers):06}"
        at_ms = at_ms or int(time.time() * 1000)
        with open(f"{self.state}/spool/{name}", "a") as file:
            for id in ids:
                event = {"id": id, "type": type, "source": "/cronherd/host/user", "subject": subject, "at_ms": at_ms,
                         "data": {"worker": "w", "pid": 42}}
                file.write(json.dumps(event) + "\n")
        if is_new or self.owed_s() is None:
            with open(self.state + "/owed", "a"):
                os.utime(self.state + "/owed")

    def deliver(self, *args, check=None):
        return self.herd("deliver", *args, check=check)

    def begin(self, *args):
        """A courier that goes on; it is waited for when the test ends."""
        process = subprocess.Popen([FULL, "-c", self.config, "deliver", *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)

        def end():
            if process.poll() is None:
                process.kill()
            process.communicate()
        self.addCleanup(end)
        return process

    def webhooks(self):
        shown = json.loads(self.deliver("--status", "--json", check=0).stdout)
        self.assertEqual(shown["version"], 1)
        return {webhook["name"]: webhook for webhook in shown["webhooks"]}

    def dead(self):
        return json.loads(self.deliver("--dead", "--json", check=0).stdout)["dead"]

    def ids(self, path):
        return [request.event["id"] for request in self.receiver.got(path)]

    def owed_s(self):
        """How far ahead the next courier is called; None: it is not."""
        try:
            return os.stat(self.state + "/owed").st_mtime - time.time()
        except FileNotFoundError:
            return None


class Sending(DeliverTest):
    def test_nothing_is_owed(self):
        self.webhook("a")
        os.rename(self.state, self.state + ".away")
        self.assertEqual(self.deliver(check=0).stdout, "nothing is owed\n")
        self.assertFalse(os.path.exists(self.state))
        os.rename(self.state + ".away", self.state)
        self.assertEqual(self.deliver(check=0).stdout, "nothing is owed\n")
        self.assertFalse(os.path.exists(self.state + "/journal.db"), "nothing to keep, no journal")

    def test_in_order_to_each_side_by_side(self):
        self.webhook("slow")
        self.webhook("quick")
        self.receiver.hold("/slow")
        ids = [f"e{n}" for n in range(150)]
        self.spool(*ids)
        courier = self.begin()
        wait_until("the quick one has all", lambda: self.ids("/quick") == ids)
        self.assertEqual(self.ids("/slow"), ids[:1], "one at a time")
        self.receiver.let_go("/slow")
        self.assertEqual(courier.wait(PATIENCE), 0)
        self.assertEqual(self.ids("/slow"), ids)
        self.assertEqual(self.ids("/quick"), ids)
        self.assertEqual(courier.stdout.read(), "300 events delivered\n")
        self.assertEqual(os.listdir(self.state + "/spool"), [])
        self.assertIsNone(self.owed_s())
        self.assertEqual(read(self.state + "/deliveries"), "cronherd-deliveries 1\n" + "".join(
            f"webhook {name} owed 0 delivered 150 dead 0 failing_since_ms 0 disabled 0\n" for name in ("quick", "slow")))

    def test_tried_again_as_it_was(self):
        self.webhook("a")
        self.receiver.answer("/a", (500,), (204,))
        self.spool("e1", "e2")
        self.deliver(check=0)  # the second try is due so soon that it is waited for
        self.assertEqual(self.ids("/a"), ["e1", "e1", "e2"])
        first, second, _ = self.receiver.got("/a")
        self.assertEqual(first.body, second.body)

    def test_an_event_is_sent_once_however_often_it_is_spooled(self):
        self.webhook("a")
        self.spool("e1")
        self.deliver(check=0)
        self.spool("e1", "e2")
        self.deliver(check=0)
        self.assertEqual(self.ids("/a"), ["e1", "e2"])

    def test_only_what_is_asked_for(self):
        self.worker("w", "sleep 1000")
        self.webhook("a", events=["worker.fatal"], workers=["w"])
        self.spool("no")
        self.spool("yes", type="worker.fatal")
        self.spool("other", type="worker.fatal", subject="x:1")
        self.deliver(check=0)
        self.assertEqual(self.ids("/a"), ["yes"])

    def test_what_cannot_be_sent_stays_owed_for_later(self):
        self.webhook("a", url="http://127.0.0.1:1/")
        self.spool("e1")
        done = self.deliver(check=1)
        self.assertRegex(done.stdout, "^1 event still owed: the next try is in [1-9]")
        self.assertEqual(self.webhooks()["a"]["state"], "failing")
        self.assertEqual(self.webhooks()["a"]["failures"], 2)
        self.assertGreater(self.owed_s(), 60)
        self.webhook("a")
        self.deliver(check=0)  # another URL is another chance
        self.assertEqual(self.ids("/a"), ["e1"])

    def test_verbose_says_the_host_and_never_the_path(self):
        self.webhook("a", url=self.receiver.url("/hidden?token=hidden"))
        self.receiver.answer("/hidden?token=hidden", (404,), (204,))
        self.spool("e1")
        done = self.herd("-v", "deliver", check=0)
        self.assertIn("127.0.0.1", done.stderr)
        self.assertIn("404", done.stderr)
        shown = done.stdout + done.stderr + self.deliver("--status").stdout + self.deliver("--reach").stdout
        self.assertNotIn("hidden", shown)

    def test_real_rounds_are_told(self):
        self.webhook("a")
        self.worker("w", "sleep 1000", numprocs=2)
        self.herd("run", check=0)
        self.receiver.wait("/a", 2)
        self.herd("stop", check=0)
        self.receiver.wait("/a", 4)
        told = [(request.event["type"], request.event["subject"]) for request in self.receiver.got("/a")]
        self.assertEqual(sorted(told[:2]), [("cronherd.worker.started", "w:1"), ("cronherd.worker.started", "w:2")])
        self.assertEqual(sorted(told[2:]), [("cronherd.worker.stopped", "w:1"), ("cronherd.worker.stopped", "w:2")])


class Answers(DeliverTest):
    def test_gone_is_disabled_until_it_is_enabled(self):
        self.webhook("a")
        self.webhook("b")
        self.receiver.answer("/a", (410,), (204,))
        self.spool("e1", "e2")
        done = self.deliver(check=1)
        self.assertIn("deliver --enable a", done.stderr)
        self.spool("e3")
        self.deliver(check=0)
        self.assertEqual(self.ids("/a"), ["e1"])
        self.assertEqual(self.ids("/b"), ["e1", "e2", "e3"])
        self.assertEqual(self.webhooks()["a"]["state"], "disabled")
        self.assertEqual([letter["id"] for letter in self.dead()], ["e1", "e2", "e3"])
        self.assertIn("disabled", self.deliver("--replay", "a", check=1).stderr)
        self.deliver("--enable", "a", check=0)
        self.assertEqual(self.webhooks()["a"]["state"], "ok")
        self.assertEqual(self.deliver("--replay", "a", check=0).stdout.split()[0], "3")
        self.assertLessEqual(self.owed_s(), 0)
        self.deliver(check=0)
        self.assertEqual(self.ids("/a"), ["e1", "e1", "e2", "e3"])
        self.assertEqual(self.dead(), [])

    def test_refused_is_a_dead_letter_and_the_next_go_on(self):
        self.webhook("a")
        self.receiver.answer("/a", (422,), (422,), (422,), (204,))
        self.spool("e1", "e2")
        for _ in range(3):
            self.deliver("--now")
        self.assertEqual(self.ids("/a"), ["e1", "e1", "e1", "e2"])
        (letter,) = self.dead()
        self.assertEqual((letter["id"], letter["webhook"], letter["type"]), ("e1", "a", "worker.started"))
        self.assertEqual(letter["attempts"], 3)
        self.assertIn("422", letter["why"])
        self.assertIn("e1", self.deliver("--dead", check=0).stdout)
        self.deliver("--replay", "e1", check=0)
        self.deliver(check=0)
        self.assertEqual(self.ids("/a"), ["e1", "e1", "e1", "e2", "e1"])

    def test_dead_letters_are_purged(self):
        self.webhook("a")
        self.webhook("b")
        self.receiver.answer("/a", (410,))
        self.receiver.answer("/b", (410,))
        self.spool("e1", "e2")
        self.deliver()
        self.deliver("--purge", "e1", check=0)
        self.assertEqual([(letter["id"], letter["webhook"]) for letter in self.dead()], [("e2", "a"), ("e2", "b")])
        self.deliver("--purge", "a", check=0)
        self.assertEqual([(letter["id"], letter["webhook"]) for letter in self.dead()], [("e2", "b")])
        self.assertEqual(self.deliver("--purge", check=0).stdout, "1 dead letter is forgotten\n")
        self.assertEqual(self.dead(), [])

    def test_a_pause_is_kept(self):
        self.webhook("a")
        self.receiver.answer("/a", (429, {"Retry-After": "3600"}), (204,))
        self.spool("e1")
        self.deliver(check=1)
        self.deliver(check=1)
        self.assertEqual(self.ids("/a"), ["e1"])
        self.assertEqual(self.webhooks()["a"]["state"], "sleeping")
        self.assertIn("sleeping for", self.deliver("--status").stdout)
        self.deliver("--now", check=0)
        self.assertEqual(self.ids("/a"), ["e1", "e1"])
        self.assertEqual(self.webhooks()["a"]["state"], "ok")

    def test_old_is_dead(self):
        self.webhook("a", url="http://127.0.0.1:1/", max_age="1s")
        self.spool("e1")
        wait_until("it is given up", lambda: self.deliver("--now") and self.dead())
        self.assertIn("max_age", self.dead()[0]["why"])

    def test_mistakes_are_complained_of_once(self):
        self.webhook("a")
        self.receiver.answer("/a", (404,))
        self.spool("e1")
        self.deliver("--detached", check=1)
        self.assertIn("webhook a: 127.0.0.1: 404", read(self.state + "/complaints"))
        self.assertIn("webhook a: 127.0.0.1: 404", self.herd("run", check=0).stderr)
        self.assertEqual(self.herd("run", check=0).stderr, "")
        self.receiver.answer("/a", (204,))
        self.deliver("--now", check=0)
        self.assertFalse(os.path.exists(self.state + "/complaints"))


class Couriers(DeliverTest):
    def test_only_one_at_a_time(self):
        self.webhook("a")
        self.receiver.hold("/a")
        self.spool("e1")
        first = self.begin("--detached")
        self.receiver.wait("/a")
        self.assertEqual(self.deliver("--detached", check=1).stdout, "", "it leaves at once")
        self.spool("e2")
        self.assertEqual(self.deliver("--detached", check=1).stderr, "")
        self.assertEqual(self.ids("/a"), ["e1"])
        self.receiver.let_go("/a")
        self.assertEqual(first.wait(PATIENCE), 0)
        self.assertEqual(self.ids("/a"), ["e1", "e2"], "and who was at work has sent it")

    def test_a_person_waits_for_it(self):
        self.webhook("a")
        self.receiver.hold("/a")
        self.spool("e1")
        first = self.begin("--detached")
        self.receiver.wait("/a")
        second = self.begin()
        wait_until("it is at work", lambda: "deliver" in read(f"/proc/{second.pid}/cmdline"))
        self.receiver.let_go("/a")
        self.assertEqual(first.wait(PATIENCE), 0)
        self.assertEqual(second.wait(PATIENCE), 0)
        self.assertEqual(second.stdout.read(), "nothing is owed\n")

    def test_killed_in_mid_delivery(self):
        self.webhook("a")
        ids = [f"e{n}" for n in range(40)]
        for at in (1, 7, 20):
            self.spool(*ids)
            self.receiver.hold("/a", behind=at)
            courier = self.begin("--detached")
            self.receiver.wait("/a", at + 1)
            courier.send_signal(signal.SIGKILL)
            courier.wait()
            self.receiver.let_go("/a")
            self.assertLessEqual(self.owed_s(), 0, "another one is called")
            self.deliver(check=0)
            got = self.receiver.got("/a")
            self.assertEqual(list(dict.fromkeys(request.event["id"] for request in got)), ids, "all, in order")
            bodies = {}
            for request in got:
                self.assertEqual(bodies.setdefault(request.event["id"], request.body), request.body)
            ids = [f"at{at}-{id}" for id in ids]
            with self.receiver.lock:
                self.receiver.requests.clear()

    def end_of_a_courier(self):
        """Its last looks into spool/, and the calls by which it says when it is owed again: numbers of system calls."""
        self.spool("first")
        trace = os.path.join(self.dir, "trace")
        subprocess.run([*traced(output=trace), FULL, "-c", self.config, "deliver", "--detached"], check=True)
        counts, looks, notes = collections.Counter(), [], []
        for line in read(trace).splitlines():
            name = (re.match(r"\d+ +(\w+)\(", line) or [line, "?"])[1]
            counts[name] += 1
            if name == "getdents64":
                looks.append(counts[name])
            elif '"owed' in line and name in ("unlinkat", "renameat", "utimensat"):
                notes.append((name, counts[name]))
        self.assertTrue(looks and notes, read(trace))
        return looks[-8:], notes

    def test_killed_when_something_comes_at_its_end(self):
        """A round has spooled something and left it to the courier, which is killed before it has seen it: the next round knows."""
        self.webhook("a")
        self.herd("run", check=0)
        looks, notes = self.end_of_a_courier()
        for look, (note, number) in itertools.product(looks, notes):
            first, second = (f"{look}-{note}-{number}-{n}" for n in range(2))
            output = os.path.join(self.dir, "trace-" + second)
            with self.subTest(second):
                self.spool(first)
                courier = subprocess.Popen([*traced("-e", f"inject=getdents64:signal=STOP:when={look}", "-e",
                                                    f"inject={note}:signal=KILL:when={number}", output=output),
                                            FULL, "-c", self.config, "deliver", "--detached"])
                self.addCleanup(courier.wait)
                wait_until("it stands still, or has ended",
                           lambda: "stopped by SIGSTOP" in read(output) or courier.poll() is not None)
                self.spool(second, is_new=False)
                if courier.poll() is None:
                    os.kill(int(read(output).split()[0]), signal.SIGCONT)
                courier.wait(PATIENCE)
                self.herd("run", check=0)
                wait_until("all has been delivered", lambda: {first, second} <= set(self.ids("/a")))
                wait_until("the courier has ended", lambda: not self.minders())

    def test_it_ends_though_nobody_answers(self):
        """Or so slowly that there is no end to it."""
        self.webhook("a", timeout="30s")
        self.receiver.hold("/a")
        self.webhook("slow", events=["worker.stopped"])
        self.receiver.delays["/slow"] = 4
        self.spool("e1")
        self.spool(*[f"s{n}" for n in range(30)], type="worker.stopped")
        courier = self.begin("--detached")
        self.assertEqual(courier.wait(50 + PATIENCE), 1)
        self.assertEqual(self.ids("/a"), ["e1", "e1"])
        webhook = self.webhooks()["a"]
        self.assertEqual((webhook["owed"], webhook["failures"]), (31, 1), "a time cut short is not held against it")
        self.assertLessEqual(self.owed_s(), 0)
        self.assertIn(len(self.ids("/slow")), range(2, 30))
        self.receiver.let_go("/a")
        self.receiver.delays.clear()
        self.deliver(check=0)
        self.assertEqual(self.ids("/a")[:3], ["e1", "e1", "e1"])
        self.assertEqual(set(self.ids("/slow")), {f"s{n}" for n in range(30)})

    def test_a_secret_that_cannot_be_read_sends_nothing(self):
        secret = self.write("secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n", 0o600)
        self.webhook("a", secret_file=secret)
        self.webhook("b")
        self.spool("e1")
        os.chmod(secret, 0o644)
        done = self.deliver(check=1)
        self.assertIn(secret, done.stderr)
        self.assertEqual(self.ids("/a"), [])
        self.assertEqual(self.ids("/b"), ["e1"])
        os.chmod(secret, 0o600)
        self.deliver(check=0)
        (request,) = self.receiver.got("/a")
        self.assertEqual(request.headers["webhook-id"], "e1")
        self.assertTrue(request.headers["webhook-signature"].startswith("v1,"))

    def test_a_corrupt_journal_is_said_once_and_stops_nothing(self):
        self.webhook("a")
        self.spool("e1")
        self.deliver(check=0)
        with open(self.state + "/journal.db", "r+b") as file:
            file.write(b"no database at all" * 100)
        self.spool("e2")
        self.deliver("--detached", check=0)
        self.assertEqual(self.ids("/a"), ["e1", "e2"])
        self.spool("e3")
        self.deliver("--detached", check=0)
        self.assertIn("journal, mended: ", self.herd("run").stderr)
        self.assertEqual(self.herd("run").stderr, "")

    def test_a_journal_that_was_moved_aside_is_asked_what_is_owed(self):
        self.webhook("a", url="http://127.0.0.1:1/")
        self.spool("e1")
        self.deliver(check=1)
        # A courier found it corrupt, and ended before it was carried over.
        os.rename(self.state + "/journal.db", self.state + "/journal.db.salvage")
        os.unlink(self.state + "/owed")
        self.webhook("a")
        self.deliver(check=0)
        self.assertEqual(self.ids("/a"), ["e1"])

    def test_a_journal_that_cannot_be_had_keeps_what_is_spooled(self):
        self.webhook("a")
        os.mkdir(self.state + "/journal.db")
        self.spool("e1")
        self.assertIn("journal.db", self.deliver(check=3).stderr)
        self.assertEqual(len(os.listdir(self.state + "/spool")), 1)
        os.rmdir(self.state + "/journal.db")
        self.deliver(check=0)
        self.assertEqual(self.ids("/a"), ["e1"])


class Many(DeliverTest):
    def test_a_digest(self):
        self.webhook("a", digest=5)
        self.webhook("b")
        self.spool(*[f"e{n}" for n in range(6)], round="one")
        self.spool(*[f"f{n}" for n in range(4)], round="two", at_ms=int(time.time() * 1000) + 60000)
        self.receiver.answer("/a", (500,), (204,))
        self.deliver(check=0)
        first, again, *rest = self.receiver.got("/a")
        self.assertEqual(first.event["type"], "cronherd.webhook.digest")
        self.assertEqual(first.body, again.body)
        self.assertEqual([event["id"] for event in first.event["data"]["events"]], [f"e{n}" for n in range(6)])
        self.assertEqual([request.event["id"] for request in rest], [f"f{n}" for n in range(4)])
        self.assertEqual(len(self.receiver.got("/b")), 10)
        self.assertEqual(self.webhooks()["a"]["delivered"], 10)

    def test_flapping(self):
        self.webhook("a", flap=3)
        for n in range(8):
            self.spool(f"e{n}", type=("worker.started", "worker.stopped")[n % 2])
        self.spool("other", subject="w:2")
        self.spool("fatal", type="worker.fatal")
        self.deliver(check=0)
        self.assertEqual(self.ids("/a"), ["e0", "e1", "e2", "other", "fatal"])
        told = [request.event["data"].get("held_back") for request in self.receiver.got("/a")]
        self.assertEqual(told, [None, None, None, None, 5])
        self.spool("later", at_ms=int(time.time() * 1000) + 700000)
        self.deliver(check=0)
        self.assertEqual(self.ids("/a")[-1], "later")


class Pings(DeliverTest):
    def test_what_was_taken_is_not_sent_again(self):
        self.webhook("p", kind="ping")
        self.receiver.answer("/p", (200, {}, "OK"))
        self.herd("run", check=0)
        wait_until("it was sent", lambda: "ping p ended" in read(self.state + "/beat.sent"))
        before = len(self.receiver.requests)
        self.deliver(check=0)
        self.deliver("--now", check=0)
        self.assertEqual(len(self.receiver.requests), before)

    def beat(self, exit_status, age_s=0, rid="01234567-89ab-4def-8123-456789abcdef"):
        at_ms = int((time.time() - age_s) * 1000)
        self.write("state/beat", f"cronherd-beat 1\nstart_wall_ms {at_ms - 5}\nend_wall_ms {at_ms}\nexit_status {exit_status}\nrid {rid}\n"
                   "worker w 0 w:1 FATAL\nbody 5\nhello", 0o600)

    def paths(self):
        return [request.path.split("?")[0] for request in self.receiver.requests]

    def test_an_old_success_is_never_sent_and_a_failure_is(self):
        self.webhook("p", kind="ping", url=self.receiver.url("/p"), style="uptime-kuma")
        self.webhook("w", kind="ping", url=self.receiver.url("/w"), style="uptime-kuma", when="worker w")
        for path in ("/p", "/w"):
            self.receiver.answer(path, (200, {}, '{"ok": true}'))
        self.worker("w", "sleep 1000")
        self.beat(0, age_s=3600)
        self.deliver()
        self.assertEqual(self.paths(), ["/w"])
        self.assertIn("status=down", self.receiver.requests[0].path)
        self.deliver()
        self.assertEqual(self.paths(), ["/w"])

    def test_a_failed_ping_is_tried_again_and_complained_of(self):
        old, new = "01234567-89ab-4def-8123-456789abcdef", "11234567-89ab-4def-8123-456789abcdef"
        self.webhook("p", kind="ping")
        self.receiver.answer(f"/p?rid={old}", (200, {}, "OK (not found)"))
        self.receiver.answer(f"/p?rid={new}", (200, {}, "OK"))
        self.beat(0, rid=old)
        done = self.deliver(check=1)
        self.assertEqual(self.paths(), ["/p/start", "/p", "/p", "/p"])
        for text in (done.stderr, read(self.state + "/complaints")):
            self.assertIn("ping p: 127.0.0.1 does not take it: 200", text)
        self.beat(0, rid=new)
        self.deliver(check=0)
        self.assertFalse(os.path.exists(self.state + "/complaints"))

    def test_a_newer_beat_replaces_what_was_not_sent(self):
        self.webhook("p", kind="ping", style="plain")
        old, new = "01234567-89ab-4def-8123-456789abcdef", "11234567-89ab-4def-8123-456789abcdef"
        self.receiver.answer("/p", (500,), (204,))
        self.beat(0, rid=old)
        courier = self.begin("--detached")
        self.receiver.wait("/p")
        self.beat(0, rid=new)
        self.assertEqual(courier.wait(PATIENCE), 0)
        self.assertEqual(read(self.state + "/beat.sent"), f"cronherd-sent 1\nrid {new}\nping p ended\n")
        self.assertEqual(self.paths(), ["/p", "/p"])


class Asking(DeliverTest):
    def test_a_test_event_stays_out_of_the_queue(self):
        self.webhook("a")
        self.receiver.answer("/a", (200, {}, "thank you\nsecond line"), (404,), (410,))
        done = self.deliver("--test", "a", check=0)
        self.assertRegex(done.stdout, r"^webhook a: 127.0.0.1: 200 OK \(\d+ ms\): delivered\n  thank you\n$")
        self.assertEqual(self.receiver.got("/a")[0].event["type"], "cronherd.webhook.test")
        self.assertIn("404", self.deliver("--test", "a", check=1).stdout)
        self.assertIn("410", self.deliver("--test", "a", check=1).stdout)
        self.assertEqual(self.webhooks()["a"]["state"], "ok")
        self.assertEqual(self.webhooks()["a"]["delivered"], 0)

    def test_reach_sends_nothing(self):
        self.webhook("a")
        self.webhook("down", url="http://127.0.0.1:1/hidden")
        self.webhook("p", kind="ping")
        done = self.deliver("--reach", check=1)
        self.assertEqual([line.split()[:3] for line in done.stdout.splitlines()],
                         [["OK", "webhook", "a:"], ["BAD", "webhook", "down:"], ["OK", "ping", "p:"]])
        self.assertNotIn("hidden", done.stdout)
        self.assertEqual({request.path for request in self.receiver.requests}, {"/"})

    def test_doctor_asks_them_too(self):
        self.assertRegex(self.herd("doctor").stdout, "OK    telling +there is no webhook and no ping")
        self.webhook("a")
        self.webhook("down", url="http://127.0.0.1:1/hidden")
        told = [line.split(None, 2) for line in self.herd("doctor").stdout.splitlines() if line.split()[1] == "telling"]
        self.assertEqual([line[0] for line in told], ["OK", "WARN"])
        self.assertTrue(told[0][2].startswith("webhook a: 127.0.0.1 answers"), told)
        self.assertEqual(told[1][2], "webhook down: 127.0.0.1: no connection: Connection refused")

    def test_unknown_names(self):
        self.webhook("chat")
        for option in ("--test", "--enable", "--replay", "--purge"):
            self.assertIn("did you mean chat?", self.deliver(option, "chatt", check=2).stderr)
            self.assertIn("no such", self.deliver(option, "else", check=2).stderr)
        self.deliver("--nonsense", check=2)
        self.deliver("chat", check=2)
        self.deliver("--status", "--dead", check=2)
        self.deliver("--json", check=2)

    def test_what_has_been_removed_is_shown_and_left_alone(self):
        self.webhook("a", url="http://127.0.0.1:1/")
        self.spool("e1")
        self.deliver(check=1)
        os.unlink(self.conf_dir + "/webhook-a.conf")
        self.webhook("b")
        self.deliver(check=0)
        self.assertEqual((self.webhooks()["a"]["state"], self.webhooks()["a"]["owed"]), ("removed", 1))
        self.assertGreater(self.owed_s(), 60, "it is looked for it later, and not all the time")
        self.write("conf.d/webhook-a.conf", 'webhook "a" { url = "http://127.0.0.1:1/" nonsense = 1 }\n')
        self.deliver(check=1)
        self.assertEqual(self.webhooks()["a"]["state"], "broken")
        self.webhook("a")
        self.deliver(check=0)
        self.assertEqual(self.ids("/a"), ["e1"])

    def test_nobody_complains_of_what_is_configured_no_more(self):
        self.webhook("a")
        self.receiver.answer("/a", (404,))
        self.spool("e1")
        self.deliver("--detached", check=1)
        os.unlink(self.conf_dir + "/webhook-a.conf")
        self.assertEqual(self.herd("-v", "run").stderr, "")
        self.webhook("a")
        self.assertIn("webhook a: ", self.herd("-v", "run").stderr)

    def test_what_it_writes_is_for_its_owner_alone(self):
        self.webhook("a")
        self.spool("e1")
        self.receiver.answer("/a", (404,))
        self.deliver(check=1)
        for name in ("deliveries", "journal.db", "complaints", "trimmed"):
            self.assertEqual(os.stat(f"{self.state}/{name}").st_mode & 0o777, 0o600, name)


if __name__ == "__main__":
    main()
