# SPDX-License-Identifier: ISC
"""Webhooks against real receivers, each as bad as receivers are. The numbered tests are the acceptance cases; number 5, kill -9 at
every moment, is test_crash.py, and number 9, pings, is test_pings.py."""
import base64
import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from email.utils import formatdate

import herdtest
from boxes import need, need_root, odd, other_clock
from herdtest import PATIENCE, PROGRAM, SOURCES, STRACE, read, wait_until
from receivers import Raw, is_signed, make_secret, read_request, signatures, unused_port
from telling import TellingTest, kind


class Webhooks(TellingTest):
    def start(self, numprocs=1, **options):
        self.worker("w", "sleep 1000", numprocs=numprocs, **options)
        self.herd("start", check=0)

    def deliver_until_told(self, *names, count=1):
        self.deliver_until(f"{names} were told", lambda: all(len(self.told(name)) >= count for name in names))

    def first_line(self, wanted):
        """The number of the first line of the Node receiver's record that WANTED is true of; None."""
        return next((i for i, line in enumerate(self.node.lines()) if wanted(line)), None)

    def closed(self, request):
        """How REQUEST ended, or None while it has not."""
        return next((line for line in self.node.lines() if line.get("closed") == request["n"]), None)


class Receiver(Webhooks):
    """That the receiver refuses what is wrong, so that what it says of the right means something."""

    def send(self, name, body, secret, **headers):
        now = str(int(time.time()))
        headers = {"content-type": "application/cloudevents+json", "webhook-id": "1", "webhook-timestamp": now,
                   "webhook-signature": signatures(secret, "1", now, body), **headers}
        urllib.request.urlopen(urllib.request.Request(self.node.url(name), body, headers)).close()
        return self.node.requests(name)[-1]

    def test_it_refuses_what_is_wrong(self):
        secret = make_secret()
        self.node.script("itself", secrets=[secret])
        at = "2026-01-01T00:00:00Z"
        right = {"specversion": "1.0", "id": "1", "source": "/a", "type": "cronherd.worker.started", "time": at, "timestamp": at, "data": {}}
        body = json.dumps(right).encode()
        seen = self.send("itself", body, secret)
        self.assertEqual((seen["signature"], seen["event"]["ok"], seen["faults"]), ([True], True, []))
        self.assertNotEqual(self.send("itself", body, make_secret())["signature"], [True])
        self.assertNotEqual(self.send("itself", body, secret, **{"webhook-timestamp": "1700000000"})["signature"], [True])
        for name in ("specversion", "id", "source", "type", "time", "timestamp"):
            wrong = {key: value for key, value in right.items() if key != name}
            self.assertNotEqual(self.send("itself", json.dumps(wrong).encode(), secret)["faults"], [], name)
        for name, value in {"source": "/ä", "type": "", "under_score": "x", "time": "today", "subject": "a\nb"}.items():
            self.assertNotEqual(self.send("itself", json.dumps({**right, name: value}).encode(), secret)["faults"], [], name)
        self.assertNotEqual(self.send("itself", body.replace(b"/a", b"/\xff"), secret)["faults"], [])


