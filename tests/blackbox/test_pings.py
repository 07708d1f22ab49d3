# SPDX-License-Identifier: ISC
"""Pings of each style: what is asked, what counts as taken, and that only the newest is ever sent. Acceptance case 9 among them."""
import json
import os
import re
import signal
from urllib.parse import parse_qs, urlsplit

import herdtest
from herdtest import read, wait_until
from receivers import Raw, unused_port
from telling import Bare, TellingTest

OK = {"status": 200, "body": "OK"}
KUMA_OK = {"status": 200, "headers": {"Content-Type": "application/json"}, "body": '{"ok":true}'}
HTML = {"status": 200, "headers": {"Content-Type": "text/html"}, "body": "<!DOCTYPE html><html><head><title>Uptime Kuma</title></head></html>"}
CHECK = "8f9fa7b2-5d80-4d86-9b3a-5a4b4f1f0a11"


class PingTest(TellingTest):
    def setUp(self):
        super().setUp()
        self.worker("w", "sleep 1000")

    def ping(self, name, *answers, style="healthchecks", path=CHECK, url=None, **options):
        receiver = self.hooks[name].receiver if name in self.hooks else self.receiver(name, *answers)
        self.hooks.setdefault(name, type("Hook", (), {"receiver": receiver, "secrets": []}))
        self.section("ping", name, url=url or self.node.url(receiver, path), style=style, **options)

    def break_configuration(self):
        self.write("conf.d/broken.conf", "nonsense\n")

    def mend_configuration(self):
        os.unlink(self.conf_dir + "/broken.conf")

    def asked(self, name):
        """[(what follows the URL's path, parameters)] of what came for NAME."""
        found = []
        for request in self.requests(name):
            url = urlsplit(request["path"])
            rest = url.path.removeprefix(f"/{self.hooks[name].receiver}/{CHECK}")
            found.append((rest, {key: values[-1] for key, values in parse_qs(url.query, keep_blank_values=True).items()}))
        return found

    def wait_asked(self, name, rest):
        """Waits until the last that came for NAME is REST (a path); gives its request."""
        return wait_until(f"{name} gets {rest!r}", lambda: (lambda asked: self.requests(name)[len(asked) - 1]
                                                            if asked and asked[-1][0] == rest else None)(self.asked(name)))


