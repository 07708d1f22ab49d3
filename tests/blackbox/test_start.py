# SPDX-License-Identifier: ISC
"""start and restart as a person types them, and what every verb says to a command line that is none."""
import os
import subprocess

from herdtest import PATIENCE, PROGRAM, HerdTest, main, wait_until
from terminal import Terminal

VERBS = ("run", "start", "stop", "restart", "scale", "check", "status", "events", "deliver", "signal", "logs", "config", "import", "export",
         "cron", "doctor")


class StartTest(HerdTest):
    def lines(self, *args, check=0):
        """What was said of each: {id: text}."""
        done = self.herd(*args, check=check)
        return dict(line.split(": ", 1) for line in done.stdout.splitlines())

    def fragile(self, name="w", **options):
        """A worker that runs unless the file of its name is there: then it ends as that says."""
        self.worker(name, f"sh -c 'test ! -e {self.dir}/{name} || . {self.dir}/{name}; exec sleep 1000'", startsecs="300ms", **options)


class Start(StartTest):
    def test_one_line_an_instance(self):
        self.worker("w", "sleep 1000", numprocs=2, startsecs="10ms")
        said = self.lines("start")
        self.assertEqual(said, {id: f"started (pid {self.pid(id)})" for id in ("w:1", "w:2")})
        said = self.lines("start", "w:2")
        self.assertEqual(said, {"w:2": f"already running (pid {self.pid('w:2')})"})

    def test_one_that_is_not_enabled_is_started_all_the_same(self):
        self.worker("w", "sleep 1000", enabled=False, startsecs="10ms")
        self.herd("run", check=0)
        self.assertIsNone(self.pid("w:1"))
        self.assertIn("started", self.lines("start")["w:1"])

    def test_one_that_fails_is_said_with_the_reason(self):
        self.fragile(restart_delay="1h", restart_delay_max="1h")
        self.write("w", "exit 7")
        self.assertRegex(self.lines("start", check=1)["w:1"], r"ERROR \(exited with 7; next try in \d")
        self.write("w", "kill -9 $$")
        self.assertRegex(self.lines("start", check=1)["w:1"], r"ERROR \(ended by signal 9; next try in \d")
        # Waiting times do not count for who asks.
        os.unlink(f"{self.dir}/w")
        self.assertIn("started", self.lines("start")["w:1"])

    def test_one_that_cannot_be_executed(self):
        self.worker("w", f"{self.dir}/nowhere")
        self.assertIn("nowhere", self.lines("start", check=1)["w:1"])

    def test_one_that_does_its_work_and_ends_was_started_well(self):
        self.worker("w", "sleep 0.3", autorestart="never", startsecs="10ms")
        said = self.lines("start")["w:1"]
        if not said.startswith("started (pid "):
            self.assertEqual(said, "started, and has exited")
        wait_until("it has ended and that is known", lambda: self.herd("run").returncode == 0 and self.instance("w:1")["state"] == "EXITED")

    def test_what_it_comes_after_does_not_come(self):
        self.fragile("db", restart_delay="1h", restart_delay_max="1h")
        self.write("db", "exit 1")
        self.worker("w", "sleep 1000", after=["db"])
        said = self.lines("start", check=1)
        self.assertIn("exited with 1", said["db:1"])
        self.assertIn("waits for what it comes after", said["w:1"])
        self.assertIn("db", self.instance("w:1")["why"])

    def test_a_broken_definition_starts_nobody(self):
        self.worker("w", "sleep 1000", startsecs="10ms")
        self.herd("start", check=0)
        self.herd("stop", check=0)
        self.write("conf.d/w.conf", 'worker "w" {\n  nonsense = 1\n}\n')
        done = self.herd("start", "w", check=1)
        self.assertIn("w:1: ERROR (not started: its definition is gone or broken)", done.stdout)
        self.assertIn("w.conf:2", done.stderr)

    def test_progress_is_shown_on_a_terminal_and_taken_away(self):
        self.worker("w", "sleep 1000", numprocs=2, startsecs="300ms")
        terminal = Terminal(self, "start")
        self.assertEqual(terminal.wait(), 0)
        self.assertIn("starting: 0 of 2", terminal.text)
        self.assertRegex(terminal.text, r"(?s)\r\033\[K.*w:1: started \(pid \d+\)\nw:2: started")

    def test_whose_hold_it_is(self):
        self.worker("w", "sleep 1000", startsecs="10ms")
        self.herd("start", check=0)
        if os.geteuid() == 0:
            self.herd("stop", check=0, env={**os.environ, "SUDO_USER": "somebody"})
            self.assertEqual(self.instance("w:1")["hold"]["by"], "somebody")
            self.herd("start", check=0)
        self.herd("stop", check=0, env={**os.environ, "SUDO_USER": ""})
        self.assertNotIn(self.instance("w:1")["hold"]["by"], ("", "somebody"))