class Acceptance(Webhooks):
    def test_1_an_answer_that_comes_too_late(self):
        """Given up, tried again with the same id, a fresh time and a fresh signature; nobody else waits for it."""
        hold = self.dir + "/never"
        self.webhook("late", {"hold": hold}, {}, timeout="2s")
        self.webhook("prompt")
        self.start()
        first = self.wait_requests("late")[0]
        wait_until("it is given up", lambda: self.closed(first))
        self.assertFalse(self.closed(first)["whole"])
        self.wait_told("prompt")
        prompt = self.first_line(lambda line: line.get("name") == self.hooks["prompt"].receiver)
        end = self.first_line(lambda line: line.get("closed") == first["n"])
        self.assertLess(prompt, end, "the prompt one has been told before the late one was given up")
        self.deliver_until("it is tried again", lambda: len(self.requests("late")) >= 2)
        again = self.requests("late")[1]
        self.assertEqual(again["body_base64"], first["body_base64"])
        self.assertEqual(again["headers"]["webhook-id"], first["headers"]["webhook-id"])
        self.assertGreater(int(again["headers"]["webhook-timestamp"]), int(first["headers"]["webhook-timestamp"]))
        self.assertNotEqual(again["headers"]["webhook-signature"], first["headers"]["webhook-signature"])
        self.assertFalse(os.path.exists(hold))

    def test_2_a_redirect_to_another_host(self):
        elsewhere = Raw(self)
        where = elsewhere.url("/sent/elsewhere").replace("127.0.0.1", "localhost")
        for status in (301, 302, 307, 308):
            self.webhook(f"moved{status}", {"status": status, "headers": {"Location": where}})
        self.start()
        for status in (301, 302, 307, 308):
            self.wait_requests(f"moved{status}")
        for status in (301, 302, 307, 308):
            self.wait_said(f"moved{status}", str(status))
        self.herd("deliver", "--now")
        status = self.herd("deliver", "--status", check=0).stdout
        self.assertIn("301", status)
        self.assertNotIn("elsewhere", "".join(self.said) + status)
        self.assertEqual(elsewhere.connections, 0)
        self.answer("moved301", {})
        self.deliver_until("it is delivered where it does not redirect",
                           lambda: [r for r in self.requests("moved301") if not r["answer"].get("status")])

    def test_3_two_secrets_while_they_are_rotated(self):
        old, new = make_secret(), make_secret(64)
        self.webhook("file", secrets=[old, new])
        self.webhook("files", secrets=[old, new], secret_file=[self.secret_file("old", old), self.secret_file("new", new)])
        self.webhook("inline", secrets=[old, new], secret_file=None, secret=[old, new])
        os.chmod(self.config, 0o600)
        self.start()
        for name in ("file", "files", "inline"):
            request = self.wait_requests(name)[0]
            self.assertEqual(len(request["headers"]["webhook-signature"].split(" ")), 2)
            self.assertEqual(request["signature"], [True, True], "who knows only one of them, and who knows only the other")
        # And when the old one is gone for good.
        self.secret_file("file.secret", new)
        self.hooks["file"].secrets.remove(old)
        self.node.script(self.hooks["file"].receiver, secrets=[old])
        self.herd("stop", check=0)
        request = self.wait_requests("file", 2)[1]
        self.assertNotEqual(request["signature"], [True])
        self.assertTrue(is_signed(new, request["headers"], base64.b64decode(request["body_base64"])))
        self.receivers.remove(self.hooks["file"].receiver)

    def test_4_odd_names_commands_and_logs(self):
        """All that is text may be odd; bodies are verified at the end of the test, and source and headers stay ASCII."""
        need_root()
        need("unshare")
        self.webhook("structured")
        self.webhook("binary", format="cloudevents-binary")
        for format in ("slack", "discord", "ntfy"):
            self.webhook(format, format=format)
        name = "почта🐑&<b>"
        script = self.script("odd.sh", """#!/bin/sh
printf '\\377\\033[1m"quoted" 100%% \\\\ \\001\\n\\360\\237\\220\\n' >&2
sleep 0.2
exit 1
""")
        self.worker(name, f'{script} "café" \\"', file="odd", startsecs=0, autorestart="never")
        rename = "import os, socket, sys; socket.sethostname(b'h\\xc3\\xbcrde & \\xff'); os.execv(sys.argv[1], sys.argv[1:])"
        subprocess.run(["unshare", "--uts", sys.executable, "-c", rename, PROGRAM, "-c", self.config, "run"], stdin=subprocess.DEVNULL)
        told = self.wait_told("structured", 2)
        self.assertEqual([kind(e) for e in told], ["worker.started", "worker.stopped"])
        self.assertEqual(told[0]["subject"], name + ":1")
        self.assertEqual(told[0]["data"]["worker"], name)
        self.assertEqual(told[0]["data"]["command"], f'{script} "café" \\"')
        self.assertIn("\ufffd", told[1]["data"]["log_tail"])
        self.assertIn('"quoted"', told[1]["data"]["log_tail"])
        for request in self.wait_requests("binary", 2):
            headers = request["headers"]
            self.assertTrue(all(value.isascii() and value.isprintable() for value in headers.values()), headers)
            self.assertEqual(json.loads(request["body"])["worker"], name)
            self.assertEqual(urllib.request.unquote(headers["ce-subject"]), name + ":1")
        self.assertEqual([json.loads(r["body"]) for r in self.requests("binary")], [e["data"] for e in told])
        self.assertEqual([r["headers"]["ce-id"] for r in self.requests("binary")], [e["id"] for e in told])
        slack = json.loads(self.wait_requests("slack", 2)[0]["body"])
        self.assertIn("почта🐑&amp;&lt;b&gt;:1", slack["text"])
        discord = json.loads(self.wait_requests("discord", 2)[0]["body"])
        self.assertEqual(discord["allowed_mentions"], {"parse": []})
        self.assertLessEqual(len(discord["content"]), 2000)
        ntfy = self.wait_requests("ntfy", 2)[0]
        self.assertIn("почта🐑", ntfy["body"])
        self.assertTrue(all(value.isascii() for value in ntfy["headers"].values()), ntfy["headers"])

    def test_6_what_follows_a_good_status_does_not_matter(self):
        """200, and then a cut, an endless or a trickling body: delivered once, memory bounded."""
        ends = ("cut", "endless", "trickle")
        for end in ends:
            self.webhook(end, {"status": 500}, {"status": 200, "kind": end}, timeout="3s")
        self.start()
        for end in ends:
            self.wait_requests(end)
        peaks = []

        def turn():
            process = subprocess.Popen([PROGRAM, "-c", self.config, "deliver", "--now"], stdin=subprocess.DEVNULL,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            peaks.append(usage.ru_maxrss)
            return all(len(self.requests(end)) >= 2 for end in ends)
        wait_until("all were tried again", turn)
        self.assertLess(max(peaks), 64 << 10)
        self.herd("deliver", "--now", check=0)
        self.herd("run", check=0)
        wait_until("nothing is owed", lambda: self.owed() == {end: 0 for end in ends})
        self.assertEqual([len(self.requests(end)) for end in ends], [2, 2, 2])

    def owed(self):
        """What is owed to each webhook, by what `deliver --status` says."""
        status = json.loads(self.herd("deliver", "--status", "--json", check=0).stdout)
        return {hook["name"]: hook["owed"] for hook in status["webhooks"]}

    def at(self, seconds, *args, **options):
        """cronherd with a clock that is SECONDS ahead (or back)."""
        return self.herd(*args, env=other_clock(seconds), **options)

    def test_7_retry_after(self):
        """As seconds, as a date, negative, garbage, too much; obeyed or clamped. The clock that is looked at is not the one of the
        test: faketime has deliver see a later one."""
        forms = {"seconds": "600", "date": formatdate(time.time() + 600, usegmt=True), "little": "1", "negative": "-5", "garbage": "soon",
                 "much": "99999999999"}
        for name, form in forms.items():
            self.webhook(name, {"status": 429, "headers": {"Retry-After": form}}, {}, secrets=[])
        self.start()
        for name in forms:
            self.wait_requests(name)
        self.quiet()

        def after(seconds, *args):
            self.at(seconds, "deliver", *args)
            self.quiet()
            return {name for name in forms if len(self.requests(name)) > 1}
        # Garbage is no pause: the schedule's first step, some seconds.
        self.assertEqual(after(20), {"negative", "garbage"})
        self.assertEqual(after(90), {"negative", "garbage", "little"})
        self.assertEqual(after(500), {"negative", "garbage", "little"})
        self.assertEqual(after(700), {"negative", "garbage", "little", "seconds", "date"})
        self.assertEqual(after(23 * 3600), {"negative", "garbage", "little", "seconds", "date"})
        self.assertEqual(after(25 * 3600), set(forms))

    def test_7_the_clock_is_set_back(self):
        """What was to wait an hour does not wait for the ten days that the clock was ahead."""
        long = {"status": 429, "headers": {"Retry-After": "86400"}}
        self.webhook("hook", long, {"status": 429, "headers": {"Retry-After": "3600"}}, {}, secrets=[], max_age="60d")
        self.start()
        self.wait_requests("hook")
        self.quiet()
        days = 10 * 86400
        self.at(days, "deliver")
        self.assertEqual(len(self.requests("hook")), 2)
        self.at(days + 1800, "deliver")
        self.assertEqual(len(self.requests("hook")), 2, "it is obeyed")
        # A round finds that it cannot be so, and has the wait become what it should have been.
        self.herd("run", check=0)
        self.quiet()
        self.assertEqual(len(self.requests("hook")), 2)
        self.at(30 * 3600, "deliver")
        self.assertEqual(len(self.requests("hook")), 3, "it is clamped")

    def test_8_gone_with_a_full_queue(self):
        self.webhook("gone", {"status": 500}, {"status": 410})
        self.webhook("other")
        self.start(numprocs=5)
        self.wait_requests("gone")
        self.wait_told("other", 5)
        self.deliver_until("it is gone", lambda: len(self.requests("gone")) >= 2)
        self.quiet()
        # Disabled, over runs and for what comes later.
        self.herd("stop", check=0)
        self.wait_told("other", 10)
        for _ in range(2):
            self.herd("run", check=0)
            self.herd("deliver", "--now")
        self.quiet()
        self.assertEqual(len(self.requests("gone")), 2)
        status = json.loads(self.herd("deliver", "--status", "--json", check=0).stdout)
        gone = next(hook for hook in status["webhooks"] if hook["name"] == "gone")
        self.assertEqual((gone["owed"], gone["dead"]), (0, 10))
        # Enabled, and replayed: the same ones, in the same order.
        self.answer("gone", {})
        self.herd("deliver", "--enable", "gone", check=0)
        self.herd("deliver", "--replay", "gone")
        self.deliver_until("all are delivered after all", lambda: len(self.told("gone")) >= 10)
        self.assertEqual([e["id"] for e in self.told("gone")], [e["id"] for e in self.told("other")])
        self.assertEqual(len(self.requests("gone")), 12)

    def test_8_gone_until_its_url_changes(self):
        self.webhook("gone", {"status": 410})
        self.start()
        self.wait_requests("gone")
        self.quiet()
        self.herd("stop", check=0)
        self.herd("deliver", "--now")
        self.quiet()
        self.assertEqual(len(self.requests("gone")), 1)
        hook = self.hooks["gone"]
        self.webhook("gone", secrets=hook.secrets)
        self.herd("start", check=0)
        self.wait_told("gone")
        self.assertEqual([kind(e) for e in self.told("gone")], ["worker.started"])


class Secrets(Webhooks):
    """Acceptance case 10."""
    PATH = "T0PSECRETpath"
    QUERY = "T0PSECRETquery"
    USER = "T0PSECRETuser"
    HEADER = "T0PSECRETheader"

    def setUp(self):
        super().setUp()
        self.secret = make_secret()
        failing = {"status": 500, "body": "no"}
        self.hook = self.webhook("hook", failing, secrets=[self.secret], headers=[f"Authorization: Bearer {self.HEADER}"])
        base = self.node.url(self.hook.receiver, self.PATH) + f"?token={self.QUERY}"
        self.urls = {
            "hook": base,
            "down": f"http://127.0.0.1:{unused_port()}/{self.PATH}",
            "nobody": f"http://nobody.invalid/{self.PATH}",
            "moved": None,
        }
        moved = self.webhook("moved", {"status": 301, "headers": {"Location": f"http://127.0.0.1:1/{self.PATH}"}}, secrets=[self.secret])
        self.urls["moved"] = self.node.url(moved.receiver, self.PATH)
        self.section("webhook", "hook", url=self.urls["hook"], secret_file=self.secret_file("secret", self.secret),
                     headers=[f"Authorization: Bearer {self.HEADER}"])
        for name in ("down", "nobody", "moved"):
            self.section("webhook", name, url=self.urls[name], secret=self.secret,
                         proxy=f"http://{self.USER}:{self.USER}@127.0.0.1:{unused_port()}" if name == "down" else None)
        for style in ("healthchecks", "uptime-kuma", "cronitor", "plain"):
            self.section("ping", style, url=self.node.url(self.receiver("ping", failing), self.PATH), style=style)
        os.chmod(self.config, 0o600)
        self.words = [self.PATH, self.QUERY, self.USER, self.HEADER, self.secret, self.secret.removeprefix("whsec_")]

    def write_main(self, extra=None):
        super().write_main(extra)
        os.chmod(self.config, 0o600)

    def assert_hidden(self, text, where):
        for word in self.words:
            self.assertNotIn(word, text, where)

    def state_files(self):
        for folder, _, files in os.walk(self.state):
            for name in files:
                if os.path.islink(os.path.join(folder, name)):
                    continue
                with open(os.path.join(folder, name), "rb") as file:
                    yield name, file.read().decode("latin-1")

    def test_10_nowhere_to_be_seen(self):
        """strace, ps, -v, all verbs' output, the state directory: no secret, no path of a URL."""
        self.worker("w", "sh -c 'echo started; exec sleep 1000'")
        trace = self.dir + "/trace"
        # It follows the worker, too, and so does not end: it is ended when all has happened.
        with open(self.dir + "/said", "w") as said:
            tracer = subprocess.Popen([*STRACE, "-I", "2", "-f", "-qq", "-s", "10000", "-e", "trace=execve,write,writev,pwrite64", "-o", trace, PROGRAM,
                                       "-c", self.config, "-v", "start"], stdin=subprocess.DEVNULL, stdout=said, stderr=said)
        try:
            wait_until("all were tried", lambda: self.requests("hook") and self.requests("moved"))
            self.quiet()
        finally:
            tracer.terminate()
            tracer.wait()
        self.assertIn("w:1", read(self.dir + "/said"))
        self.assert_hidden(read(self.dir + "/said"), "start -v")
        for pid in self.minders() + self.marked():
            self.assert_hidden(read(f"/proc/{pid}/cmdline") + read(f"/proc/{pid}/environ"), f"process {pid}")
        outputs = ["run -v", "-v deliver --now", "deliver --status", "deliver --status --json", "deliver --test hook", "deliver --test down",
                   "deliver --test nobody", "deliver --test moved", "events", "events --json", "status", "status --json", "check", "config",
                   "config --all", "config --json", "config --env w:1", "doctor", "logs w", "run"]
        for arguments in outputs:
            verbose = arguments.replace("run -v", "-v run").split()
            done = self.herd(*verbose)
            self.assert_hidden(done.stdout + done.stderr, arguments)
        # The trace is of all processes of that start, the courier too: what went over sockets is not looked at there.
        lines = [line for line in read(trace).splitlines() if "HTTP/1.1" not in line]
        self.assertTrue(any("execve(" in line and "deliver" in line for line in lines), "the courier was traced")
        for line in lines:
            self.assert_hidden(line, "trace")
        for name, text in self.state_files():
            if name != "conf.cache":
                self.assert_hidden(text, name)
        self.assertIn("journal.db", [name for name, _ in self.state_files()])

    def test_10_errors_of_configuration_do_not_show_it(self):
        self.worker("w", "sleep 1000")
        right = self.urls["hook"]
        bad = {
            "scheme": {"url": f"ftp://host/{self.PATH}", "secret": self.secret},
            "no scheme": {"url": f"host/{self.PATH}", "secret": self.secret},
            "user": {"url": f"http://{self.USER}:{self.USER}@host/{self.PATH}", "secret": self.secret},
            "proxy": {"url": right, "secret": self.secret, "proxy": f"socks5://{self.USER}:{self.USER}@host"},
            "space": {"url": f"http://host/{self.PATH} x", "secret": self.secret},
            "secret": {"url": right, "secret": "whsec_" + base64.b64encode(b"T0PSECRETpath").decode()},
            "format": {"url": right, "secret": self.secret, "format": "smoke"},
            "header": {"url": right, "headers": [f"No colon {self.HEADER}"]},
            "ca": {"url": right, "ca_file": "/nowhere/ca.pem"},
        }
        for what, options in bad.items():
            self.section("webhook", "hook", **options)
            done = self.herd("run")
            self.assert_hidden(done.stdout + done.stderr, what)
            self.assertNotIn("VDBQU0VDUkVU", done.stdout + done.stderr)
            if what != "ca":
                self.assertEqual(done.returncode, 2, what)
                self.assertRegex(done.stderr, r"cronherd\.conf:\d+: ", what)
            self.assertIsNotNone(self.pid("w:1"), "workers are kept all the same")

    def test_10_secret_files_that_others_can_read(self):
        self.worker("w", "sleep 1000")
        path = self.secret_file("secret", self.secret)
        cases = {
            "group": lambda: os.chmod(path, 0o640),
            "others": lambda: os.chmod(path, 0o604),
            "writable": lambda: os.chmod(path, 0o620),
            "link": lambda: (os.chmod(path, 0o600), os.rename(path, path + ".real"), os.symlink(path + ".real", path)),
            "missing": lambda: os.unlink(path),
            "folder": lambda: os.mkdir(path, 0o700),
            "empty": lambda: (os.rmdir(path), self.secret_file("secret")),
            "short": lambda: self.secret_file("secret", make_secret(23)),
            "long": lambda: self.secret_file("secret", make_secret(65)),
            "hexadecimal": lambda: self.secret_file("secret", "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"),
        }
        for what, make in cases.items():
            make()
            done = self.herd("run", check=2)
            self.assertIn("secret", done.stderr, what)
            self.assertRegex(done.stderr, r"cronherd\.conf:\d+: ", what)
            self.assert_hidden(done.stdout + done.stderr, what)
            self.assertIsNotNone(self.pid("w:1"), "workers are kept all the same")
        if os.geteuid() == 0:
            self.secret_file("secret", self.secret)
            os.chown(path, 65534, 65534)
            self.assertIn("secret", self.herd("run", check=2).stderr)
            os.chown(path, 0, 0)
        self.secret_file("secret", self.secret)
        self.herd("stop", check=0)
        self.assertEqual(self.wait_requests("hook")[0]["signature"], [True])


class Rules(Webhooks):
    """What else webhooks promise."""

    def test_one_order_and_one_at_a_time(self):
        """A webhook that fails at first gets all, in order, one request after the other."""
        hold = self.dir + "/go"
        self.webhook("hook", {"status": 500}, {"hold": hold})
        self.webhook("other")
        self.start(numprocs=4)
        self.herd("stop", check=0)
        self.wait_told("other", 8)
        self.wait_requests("hook")
        self.write("go", "")
        self.deliver_until_told("hook", count=8)
        self.assertEqual([e["id"] for e in self.told("hook")], [e["id"] for e in self.events()])
        open_request = None
        numbers = {request["n"]: request for request in self.requests("hook")}
        for line in self.node.lines():
            if line.get("n") in numbers:
                self.assertIsNone(open_request, "two at a time")
                open_request = line["n"]
            elif line.get("closed") == open_request:
                open_request = None

    def test_a_request_has_what_it_should(self):
        self.webhook("hook", headers=["X-Mine: here", "Authorization: Bearer abc"])
        self.start()
        request = self.wait_requests("hook")[0]
        headers = request["headers"]
        self.assertEqual(request["method"], "POST")
        self.assertEqual(headers["content-type"], "application/cloudevents+json")
        self.assertRegex(headers["user-agent"], r"^cronherd/\d+\.\d+\.\d+")
        self.assertEqual((headers["x-mine"], headers["authorization"]), ("here", "Bearer abc"))
        self.assertEqual(headers["content-length"], str(len(base64.b64decode(request["body_base64"]))))
        self.assertNotIn("expect", headers)
        self.assertEqual(headers["webhook-id"], json.loads(request["body"])["id"])

    def test_filters(self):
        self.webhook("stops", events=["worker.stopped"])
        self.webhook("globbed", events=["config.*", "cronherd.worker.st*"])
        self.webhook("mails", workers=["mail*"])
        self.webhook("second", workers=["w:2"])
        self.webhook("group", workers=["@some"])
        self.webhook("all")
        self.write("conf.d/group.conf", 'group "some" { workers = {"mail1", "w"} }\n')
        self.worker("mail1", "sleep 1000")
        self.start(numprocs=2)
        self.herd("stop", check=0)
        self.wait_told("all", 6)
        expected = {
            "stops": lambda e: kind(e) == "worker.stopped",
            "globbed": lambda e: True,
            "mails": lambda e: e["subject"] == "mail1:1",
            "second": lambda e: e["subject"] == "w:2",
            "group": lambda e: True,
        }
        for name, wanted in expected.items():
            ids = [e["id"] for e in self.told("all") if wanted(e)]
            self.wait_told(name, len(ids))
            self.assertEqual([e["id"] for e in self.told(name)], ids, name)

    def test_what_is_refused_does_not_stop_the_queue(self):
        """400: a few tries, then a dead letter; what comes after it is delivered."""
        self.webhook("hook", {"status": 400}, {"status": 400}, {"status": 400}, {})
        self.start(numprocs=2)
        self.deliver_until_told("hook", count=2)
        bodies = [r["headers"]["webhook-id"] for r in self.requests("hook")]
        self.assertEqual((len(set(bodies[:3])), len(bodies)), (1, 4))
        self.assertNotEqual(bodies[2], bodies[3])
        dead = self.herd("deliver", "--dead", check=0).stdout
        self.assertIn("hook", dead)
        self.assertIn("400", dead)

    def test_a_network_that_is_not_there(self):
        """Nobody listens, somebody hangs up, somebody speaks otherwise: the same event, until it is taken."""
        for name in ("reset", "garbage"):
            self.webhook(name, {"kind": name}, {})
        port = unused_port()
        hook = self.webhook("down", url=f"http://127.0.0.1:{port}/x")
        self.start()
        for name in ("reset", "garbage"):
            self.deliver_until(f"{name} is over", lambda: len(self.requests(name)) >= 2)
            first, again = self.requests(name)[:2]
            self.assertEqual(first["body_base64"], again["body_base64"])
        self.assertEqual(self.requests("down"), [])
        self.section("webhook", "down", url=self.node.url(hook.receiver), secret_file=f"{self.dir}/down.secret")
        self.deliver_until_told("down")

    def test_a_test_event(self):
        """deliver --test sends at once, and shows what came back."""
        self.webhook("good", {"status": 200, "headers": {"X-Seen": "yes"}, "body": "thank you"})
        self.webhook("bad", {"status": 403, "body": "no entry"})
        done = self.herd("deliver", "--test", "good", check=0)
        self.assertIn("200", done.stdout)
        self.assertIn("thank you", done.stdout)
        self.assertEqual([kind(e) for e in self.told("good")], ["webhook.test"])
        done = self.herd("deliver", "--test", "bad")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("403", done.stdout + done.stderr)
        self.assertIn("no entry", done.stdout + done.stderr)
        self.assertEqual(self.herd("deliver", "--test", "nobody").returncode, 2)

    def test_a_digest_of_many(self):
        """Many that fall in one round are one message where so configured."""
        self.webhook("chat", format="slack")
        self.webhook("digest", digest=5)
        self.webhook("all")
        self.worker("w", "sleep 1000", numprocs=12)
        self.herd("run", check=0)
        self.wait_told("all", 12)
        told = self.wait_told("digest")
        self.assertEqual([kind(e) for e in told], ["webhook.digest"])
        self.assertEqual(sorted(e["id"] for e in told[0]["data"]["events"]), sorted(e["id"] for e in self.told("all")))
        self.assertIn("12", json.loads(self.wait_requests("chat")[0]["body"])["text"])
        self.assertEqual(len(self.requests("chat")), 1)

    def test_what_flaps_is_damped(self):
        """Of an instance that starts and stops all the time, a chat hears a few; the journal has all."""
        self.webhook("chat", format="slack", flap=4, digest=0)
        self.webhook("all")
        self.worker("w", "sh -c 'sleep 0.05; exit 1'", startsecs=0, restart_delay="0s", startretries=1000)
        self.worker("calm", "sleep 1000")
        self.herd("run")
        wait_until("it has flapped", lambda: len([e for e in self.events() if e["subject"] == "w:1"]) >= 12)
        self.herd("stop", check=0)
        self.wait_told("all", what=lambda told: len(told) == len(self.events()))
        self.quiet()
        texts = [json.loads(r["body"])["text"] for r in self.requests("chat")]
        of_it = [text for text in texts if "w:1" in text]
        self.assertLess(len(of_it), 8, texts)
        self.assertGreaterEqual(len(of_it), 4, texts)
        self.assertEqual(len([text for text in texts if "calm:1" in text]), 2)

    def test_a_configuration_that_changes_meanwhile(self):
        """A courier that is still at work hears of it: who comes gets what happens from then on, by the rules of then."""
        hold = self.dir + "/never"
        self.webhook("slow", {"hold": hold}, timeout="30s")
        self.webhook("bad", url=f"http://127.0.0.1:{unused_port()}/x")
        self.start()
        self.wait_requests("slow")
        courier = [pid for pid in self.minders() if "deliver" in read(f"/proc/{pid}/cmdline")]
        self.webhook("new")
        self.herd("stop", check=0)
        self.assertTrue(courier)
        self.write("never", "")
        self.wait_told("new")
        self.assertEqual([kind(e) for e in self.told("new")], ["worker.stopped"])
        self.wait_told("slow", 2)

    def test_a_receiver_that_hangs_delays_no_round(self):
        """A round, a start and a stop are over while the receiver still has not answered."""
        hold = self.dir + "/never"
        self.webhook("slow", {"hold": hold}, timeout="30s")
        self.start()
        request = self.wait_requests("slow")[0]
        self.herd("run", check=0)
        self.herd("restart", check=0)
        self.herd("stop", check=0)
        self.assertIsNone(self.closed(request), "all of that was over before the receiver was given up")

    def test_a_template(self):
        self.webhook("mine", secrets=[], format="template", template='{"what": "{{type}}", "who": "{{worker}}:{{instance}}", "said": "{{log_tail}}"}')
        self.worker("w", self.script("w.sh", "#!/bin/sh\necho 'a \"quoted\" \\\\ tail' >&2\nsleep 0.2\nexit 1\n"), startsecs=0,
                    autorestart="never")
        self.herd("run")
        bodies = [json.loads(r["body"]) for r in self.wait_requests("mine", 2)]
        self.assertEqual([(b["what"], b["who"]) for b in bodies], [("cronherd.worker.started", "w:1"), ("cronherd.worker.stopped", "w:1")])
        self.assertIn('"quoted"', bodies[1]["said"])
        self.assertEqual(self.requests("mine")[0]["headers"]["content-type"], "application/json")


class Readme(Webhooks):
    """The programs of README.md, "Being told", do what they say."""

    def snippet(self, language):
        chapter = read(os.path.join(SOURCES, "README.md")).split("\n## Being told\n")[1].split("\n## ")[0]
        found = re.findall(rf"```{language}\n(.*?)```", chapter, re.S)
        self.assertEqual(len(found), 1, language)
        return found[0]

    def run_snippet(self, *command, env=None):
        """Starts it, with another port than 8080 and another secret; sends it what is right and what is wrong by cronherd."""
        secret = make_secret()
        path = self.secret_file("webhook.secret", secret)
        port = unused_port()
        script = self.write("snippet", self.snippet("js" if command[0] == "node" else "python").replace("8080", str(port)))
        process = subprocess.Popen([*command, script], env={"PATH": os.environ["PATH"], **(env or {})}, cwd=self.dir,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            self.section("webhook", "right", url=f"http://127.0.0.1:{port}/x", secret_file=path)
            self.section("webhook", "wrong", url=f"http://127.0.0.1:{port}/x", secret_file=self.secret_file("other", make_secret()))
            self.worker("w", "sleep 1000")
            wait_until("it takes the right one", lambda: self.herd("deliver", "--test", "right").returncode == 0)
            self.assertNotEqual(self.herd("deliver", "--test", "wrong").returncode, 0)
            self.herd("start", check=0)
            line = next((line for line in process.stdout if "worker.started" in line), None)
            self.assertEqual(line.split()[-3:], ["cronherd.worker.started", "w:1", "manual"])
        finally:
            process.kill()
            process.wait()
            process.stdout.close()

    def test_node(self):
        self.run_snippet("node", env={"NODE_PATH": os.path.join(os.path.dirname(PROGRAM), "tests/receiver/node_modules")})

    def test_python(self):
        self.run_snippet("python3", "-u")


if __name__ == "__main__":
    herdtest.main()
