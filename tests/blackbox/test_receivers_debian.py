# SPDX-License-Identifier: ISC
"""Receivers that Debian has, and TLS: webhook(1), Alertmanager, tinyproxy between us and them, a certificate authority of our own."""
import json
import os
import ssl
import subprocess
import urllib.request
import warnings

import herdtest
from boxes import need
from herdtest import read, wait_until
from receivers import Authority, Raw, is_signed, make_secret, reply, unused_port
from telling import TellingTest, kind


class ReceiverTest(TellingTest):
    def setUp(self):
        super().setUp()
        self.worker("w", "sleep 1000")

    def serve(self, *command, port):
        """Starts a server that listens on PORT; ends it with the test."""
        need(command[0])
        log = open(f"{self.dir}/{command[0]}.log", "w")
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.dir)
        log.close()

        def end():
            process.terminate()
            process.wait()
        self.addCleanup(end)
        listening = f":{port:04X} 00000000:0000 0A"

        def is_up():
            self.assertIsNone(process.poll(), read(f"{self.dir}/{command[0]}.log"))
            return listening in read("/proc/net/tcp") + read("/proc/net/tcp6").replace("0" * 32 + ":0000", "00000000:0000")
        wait_until(f"{command[0]} listens", is_up)


class Webhook(ReceiverTest):
    """Debian's webhook(1): runs a command for each request that fits its rules. Its rules see members and headers; it has none for
    Standard Webhooks, so what keeps others out is a token in a header."""

    def test_its_rules_fit(self):
        port = unused_port()
        record = self.script("record", f'#!/bin/sh\necho "$@" >> {self.dir}/record.txt\n')

        def rule(name, value, source="payload"):
            return {"match": {"type": "value", "value": value, "parameter": {"source": source, "name": name}}}
        self.write("hooks.json", json.dumps([{
            "id": "herd", "execute-command": record, "command-working-directory": self.dir,
            "pass-arguments-to-command": [{"source": "payload", "name": name}
                                          for name in ("type", "subject", "data.pid", "data.reason", "id")],
            "trigger-rule": {"and": [rule("type", "cronherd.worker.started"), rule("Authorization", "Bearer token", "header")]},
            "trigger-rule-mismatch-http-response-code": 403,
        }]))
        self.serve("webhook", "-hooks", f"{self.dir}/hooks.json", "-ip", "127.0.0.1", "-port", str(port), port=port)
        url = f"http://127.0.0.1:{port}/hooks/herd"
        self.section("webhook", "starts", url=url, events=["worker.started"], headers=["Authorization: Bearer token"])
        self.section("webhook", "stranger", url=url)
        self.herd("start", check=0)
        line = wait_until("it ran its command", lambda: read(f"{self.dir}/record.txt"))
        event = self.events()[0]
        self.assertEqual(line.split(), ["cronherd.worker.started", "w:1", str(self.pid("w:1")), "manual", event["id"]])
        # The one without the token is told to be wrong, and the one with it is well.
        line = self.wait_said("stranger", "403")
        self.assertNotIn("starts", line)
        self.assertEqual(len(read(f"{self.dir}/record.txt").splitlines()), 1)


class Alertmanager(ReceiverTest):
    TEMPLATE = ('[{"labels": {"alertname": "{{type}}", "worker": "{{worker}}", "instance": "{{subject}}", "severity": "warning"}, '
                '"annotations": {"summary": "{{sentence}}", "pid": "{{pid}}", "log": "{{log_tail}}"}}]')

    def test_a_template_makes_alerts(self):
        port = unused_port()
        self.write("alertmanager.yml", "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n")
        self.serve("prometheus-alertmanager", f"--config.file={self.dir}/alertmanager.yml", f"--storage.path={self.dir}/alertmanager",
                   "--cluster.listen-address=", f"--web.listen-address=127.0.0.1:{port}", port=port)
        base = f"http://127.0.0.1:{port}/api/v2/alerts"
        self.section("webhook", "alerts", url=base, format="template", template=self.TEMPLATE, events=["worker.stopped"])
        self.worker("bad", self.script("bad", "#!/bin/sh\necho 'it said \"no\" twice' >&2\nsleep 0.2\nexit 3\n"), startsecs=0,
                    autorestart="never")
        self.herd("run")

        def alerts():
            with urllib.request.urlopen(base) as answer:
                return json.load(answer)
        alert = wait_until("there is an alert", alerts)[0]
        self.assertEqual(alert["labels"], {"alertname": "cronherd.worker.stopped", "worker": "bad", "instance": "bad:1", "severity": "warning"})
        self.assertIn('it said "no" twice', alert["annotations"]["log"])
        self.assertIn("bad:1", alert["annotations"]["summary"])
        self.quiet()
        self.assertEqual(self.herd("run").stderr, "")