class Restart(StartTest):
    def test_another_process_in_the_place_of_each(self):
        self.worker("w", "sleep 1000", numprocs=2, startsecs="10ms")
        self.herd("start", check=0)
        for args in ([], ["--all-at-once"]):
            old = {id: self.pid(id) for id in ("w:1", "w:2")}
            said = self.lines("restart", *args)
            for id in old:
                self.assertEqual(said[id], f"restarted (pid {self.pid(id)})")
                self.assertNotEqual(self.pid(id), old[id])

    def test_it_ends_where_one_does_not_come_up_again(self):
        self.fragile(numprocs=2, restart_delay="1h", restart_delay_max="1h")
        self.herd("start", check=0)
        second = self.pid("w:2")
        self.write("w", "exit 3")
        said = self.lines("restart", check=1)
        self.assertIn("ERROR (exited with 3", said["w:1"])
        self.assertIn("left as it is: another instance did not come up again", said["w:2"])
        self.assertEqual(self.pid("w:2"), second)

    def test_all_at_once_leaves_none_as_it_is(self):
        self.fragile(numprocs=2, restart_delay="1h", restart_delay_max="1h")
        self.herd("start", check=0)
        self.write("w", "exit 3")
        said = self.lines("restart", "--all-at-once", check=1)
        for id in ("w:1", "w:2"):
            self.assertIn("ERROR (exited with 3", said[id])

    def test_a_broken_definition_is_left_as_it_is(self):
        self.worker("w", "sleep 1000", startsecs="10ms")
        self.herd("start", check=0)
        pid = self.pid("w:1")
        self.write("conf.d/w.conf", 'worker "w" {\n  nonsense = 1\n}\n')
        self.assertIn("ERROR", self.lines("restart", check=1)["w:1"])
        self.assertEqual(self.pid("w:1"), pid)


class Scale(StartTest):
    def test_what_does_not_come_up_is_said(self):
        self.fragile(restart_delay="1h", restart_delay_max="1h")
        self.herd("start", check=0)
        self.write("w", "exit 3")
        said = self.lines("scale", "w=2", check=1)
        self.assertIn("already running", said["w:1"])
        self.assertIn("ERROR (exited with 3", said["w:2"])

    def test_what_is_held_or_not_enabled_stays_so(self):
        self.worker("held", "sleep 1000", startsecs="10ms")
        self.worker("idle", "sleep 1000", startsecs="10ms", enabled=False)
        self.herd("start", "held", check=0)
        self.herd("stop", "held", check=0)
        said = self.lines("scale", "held=2", "idle=2")
        self.assertEqual(set(said.values()), {"held: not started", "not enabled: not started"})

    def test_the_number_of_one_that_is_defined_no_more_can_be_taken_back(self):
        self.worker("w", "sleep 1000", startsecs="10ms")
        self.herd("scale", "w=2", check=0)
        os.unlink(f"{self.conf_dir}/w.conf")
        self.assertRegex(self.herd("scale", check=0).stdout, r"^w=2 by \S+\n$")
        self.herd("scale", "--reset", "w")
        self.assertEqual(self.herd("scale", check=0).stdout, "")


class Usage(HerdTest):
    def run_bare(self, *args, stdout=subprocess.PIPE):
        return subprocess.run([PROGRAM, *args], text=True, stdout=stdout, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
                              timeout=PATIENCE)

    def test_help_and_version(self):
        for args in (["--help"], ["-h"]):
            done = self.run_bare(*args)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            for verb in VERBS:
                self.assertRegex(done.stdout, rf"(?m)^  {verb} ", verb)
            self.assertNotIn("\n  minder ", done.stdout)
        for option in ("--version", "-V"):
            self.assertRegex(self.run_bare(option).stdout, r"^cronherd \d+\.\d+\.\d+\n$")

    def test_each_verb_explains_itself_whatever_the_configuration_is(self):
        self.write("cronherd.conf", "nonsense = 1\n")
        for verb in VERBS:
            done = self.herd(verb, "--help", check=0)
            self.assertTrue(done.stdout.startswith(f"usage: cronherd {verb} "), done.stdout)
            self.assertEqual(done.stderr, "")

    def test_what_is_no_command_line_does_nothing(self):
        self.worker("w", "sleep 1000")
        for args in ([], ["nonsense"], ["--nonsense"], ["-c"]):
            self.assertEqual(self.run_bare(*args).returncode, 2, args)
        self.assertIn("no such verb: nonsense", self.run_bare("nonsense").stderr)
        for verb in VERBS:
            done = self.herd(verb, "--no-such-option", check=3 if verb == "check" else 2)
            self.assertIn(f"see `cronherd {verb} --help`", done.stderr)
            self.assertEqual(done.stdout, "")
        for args in (["run", "--for", "long"], ["run", "--for", "0"], ["stop", "--for", "10ms"], ["stop", "--for", "1h", "--until-reboot"],
                     ["scale", "w"], ["scale", "w=many"], ["scale", "w=1", "w=2"], ["scale", "--reset", "w=1"], ["scale", "nobody=1"]):
            self.assertNotEqual(self.herd(*args, check=2).stderr, "", args)
        self.assertFalse(self.marked())
        self.assertFalse(os.path.exists(self.state) and os.listdir(f"{self.state}/holds"))

    def test_results_that_cannot_be_written_were_not_given(self):
        self.worker("w", "sleep 1000")
        with open("/dev/full", "w") as full:
            done = subprocess.run([PROGRAM, "-c", self.config, "config"], stdout=full, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
                                  timeout=PATIENCE)
        self.assertEqual(done.returncode, 3)

    def test_without_standard_descriptors_nothing_goes_astray(self):
        """Whatever is opened next would else be written to in their place."""
        self.worker("w", "sleep 1000", startsecs="10ms")
        script = f"exec '{PROGRAM}' -c '{self.config}' start <&- >&- 2>&-"
        self.assertEqual(subprocess.run(["sh", "-c", script], timeout=PATIENCE).returncode, 0)
        pid = self.wait_pid("w:1")
        self.assertEqual(os.readlink(f"/proc/{pid}/fd/0"), "/dev/null")
        self.assertEqual(os.readlink(f"/proc/{pid}/fd/1"), f"{self.dir}/log/w.log")


if __name__ == "__main__":
    main()