class Healthchecks(PingTest):
    def test_start_and_success(self):
        self.ping("hc", OK)
        for turn in (1, 2):
            self.herd("run", check=0)
            wait_until("start and success came", lambda: len(self.asked("hc")) == 2 * turn)
            self.quiet()
        asked = self.asked("hc")
        self.assertEqual([rest for rest, _ in asked], ["/start", "", "/start", ""])
        rids = [parameters["rid"] for _, parameters in asked]
        for rid in rids:
            self.assertRegex(rid, r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")
        self.assertEqual((rids[0] == rids[1], rids[2] == rids[3], rids[0] == rids[2]), (True, True, False))
        last = self.requests("hc")[-1]
        self.assertEqual(last["method"], "POST")
        self.assertRegex(last["headers"]["user-agent"], r"^cronherd/")

    def test_a_failing_round_gives_its_exit_status(self):
        self.ping("hc", OK)
        self.break_configuration()
        self.herd("run", check=2)
        request = self.wait_asked("hc", "/2")
        self.assertIn("broken.conf", request["body"])
        self.mend_configuration()
        self.worker("v", "/nowhere")
        status = self.herd("run").returncode
        self.assertNotEqual(status, 0)
        request = self.wait_asked("hc", f"/{status}")
        self.assertIn("v:1", request["body"])
        os.unlink(self.conf_dir + "/v.conf")
        self.quiet()
        self.herd("run")
        wait_until("a good round again", lambda: self.herd("run") and self.asked("hc")[-1][0] == "")

    def test_a_workers_own_health(self):
        self.ping("well", OK, when=Bare('worker "w"'))
        self.ping("ill", OK, when=Bare('worker "v"'))
        self.worker("v", "/nowhere", startretries=0)
        self.herd("run")
        request = self.wait_asked("ill", "/fail")
        self.assertIn("v:1", request["body"])
        self.wait_asked("well", "")
        self.worker("v", "sleep 1000", startsecs=0)
        wait_until("it is well again", lambda: self.herd("run") and self.asked("ill")[-1][0] == "")
        self.assertEqual({rest for rest, _ in self.asked("well")} - {"", "/start"}, set())

    def test_a_held_worker_is_no_success_for_ever(self):
        """What a person holds is where it was asked to be: no failure."""
        self.ping("hc", OK, when=Bare('worker "w"'))
        self.herd("start", check=0)
        self.herd("stop", check=0)
        self.herd("run", check=0)
        wait_until("it came", lambda: self.asked("hc"))
        self.quiet()
        self.assertNotIn("/fail", [rest for rest, _ in self.asked("hc")])

    def test_the_limit_of_bodies(self):
        self.ping("hc", {**OK, "headers": {"Ping-Body-Limit": "40"}})
        self.break_configuration()

        def ends_of():
            return [r for r in self.requests("hc") if "/start" not in r["path"]]
        for n in (1, 2):
            self.herd("run")
            wait_until("its end came", lambda n=n: len(ends_of()) == n)
            self.quiet()
        ends = ends_of()
        self.assertLessEqual(len(ends[1]["body"].encode()), 40)
        for name in range(200):
            self.write(f"conf.d/bad{name:03}.conf", f"nonsense {'x' * 100}\n")
        self.ping("wide", OK)
        self.herd("run")
        request = self.wait_asked("wide", "/2")
        self.assertGreater(len(request["body"]), 1000)
        self.assertLessEqual(len(request["body"].encode()), 10000)

    def test_9_200_without_exactly_ok_is_no_success(self):
        for number, body in enumerate(("OK (not found)", "OK (rate limited)", "<html>OK</html>", "")):
            self.ping(f"hc{number}", {"status": 200, "body": body})
        self.ping("fine", OK)
        for number in range(4):
            self.assertNotIn(CHECK, self.wait_said(f"hc{number}"))
        self.assertFalse(any("fine" in line for line in self.said), self.said)

    def test_what_other_statuses_mean(self):
        self.ping("created", {"status": 201, "body": "Created"})
        for status in (400, 404, 409, 429, 500, 301):
            self.ping(f"hc{status}", {"status": status, "headers": {"Location": "/elsewhere"}, "body": "OK"})
        for status in (400, 404, 409, 429, 500, 301):
            self.wait_said(f"hc{status}", str(status))
        self.assertFalse(any("created" in line for line in self.said), self.said)


class Kuma(PingTest):
    def query(self, name):
        return self.asked(name)[-1][1]

    def test_up_and_down(self):
        self.ping("kuma", KUMA_OK, style="uptime-kuma", path=f"{CHECK}?status=up&msg=OK&ping=")
        self.herd("run", check=0)
        wait_until("it came", lambda: self.asked("kuma"))
        self.assertEqual(self.query("kuma")["status"], "up")
        self.assertRegex(self.query("kuma")["ping"], r"^\d+$")
        self.assertEqual(self.requests("kuma")[-1]["method"], "GET")
        self.assertEqual(len(self.requests("kuma")[-1]["path"].split("status=")), 2)
        self.quiet()
        self.break_configuration()
        self.herd("run")
        wait_until("it is down", lambda: self.query("kuma")["status"] == "down")
        self.assertIn("1 configuration error", self.query("kuma")["msg"])
        self.quiet()
        self.assertNotIn("kuma", self.herd("run").stderr)

    def test_9_a_wrong_path_answers_200_with_html(self):
        self.ping("wrong", HTML, style="uptime-kuma")
        self.ping("refused", {**KUMA_OK, "body": '{"ok":false,"msg":"Monitor not found or not active."}'}, style="uptime-kuma")
        self.ping("odd", {**KUMA_OK, "body": '{"ok":"true"}'}, style="uptime-kuma")
        self.ping("deep", {**KUMA_OK, "body": "[" * 10000}, style="uptime-kuma")
        for name in ("wrong", "refused", "odd", "deep"):
            self.assertNotIn(CHECK, self.wait_said(name))
        # Said once; and no more when it is right.
        self.assertEqual(len(self.said), len(set(self.said)))
        self.assertEqual(self.round(), [])
        for name in ("wrong", "refused", "odd", "deep"):
            self.node.script(self.hooks[name].receiver, KUMA_OK)
        self.quiet()
        self.herd("run", check=0)


class Others(PingTest):
    def test_cronitor(self):
        self.ping("cronitor", OK, style="cronitor")
        self.herd("run", check=0)
        wait_until("run and complete came", lambda: len(self.asked("cronitor")) == 2)
        (_, first), (_, last) = self.asked("cronitor")
        self.assertEqual((first["state"], last["state"]), ("run", "complete"))
        self.assertEqual(first["series"], last["series"])
        self.assertEqual(last["host"], read("/proc/sys/kernel/hostname").strip())
        self.assertRegex(last["metric"], r"^duration:[\d.]+$")
        self.quiet()
        self.break_configuration()
        self.herd("run")
        wait_until("it failed", lambda: self.asked("cronitor")[-1][1]["state"] == "fail")
        self.assertEqual(self.asked("cronitor")[-1][1]["status_code"], "2")
        self.assertLessEqual(len(self.asked("cronitor")[-1][1]["message"]), 2000)

    def test_plain(self):
        """Asked for after a good round, and not after a bad one: silence is the alarm."""
        self.ping("plain", OK, style="plain", path=f"{CHECK}?a=b")
        self.ping("witness", OK)
        self.herd("run", check=0)
        wait_until("it came", lambda: self.asked("plain") == [("", {"a": "b"})])
        self.assertEqual(self.requests("plain")[0]["method"], "GET")
        self.quiet()
        self.break_configuration()
        self.herd("run", check=2)
        self.wait_asked("witness", "/2")
        self.quiet()
        self.assertEqual(len(self.asked("plain")), 1)

    def test_headers(self):
        self.ping("hc", OK, headers=["Authorization: Bearer abc"])
        self.herd("run", check=0)
        self.assertEqual(self.wait_asked("hc", "")["headers"]["authorization"], "Bearer abc")


class Newest(PingTest):
    def rids(self, name):
        found = []
        for _, parameters in self.asked(name):
            if parameters["rid"] not in found:
                found.append(parameters["rid"])
        return found

    def test_only_the_newest_is_sent(self):
        """Rounds that come while the receiver does not answer are passed over, but for the last."""
        hold = self.dir + "/go"
        self.ping("hc", {**OK, "hold": hold}, timeout="30s")
        self.herd("run", check=0)
        wait_until("it came", lambda: self.requests("hc"))
        for _ in range(4):
            self.herd("run", check=0)
        self.break_configuration()
        self.herd("run", check=2)
        self.assertEqual(len(self.requests("hc")), 1, "the receiver still has answered nothing")
        self.write("go", "")
        self.wait_asked("hc", "/2")
        self.quiet()
        self.assertEqual(len(self.rids("hc")), 2, self.asked("hc"))

    def test_an_old_success_is_never_sent(self):
        """The receiver is away during a good round; when it is back, the newest round, a bad one, is what it hears of."""
        port = unused_port()
        self.ping("hc", OK, url=f"http://127.0.0.1:{port}/{CHECK}")
        self.herd("run", check=0)
        self.quiet()
        self.break_configuration()
        self.herd("run", check=2)
        self.quiet()
        self.ping("hc", OK)
        self.herd("deliver", "--now")
        self.quiet()
        rests = [rest for rest, _ in self.asked("hc")]
        self.assertNotIn("", rests, "a success that is over")
        self.herd("run", check=2)
        self.wait_asked("hc", "/2")
        self.assertNotIn("", [rest for rest, _ in self.asked("hc")])

    def test_a_receiver_that_is_down_delays_no_round(self):
        """Rounds, a start and a stop are over while the receiver still hangs: it says so itself, by how its connection ends."""
        hanging = Raw(self, behave=Raw.hang)
        self.ping("hc", url=hanging.url(f"/{CHECK}"), timeout="30s")
        ended = []
        behave = hanging.behave
        hanging.behave = lambda raw, connection: (behave(raw, connection), ended.append(True))
        self.herd("run", check=0)
        wait_until("it is asked", lambda: hanging.requests)
        self.herd("run", check=0)
        self.herd("start", check=0)
        self.herd("restart", check=0)
        self.herd("stop", check=0)
        self.assertEqual(ended, [], "all of that was over before the receiver was given up")

    def test_a_courier_that_was_killed(self):
        """kill -9 of the courier in the middle of a ping: the next round's is sent."""
        self.ping("hc", {"kind": "hang"}, OK, timeout="30s")
        self.herd("run", check=0)
        wait_until("it came", lambda: self.requests("hc"))
        for pid in self.minders():
            if "deliver" in read(f"/proc/{pid}/cmdline"):
                os.kill(pid, signal.SIGKILL)
        self.quiet()
        self.herd("run", check=0)
        self.wait_asked("hc", "")

    def test_bad_pings(self):
        """An error with its line, and workers are kept all the same."""
        cases = {"url": {"url": "ftp://host/x"}, "style": {"url": "http://h/", "style": "smoke"}, "when": {"url": "http://h/", "when": "never"},
                 "worker": {"url": "http://h/", "when": Bare('worker "nobody"')}, "missing": {"style": "plain"}}
        for what, options in cases.items():
            self.section("ping", "bad", **options)
            done = self.herd("run", check=2)
            self.assertRegex(done.stderr, r"cronherd\.conf:\d+: ", what)
            self.assertIsNotNone(self.pid("w:1"))


if __name__ == "__main__":
    herdtest.main()
