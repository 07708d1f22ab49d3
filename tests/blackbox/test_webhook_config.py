#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What is wrong with a webhook or ping is said with file and line, costs that section alone, and is said without a secret."""
import json
import os
import re
import subprocess
import unittest

from herdtest import PROGRAM, STRACE, HerdTest, alive, main, read, wait_until

KEY = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oDAAAAAAAAAAA="
# Nobody listens there: what a round tells comes to nothing.
URL = "url = 'https://127.0.0.1:9/T0PS3CRET'"

# What a section has, the line of it that is wrong, and a part of what is said.
BAD = {
    "no url": ("webhook 'bad' {\n}", 1, "url is missing"),
    "no scheme": ("webhook 'bad' {\n url = '127.0.0.1:9/T0PS3CRET' }", 2, "no scheme"),
    "another scheme": ("webhook 'bad' {\n url = 'gopher://127.0.0.1:9/T0PS3CRET' }", 2, "http"),
    "a password": ("webhook 'bad' {\n url = 'https://me:T0PS3CRET@127.0.0.1:9/' }", 2, "user and password"),
    "an unquoted rest": ("webhook 'bad' {\n url = https://127.0.0.1:9/ T0PS3CRET }", 2, "quote"),
    "control characters": ('webhook "bad" {\n url = "https://h/\\r\\nX: T0PS3CRET" }', 2, "control characters"),
    "a short secret": ("webhook 'bad' {\n" + URL + "\nsecret_file = 'short' }", 3, "too short"),
    "an inline secret that others can read":
        ("webhook 'bad' {\n" + URL + f"\nsecret = '{KEY}'" + " }", 3, "chmod 600"),
    "a secret file that is not there": ("webhook 'bad' {\n" + URL + "\nsecret_file = 'nowhere' }", 3, "does not exist"),
    "a secret file that others can read": ("webhook 'bad' {\n" + URL + "\nsecret_file = 'open' }", 3, "chmod 600"),
    "a secret file that is a link": ("webhook 'bad' {\n" + URL + "\nsecret_file = 'link' }", 3, "symbolic link"),
    "a secret file that is none": ("webhook 'bad' {\n" + URL + "\nsecret_file = 'conf.d' }", 3, "no regular file"),
    "an unknown format": ("webhook 'bad' {\n" + URL + "\nformat = slck }", 3, "did you mean 'slack'"),
    "an unknown event": ("webhook 'bad' {\n" + URL + "\nevents = {'worker.dies'} }", 3, "types of events"),
    "a glob over no event": ("webhook 'bad' {\n" + URL + "\nevents = {'workers.*'} }", 3, "matches no type"),
    "a glob that is not quoted": ("webhook 'bad' {\n" + URL + "\nevents = {worker.*} }", 3, "quote"),
    "a worker that is none": ("webhook 'bad' {\n" + URL + "\nworkers = {'nobody'} }", 3, "which is no worker"),
    "an unknown name in a template":
        ("webhook 'bad' {\n" + URL + "\nformat = template\ntemplate = '{{wroker}}' }", 4, "did you mean worker?"),
    "a template that is not closed":
        ("webhook 'bad' {\n" + URL + "\nformat = template\ntemplate = 'x {{worker' }", 4, "no '}}' closes"),
    "a format without its template": ("webhook 'bad' {\n" + URL + "\nformat = template }", 3, "needs template"),
    "a header that is ours": ("webhook 'bad' {\n" + URL + "\nheaders = {'webhook-id: 1'} }", 3, "cronherd sets them"),
    "a CA file that is not there": ("webhook 'bad' {\n" + URL + "\nca_file = 'nowhere' }", 3, "cannot be read"),
    "an unknown option": ("webhook 'bad' {\n" + URL + "\nevent = x }", 3, "did you mean 'events'"),
    "a missing =": ("webhook 'bad' {\n url 'https://127.0.0.1:9/T0PS3CRET' }", 2, "missing '='"),
    "a name that is none": ("webhook 'https://127.0.0.1:9/T0PS3CRET' {\n" + URL + "}", 1, "must not contain"),
    "a ping without url": ("ping 'bad' {\n}", 1, "url is missing"),
    "an unknown style": ("ping 'bad' {\n" + URL + "\nstyle = cronitr }", 3, "did you mean 'cronitor'"),
    "a ping of nobody": ("ping 'bad' {\n" + URL + "\nwhen = worker \"nobody\" }", 3, "which is no worker"),
}


class Compiled(HerdTest):
    def wait_compiled(self):
        """Runs until the configuration is compiled; the compiled file's path."""
        def found():
            # A round keeps what it has read once that is old enough to be told from a change.
            self.herd("run", check=0)
            opened = subprocess.run([*STRACE, "-y", "-f", "-e", "trace=openat", PROGRAM, "-c", self.config, "config"],
                                    capture_output=True, text=True, check=True).stderr
            kept = re.search(r'openat\(\d+<(.+?)>, "(config-\w+)".*= \d', opened)
            return kept and "x.conf" not in opened and os.path.join(*kept.groups())
        return wait_until("the configuration is compiled", found)


