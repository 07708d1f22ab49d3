# SPDX-License-Identifier: ISC
"""check as a monitoring system asks it, and signal as a person gives one."""
import os
import re
import signal
import subprocess

from herdtest import HerdTest, main, read, wait_until

SUMMARY = re.compile(r"CRONHERD (OK|WARNING|CRITICAL|UNKNOWN) - [^|]*\|[^|]*")


class AskingTest(HerdTest):
    def keep(self, *names, **options):
        for name in names or ["w"]:
            self.worker(name, "sleep 1000", startsecs="10ms", **options)
        self.herd("start", check=0)
        self.herd("run", check=0)

    def give_away(self):
        """As if another host herded here."""
        lease = re.sub(r"(?m)^host .*", "host elsewhere", read(f"{self.state}/lease"))
        self.write("state/lease", re.sub(r"(?m)^boot .*", "boot 11111111-2222-3333-4444-555555555555", lease), 0o600)


class Check(AskingTest):
    def ask(self, status, word, *args):
        """check ARGS ends with STATUS, and says WORD in a summary with performance data; the lines below it."""
        lines = self.herd("check", *args, check=status).stdout.splitlines()
        match = SUMMARY.fullmatch(lines[0])
        self.assertTrue(match and match[1] == word, lines[0])
        return lines[1:]

    def test_all_is_well_and_nothing_is_changed(self):
        self.keep(numprocs=2)
        before = {name: os.stat(f"{self.state}/{name}").st_mtime_ns for name in os.listdir(self.state)}
        self.assertEqual(self.ask(0, "OK"), [])
        self.assertEqual({name: os.stat(f"{self.state}/{name}").st_mtime_ns for name in os.listdir(self.state)}, before)

    def test_what_is_held_is_well(self):
        self.keep()
        self.herd("stop", check=0)
        self.assertEqual(self.ask(0, "OK"), [])

    def test_what_is_to_run_and_does_not_is_critical(self):
        self.write_main("minder = false")
        self.keep("a", "b")
        os.kill(self.pid("b:1"), signal.SIGKILL)
        wait_until("b has ended", lambda: not self.pid("b:1"))
        line, = self.ask(2, "CRITICAL")
        self.assertTrue(line.startswith("CRITICAL: b:1"), line)
        self.assertEqual(self.ask(0, "OK", "a"), [])

    def test_a_broken_file_is_a_warning(self):
        self.keep()
        self.write("conf.d/bad.conf", "nonsense = 1\n")
        self.assertTrue(any("bad.conf:1" in line for line in self.ask(1, "WARNING")))

    def test_no_round_for_long_is_a_warning(self):
        self.keep()
        end = os.stat(f"{self.state}/lease").st_mtime - 86400
        os.utime(f"{self.state}/lease", (end, end))
        self.assertTrue(any("does cron call" in line for line in self.ask(1, "WARNING")))

    def test_a_process_that_nobody_owns_is_a_warning(self):
        self.keep()
        env = {**os.environ, "CRONHERD_ID": "gone:1", "CRONHERD_STATE_DIR": self.state}
        with subprocess.Popen(["sleep", "1000"], env=env) as stray:
            try:
                # Not at once: it could be what a round at work has just started.
                wait_until("it is seen", lambda: self.herd("check").returncode)
                line, = self.ask(1, "WARNING")
                self.assertIn(f"pid {stray.pid} (gone:1)", line)
                # Of a part of the herd that cannot be said.
                self.assertEqual(self.ask(0, "OK", "w"), [])
            finally:
                stray.kill()

    def test_another_hosts_herd_is_unknown(self):
        self.keep()
        self.give_away()
        line, = self.ask(3, "UNKNOWN")
        self.assertIn("elsewhere", line)

    def test_whatever_cannot_be_asked_is_unknown(self):
        """A status of usage errors, 2, would be read as CRITICAL."""
        self.keep()
        self.assertIn("CRONHERD UNKNOWN - ", self.herd("check", "nobody", check=3).stdout)
        self.assertIn("check --help", self.herd("check", "--nonsense", check=3).stderr)
        self.write("cronherd.conf", "nonsense = 1\n")
        self.assertIn("CRONHERD UNKNOWN - ", self.herd("check", check=3).stdout)


class Signal(AskingTest):
    LISTENER = """#!/bin/sh
for name in HUP USR1 USR2; do trap "echo $name >>'{dir}/got'" $name; done
echo ready >>'{dir}/got'
while :; do sleep 1000 & wait $!; kill $! 2>/dev/null; done
"""

    def listen(self, **options):
        self.script("listener", self.LISTENER.format(dir=self.dir))
        self.worker("w", f"{self.dir}/listener", startsecs="10ms", **options)
        self.herd("start", check=0)
        wait_until("it listens", lambda: self.got() == ["ready"] * options.get("numprocs", 1))

    def got(self):
        return read(f"{self.dir}/got").split()

    def test_by_name_or_number(self):
        self.listen()
        pid = self.pid("w:1")
        for given, name in (("HUP", "HUP"), ("SIGUSR1", "USR1"), (str(int(signal.SIGUSR2)), "USR2"), ("hup", "HUP")):
            before = len(self.got())
            self.assertEqual(self.herd("signal", given, check=0).stdout, f"w:1 signalled {name} (pid {pid})\n")
            wait_until(f"{name} has come", lambda n=before, s=name: s in self.got()[n:])

    def test_targets_alone_get_it(self):
        self.listen(numprocs=2)
        self.assertEqual(len(self.herd("signal", "HUP", "w:2", check=0).stdout.splitlines()), 1)
        wait_until("it has come", lambda: "HUP" in self.got())
        self.assertEqual(self.herd("signal", "USR1", "nobody", check=2).stdout, "")
        self.assertEqual(self.got().count("HUP"), 1)

    def test_it_does_not_hold(self):
        self.keep()
        pid = self.pid("w:1")
        self.herd("signal", "KILL", check=0)
        self.wait_gone(pid)
        self.herd("run", check=0)
        self.wait_pid("w:1", other_than=pid)

    def test_whoever_does_not_run_gets_none(self):
        self.keep("a", "b")
        self.herd("stop", "a", check=0)
        done = self.herd("signal", "HUP", "a", check=1)
        self.assertEqual(done.stdout, "a:1: not running\n")

    def test_those_of_another_hosts_herd_get_none(self):
        self.listen()
        self.give_away()
        self.assertIn("elsewhere", self.herd("signal", "HUP", check=1).stderr)
        # The next signal is the first that comes.
        os.kill(self.pid("w:1"), signal.SIGUSR1)
        wait_until("it has come", lambda: "USR1" in self.got())
        self.assertEqual(self.got(), ["ready", "USR1"])

    def test_misuse(self):
        self.keep()
        self.assertIn("which signal?", self.herd("signal", check=2).stderr)
        for args in (["NONSENSE"], ["0"], ["999"], ["-HUP"]):
            self.assertNotEqual(self.herd("signal", *args, check=2).stderr, "")


if __name__ == "__main__":
    main()