class Proxy(ReceiverTest):
    def proxy(self):
        port = unused_port()
        self.write("tinyproxy.conf", f'Port {port}\nListen 127.0.0.1\nTimeout 60\nLogFile "{self.dir}/proxy.log"\nLogLevel Connect\n'
                                     f'MaxClients 10\nAllow 127.0.0.1\nViaProxyName "the-proxy"\n')
        self.serve("tinyproxy", "-d", "-c", f"{self.dir}/tinyproxy.conf", port=port)
        return f"http://127.0.0.1:{port}"

    def test_one_that_is_configured(self):
        proxy = self.proxy()
        authority = Authority(self.dir)
        secure = Raw(self, tls=authority.server())
        self.webhook("plain", proxy=proxy)
        self.section("webhook", "secure", url=secure.url(), ca_file=authority.ca, proxy=proxy)
        self.webhook("direct")
        self.herd("start", check=0)
        self.assertIn("the-proxy", self.wait_requests("plain")[0]["headers"]["via"])
        self.assertNotIn("via", self.wait_requests("direct")[0]["headers"])
        wait_until("the other came, too", lambda: secure.requests)
        self.assertIn(f"CONNECT 127.0.0.1:{secure.port}", read(f"{self.dir}/proxy.log"))

    def test_those_of_the_environment_are_ignored(self):
        other = Raw(self)
        self.webhook("hook")
        self.section("ping", "ping", url=self.node.url(self.receiver("ping", {"status": 200, "body": "OK"})))
        names = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
        env = {**os.environ, **{name: f"http://127.0.0.1:{other.port}" for name in names}}
        env.pop("no_proxy", None)
        env.pop("NO_PROXY", None)
        self.herd("run", check=0, env=env)
        self.wait_requests("hook")
        self.herd("deliver", "--now", env=env)
        self.herd("deliver", "--test", "hook", env=env, check=0)
        self.assertEqual(other.connections, 0)

    def test_one_that_is_not_there(self):
        """The event is delivered when the proxy is."""
        hook = self.webhook("hook", proxy=f"http://127.0.0.1:{unused_port()}")
        self.herd("start", check=0)
        wait_until("it was tried", lambda: "hook" in self.herd("deliver", "--status").stdout)
        self.quiet()
        self.assertEqual(self.requests("hook"), [])
        self.section("webhook", "hook", url=self.node.url(hook.receiver), secret_file=f"{self.dir}/hook.secret")
        self.deliver_until("it is delivered", lambda: self.requests("hook"))


class Tls(ReceiverTest):
    def setUp(self):
        super().setUp()
        self.authority = Authority(self.dir)

    def test_an_authority_of_our_own(self):
        secret = make_secret()
        raw = Raw(self, tls=self.authority.server())
        self.section("webhook", "hook", url=raw.url(), ca_file=self.authority.ca, secret_file=self.secret_file("secret", secret))
        self.section("ping", "ping", url=raw.url("/ping"), style="plain", ca_file=self.authority.ca)
        self.herd("run", check=0)
        request = wait_until("it came", lambda: next((r for r in raw.requests if r.method == "POST"), None))
        self.assertTrue(is_signed(secret, request.headers, request.body))
        self.assertEqual(kind(json.loads(request.body)), "worker.started")
        wait_until("the ping came", lambda: [r for r in raw.requests if r.method == "GET"])

    def test_whom_nobody_vouches_for_is_refused(self):
        """Another authority, none, a name that is not theirs, a certificate that is over, no TLS at all: nothing is sent, and a person is told
        once."""
        other = Authority(self.dir, "other")
        refused = {
            "stranger": (Raw(self, tls=self.authority.server()), other.ca),
            "system": (Raw(self, tls=self.authority.server()), None),
            "elsewhere": (Raw(self, tls=self.authority.server("elsewhere", "DNS:example.org")), self.authority.ca),
            "expired": (Raw(self, tls=self.authority.server("expired", begin="20200101000000Z", end="20210101000000Z")), self.authority.ca),
            "early": (Raw(self, tls=self.authority.server("early", begin="20900101000000Z", end="20910101000000Z")), self.authority.ca),
        }
        for name, (raw, ca) in refused.items():
            self.section("webhook", name, url=raw.url(), ca_file=ca)
        plain = Raw(self, behave=lambda raw, connection: connection.sendall(reply()))
        self.section("webhook", "plain", url=plain.url().replace("http:", "https:"), ca_file=self.authority.ca)
        for name in refused:
            self.wait_said(name)
        self.quiet()
        for name, (raw, _) in refused.items():
            self.assertGreater(raw.connections, 0, name)
            self.assertEqual(raw.requests, [], name)
            lines = [line for line in self.said if name in line]
            self.assertEqual(len(lines), 1, "said once")
            self.assertIn("certificate", lines[0].lower())
        self.assertGreater(plain.connections, 0)
        self.herd("deliver", "--now")
        self.quiet()
        for _ in range(2):
            self.assertEqual([line for line in self.herd("run").stderr.splitlines() if "expired" in line], [], "said once")

    def test_an_old_protocol_is_refused(self):
        context = self.authority.server()
        with warnings.catch_warnings(action="ignore"):
            context.minimum_version = ssl.TLSVersion.TLSv1_1
            context.maximum_version = ssl.TLSVersion.TLSv1_1
        context.set_ciphers("ALL:@SECLEVEL=0")
        raw = Raw(self, tls=context)
        self.section("webhook", "old", url=raw.url(), ca_file=self.authority.ca)
        self.herd("start", check=0)
        self.wait_said("old")
        self.assertGreater(raw.connections, 0)
        self.assertEqual((raw.handshakes, raw.requests), (0, []))

    def test_it_is_delivered_when_the_certificate_is_right(self):
        raw = Raw(self, tls=self.authority.server("expired", begin="20200101000000Z", end="20210101000000Z"))
        self.section("webhook", "hook", url=raw.url(), ca_file=self.authority.ca)
        self.herd("start", check=0)
        self.wait_said("hook")
        raw.tls = self.authority.server("renewed")
        self.deliver_until("it is delivered", lambda: raw.requests)
        self.assertEqual(kind(json.loads(raw.requests[0].body)), "worker.started")


if __name__ == "__main__":
    herdtest.main()