class Wrong(Compiled):
    def setUp(self):
        super().setUp()
        self.write("short", "whsec_MfKQ9r8GKYqrTwjUPD8ILA==\n", 0o600)
        self.write("open", KEY + "\n", 0o640)
        self.write("secret", KEY + "\n", 0o600)
        os.symlink("secret", os.path.join(self.dir, "link"))

    def write_bad(self, text, mode=0o644):
        self.write("conf.d/x.conf", text + "\nworker 'w' { command = 'sleep 600' }\n"
                   "webhook 'good' { url = 'https://127.0.0.1:9/x' secret_file = '%d/secret'\n"
                   " events = {'worker.*'} workers = {w} }\n", mode)

    def test_each_is_told_with_its_line_and_costs_the_section_alone(self):
        for what, (text, line, part) in BAD.items():
            with self.subTest(what):
                self.write_bad(text)
                for done in (self.herd("config", check=2), self.herd("config", "--json", check=2)):
                    said = done.stdout + done.stderr
                    self.assertNotIn("T0PS3CRET", said)
                    self.assertNotIn(KEY, said)
                found = json.loads(self.herd("config", "--json", check=2).stdout)
                self.assertEqual([(e["file"], e["line"]) for e in found["errors"]],
                                 [(f"{self.conf_dir}/x.conf", line)])
                self.assertIn(part, found["errors"][0]["message"])
                self.assertEqual([w["name"] for w in found["workers"]], ["w"])
                self.assertEqual([w["name"] for w in found["webhooks"]], ["good"])

    def test_the_workers_are_kept_all_the_same(self):
        self.write_bad(BAD["no scheme"][0])
        said = self.herd("run", check=2).stderr
        self.assertIn("x.conf:2: ", said)
        self.assertNotIn("T0PS3CRET", said)
        pid = self.wait_pid("w:1")
        self.assertEqual(self.instance("w:1")["config"], "current")
        # Said once; and who is taken out of the file is stopped, though something else in it is wrong.
        self.assertEqual(self.herd("run", check=2).stderr, "")
        self.write("conf.d/x.conf", BAD["no scheme"][0])
        self.write("conf.d/y.conf", "worker 'v' { command = 'sleep 600' }\n")

        def stopped():
            self.herd("run", check=2)
            return not alive(pid)
        wait_until("what was taken out is stopped", stopped)
        self.wait_pid("v:1")

    def test_the_main_file_is_not_broken_by_it(self):
        self.write_main("history = soon\nmetrics_file = '/'\n" + BAD["an unknown format"][0])
        self.worker("w", "sleep 600")
        found = json.loads(self.herd("config", "--json", check=2).stdout)
        self.assertEqual([e["line"] for e in found["errors"]], [4, 5, 8])
        self.assertIsNone(found["metrics_file"])
        self.assertEqual(found["history"], 0)
        self.herd("run", check=2)
        self.wait_pid("w:1")

    def test_a_secret_file_that_is_opened_later_is_told(self):
        """Though no configuration file has changed: what was compiled of them is not used then."""
        self.write_bad("")
        self.wait_compiled()
        os.chmod(os.path.join(self.dir, "secret"), 0o644)
        self.assertIn("chmod 600", self.herd("config", check=2).stderr)
        self.herd("run", check=2)
        os.chmod(os.path.join(self.dir, "secret"), 0o600)
        self.herd("config", check=0)
        self.herd("run", check=0)


class Right(Compiled):
    def test_an_inline_secret_in_a_file_of_our_own(self):
        self.write("conf.d/x.conf", "worker 'w' { command = 'sleep 600' }\n"
                   f"webhook 'good' {{ {URL} secret = '{KEY}' headers = {{'Authorization: Bearer T0PS3CRET'}} }}\n"
                   f"ping 'alive' {{ {URL} when = worker \"w\" }}\n", 0o600)
        for args in (["config"], ["config", "--all"], ["config", "--json"]):
            with self.subTest(args):
                said = self.herd(*args, check=0).stdout
                self.assertIn("https://127.0.0.1:9/…", said)
                self.assertIn("Authorization: …", said)
                self.assertIn("worker w", said)
                self.assertNotIn("T0PS3CRET", said)
                self.assertNotIn(KEY, said)

    def test_printed_webhooks_are_not_taken_for_the_whole(self):
        self.write("conf.d/x.conf", "worker 'w' { command = 'sleep 600' }\n" f"webhook 'x' {{ {URL} }}\n")
        printed = self.herd("config", check=0).stdout
        self.write("conf.d/x.conf", printed)
        said = self.herd("config", check=2).stderr
        self.assertIn("was cut by what printed it", said)

    def test_the_compiled_configuration_has_it_all(self):
        """The same is seen from the files and from what was compiled of them, which nobody else may read."""
        self.write_main("metrics_file = '%d/x.prom'\nhistory = 14d")
        self.write("conf.d/x.conf", "worker 'w' { command = 'sleep 600' }\n"
                   f"webhook 'good' {{ {URL} secret = '{KEY}' }}\nping 'alive' {{ {URL} }}\n", 0o600)
        before = json.loads(self.herd("config", "--json", check=0).stdout)
        path = self.wait_compiled()
        after = json.loads(self.herd("config", "--json", check=0).stdout)
        self.assertEqual(after, before)
        self.assertEqual(after["history"], 14 * 86400)
        self.assertEqual(after["metrics_file"], f"{self.dir}/x.prom")
        self.assertIn(KEY, read(path))
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)


if __name__ == "__main__":
    main()
