# SPDX-License-Identifier: ISC
"""The fixture of all tests of telling: a herd with webhooks and pings, and the receivers that they go to.

Whatever the Node receiver gets in a test is verified at its end, with both libraries: a test need not ask for it.
"""
import base64
import itertools
import json
import os

from herdtest import HerdTest, read, wait_until
from receivers import is_signed, make_secret, node

FULL = os.path.join(os.path.dirname(os.environ.get("CRONHERD", "./cronherd")), "cronherd-full")
numbers = itertools.count(1)


class Bare(str):
    """The value of an option that stands in the file as it is, without quotes."""


class Hook:
    """One webhook section: where it goes in the Node receiver, and what it is signed with."""

    def __init__(self, receiver, secrets):
        self.receiver = receiver
        self.secrets = secrets


class TellingTest(HerdTest):
    def setUp(self):
        self.sections = {}
        self.extra = ""
        self.hooks = {}
        self.receivers = []
        self.said = []
        self.node = node()
        super().setUp()
        self.addCleanup(self.assert_verified)

    # ---- configuration

    def write_main(self, extra=None):
        if extra is not None:
            self.extra = extra
        super().write_main("\n".join([self.extra, *self.sections.values()]))

    def value(self, value):
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, (list, tuple)):
            return "{" + ", ".join(self.quote(item) for item in value) + "}"
        return self.quote(value) if isinstance(value, str) and not isinstance(value, Bare) else str(value)

    def section(self, kind, name, **options):
        """Puts a section into the main file, instead of the one of that kind and name that is there. No OPTIONS: takes it out."""
        lines = [f"  {key} = {self.value(value)}" for key, value in options.items() if value is not None]
        self.sections[kind, name] = "\n".join([f'{kind} "{name}" {{', *lines, "}"])
        if not options:
            del self.sections[kind, name]
        self.write_main()

    def receiver(self, name, *answers, **script):
        """A new receiver in the Node program: what stands between the slashes of its address."""
        receiver = f"{name}-{next(numbers)}"
        self.receivers.append(receiver)
        self.node.script(receiver, *answers, **script)
        return receiver

    def secret_file(self, name, *secrets):
        return self.write(name, "".join(secret + "\n" for secret in secrets), 0o600)

    def webhook(self, name, *answers, secrets=None, url=None, clock_s=0, **options):
        """A webhook to a receiver of its own in the Node program (or to URL), signed with one new secret (or SECRETS)."""
        secrets = [make_secret()] if secrets is None else secrets
        self.hooks[name] = Hook(self.receiver(name, *answers, secrets=secrets, clock_s=clock_s), secrets)
        if secrets and "secret_file" not in options:
            options["secret_file"] = self.secret_file(f"{name}.secret", *secrets)
        self.section("webhook", name, url=url or self.node.url(self.hooks[name].receiver), **options)
        return self.hooks[name]

    def answer(self, name, *answers):
        """How the webhook NAME is answered from the next request on."""
        hook = self.hooks[name]
        script = self.node.control[hook.receiver]
        self.node.script(hook.receiver, *[{}] * len(self.requests(name)), *answers, secrets=hook.secrets, clock_s=script["clock_s"])

    # ---- what was told

    def events(self, *args):
        """The journal's events, by `cronherd events --json`, oldest first."""
        return [json.loads(line) for line in self.herd("events", "--json", *args, check=0).stdout.splitlines()]

    def requests(self, name):
        """What came for the webhook NAME."""
        return self.node.requests(self.hooks[name].receiver)

    def told(self, name):
        """The events that came for the webhook NAME, each as it came first, in order."""
        found = {}
        for request in self.requests(name):
            event = json.loads(request["body"])
            found.setdefault(event["id"], event)
        return list(found.values())

    def wait_told(self, name, count=1, what=None):
        """Those events, once there are COUNT, or once the predicate WHAT is true of them."""
        return wait_until(f"{name} was told", lambda: (lambda told: told if (what or (lambda t: len(t) >= count))(told) else None)(
            self.told(name)))

    def wait_requests(self, name, count=1):
        return self.node.wait(self.hooks[name].receiver, count)

    def deliver_until(self, what, probe, *args):
        """Calls `deliver --now` until PROBE is true; another courier may be at work meanwhile."""
        def turn():
            found = probe()
            if not found:
                self.herd("deliver", "--now", *args)
            return found or probe()
        return wait_until(what, turn)

    def quiet(self):
        """No courier is at work; one that has failed waits a while for its next try."""
        def is_busy(args):
            # Between fork and exec a courier still looks like the round that began it.
            return "deliver" in args or ("run" in args and not {"--for", "--minded"} & set(args))
        wait_until("no courier is at work", lambda: not any(is_busy(read(f"/proc/{pid}/cmdline").split("\0")) for pid in self.minders()))

    def round(self):
        """A round; what it says on standard error goes to self.said, too. Gives the lines."""
        lines = self.herd("run").stderr.splitlines()
        self.said.extend(lines)
        return lines

    def wait_said(self, *words):
        """Rounds go on until one, or one before, has said all of WORDS in one line; gives the line."""
        return wait_until(f"{words} is said", lambda: next((line for line in self.said if all(word in line for word in words)), None) or
                          (self.round() and None))

    def assert_delivered(self, name="all"):
        """All that the journal has came for the webhook NAME, in that order; gives it."""
        def both():
            events, told = self.events(), self.told(name)
            return events if [e["id"] for e in events] == [t["id"] for t in told] else None
        return wait_until("all events are delivered in order", both)

    def assert_verified(self):
        """Every request that came in this test is right, by both libraries, by its raw form, and by our own reckoning."""
        bodies = {}
        for request in self.node.requests():
            if request["name"] not in self.receivers or request["method"] != "POST":
                continue
            what = f"{request['name']}: {request['headers']} {request['body']}"
            self.assertEqual(request["faults"], [], what)
            if request["event"] is not None:
                self.assertTrue(request["event"]["ok"], f"{request['event']} {what}")
            body = base64.b64decode(request["body_base64"])
            secrets = self.node.control[request["name"]]["secrets"]
            self.assertEqual(request["signature"], [True] * len(secrets), what)
            for secret in secrets:
                self.assertTrue(is_signed(secret, request["headers"], body), what)
            if "webhook-id" in request["headers"]:
                first = bodies.setdefault((request["name"], request["headers"]["webhook-id"]), body)
                self.assertEqual(first, body, "one id, one body")
        self.assertEqual([r for r in self.node.requests() if r["name"] in self.receivers and "expect" in r["headers"]], [])


# ---- events as tests compare them ------------------------------------------------------------------------------

MEMBERS = {
    "worker": str, "instance": int, "pid": int, "command": str, "reason": str, "exit_code": int, "signal": str, "uptime_s": int,
    "rss_bytes": int, "memory_limit_bytes": int, "restarts": int, "next_start_at": str, "log_tail": str,
}


def kind(event):
    return event["type"].removeprefix("cronherd.")


def brief(events, subject=None):
    """[("worker.started", "w:1", "missing"), …], of SUBJECT only: [("worker.started", "missing"), …]."""
    if subject is None:
        return [(kind(e), e["subject"], e["data"]["reason"]) for e in events]
    return [(kind(e), e["data"]["reason"]) for e in events if e["subject"] == subject]
