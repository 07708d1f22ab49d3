# SPDX-License-Identifier: ISC
"""export: what comes out says the same, and the other keeper accepts it."""
import contextlib
import io
import json
import os
import random
import re
import shlex
import subprocess
import sys
import unittest
import warnings

from herdtest import HerdTest, PATIENCE, PROGRAM, main, read

NASTY = ["a b", "it's", 'say "hi"', "back\\slash", "100%%", "a ; b", "a # b", ";", "#", " lead", "trail ", "tab\there", "two\nlines",
         "blank \n line", "\n", "", "$HOME", "${HOME}", "`x`", "*", "~", "grün", "%n", "%i", "%02i", "x%03iy", "%H", "'", '"', "a=b,c",
         "[x]", "{y}", "--opt=1", "'both\"", "(p)", "a:b", "!", "|&<>", "\u00a0;", "%%(here)s", "ends\\"]


def words(rng):
    """A command's words, and how our configuration has them."""
    return " ".join(shlex.quote(rng.choice(NASTY)) for _ in range(rng.randint(0, 4)))


# Random values by option; strings are taken as text, lists as lists, others as they stand.
VALUES = {
    "shell": lambda rng: rng.random() < 0.3,
    "numprocs": lambda rng: rng.choice([0, 1, 1, 2, 3]),
    "numprocs_start": lambda rng: rng.choice([0, 1, 7]),
    "enabled": lambda rng: rng.random() < 0.5,
    "directory": lambda rng: rng.choice(["~", "/tmp", "~/app-%i", "/a b/%n", "rel", "/100%%"]),
    "umask": lambda rng: rng.choice(["0", "022", "077", "0777"]),
    "user": lambda rng: rng.choice(["root", "nobody"]) if os.geteuid() == 0 else "",
    "environment": lambda rng: [f"K{n}={rng.choice(NASTY)}" for n in range(rng.randint(0, 4))],
    "env_file": lambda rng: rng.choice(["", "-.env-%i", "-/no/such/env"]),
    "priority": lambda rng: rng.choice([-5, 0, 999, 1000000]),
    "after": lambda rng: [],
    "autorestart": lambda rng: rng.choice(["always", "unexpected", "never"]),
    "exitcodes": lambda rng: rng.sample(["0", "2", "255", "TERM", "KILL"], rng.randint(0, 3)),
    "startsecs": lambda rng: rng.choice(["0", "1", "1500ms", "1h", "250ms"]),
    "startretries": lambda rng: rng.choice([0, 3, 1000]),
    "restart_delay": lambda rng: rng.choice(["0", "1", "5s"]),
    "restart_delay_max": lambda rng: rng.choice(["5min", "1h"]),
    "give_up": lambda rng: rng.random() < 0.5,
    "stopsignal": lambda rng: rng.choice(["TERM", "INT", "USR2", "RTMIN+1", "9", "KILL"]),
    "stopwaitsecs": lambda rng: rng.choice(["0", "10", "1h30min", "700ms"]),
    "killmode": lambda rng: rng.choice(["mixed", "process", "group"]),
    "restart_on_change": lambda rng: rng.sample(["/srv/app/current", "touch me", "~/%n-%i"], rng.randint(1, 2)),
    "reload_signal": lambda rng: rng.choice(["HUP", "USR1"]),
    "memory_limit": lambda rng: rng.choice(["none", "100M", "1000"]),
    "memory_limit_for": lambda rng: rng.choice(["0", "5min"]),
    "memory_max": lambda rng: rng.choice(["none", "2G"]),
    "memory_metric": lambda rng: rng.choice(["rss", "pss", "uss"]),
    "memory_scope": lambda rng: rng.choice(["process", "tree"]),
    "max_age": lambda rng: rng.choice(["none", "1d"]),
    "stdout_logfile": lambda rng: rng.choice(["%n.log", "none", "/x/%i.log", "~/l og ;%02i", "a%%b"]),
    "stderr_logfile": lambda rng: rng.choice(["same", "none", "/x/%i.err", "%n.err"]),
    "log_maxbytes": lambda rng: rng.choice(["0", "10M", "1000"]),
    "log_backups": lambda rng: rng.choice([0, 5, 20]),
    "log_mode": lambda rng: rng.choice(["0640", "0600"]),
    "nice": lambda rng: rng.choice(["none", 5]),
    "oom_score_adjust": lambda rng: rng.choice(["none", 100]),
    "limits": lambda rng: rng.choice([[], ["nofile=4096"], ["core=0:unlimited", "nproc=50"]]),
}


class ExportTest(HerdTest):
    def export(self, keeper, *args, check=0):
        return self.herd("export", keeper, *args, check=check)

    def config_json(self):
        shown = json.loads(self.herd("config", "--json").stdout)
        self.assertEqual([error["message"] for error in shown["errors"]], [])
        return shown

    def random_worker(self, rng, name, **fixed):
        options = {key: make(rng) for key, make in VALUES.items() if rng.random() < 0.5}
        options.update(fixed)
        if options.get("restart_delay") == "5s":
            options["restart_delay_max"] = "1h"
        if "restart_on_change" not in options:
            options.pop("reload_signal", None)
        command = "/bin/echo " + words(rng)
        if options.get("shell"):
            command = rng.choice(["echo $HOME; exec sleep 10", "cat <x | y 'z ; %n'", "true # no comment"])
        self.worker(name, command, **options)


@contextlib.contextmanager
def quiet():
    with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        yield


def supervisors_view(path):
    """{GROUP: [PROCESS CONFIG]} as supervisor's own parser has it."""
    sys.path.insert(0, "/usr/lib/python3/dist-packages")
    with quiet():
        from supervisor.options import ServerOptions
        options = ServerOptions()
        options.configfile = path
        options.here = os.path.dirname(path)
        section = options.read_config(path)
    return {group.name: group.process_configs for group in section.process_group_configs}


class Supervisord(ExportTest):
    def reimport(self, text):
        """Configuration of what `import` makes of TEXT, in the place of what was there."""
        path = self.write("supervisord.conf", text)
        done = subprocess.run([PROGRAM, "import", "supervisord", path], capture_output=True, text=True, timeout=PATIENCE)
        self.assertEqual((done.returncode, done.stderr), (0, ""), text)
        for name in os.listdir(self.conf_dir):
            os.unlink(os.path.join(self.conf_dir, name))
        self.write("conf.d/imported.conf", done.stdout)
        return self.config_json()

    @staticmethod
    def options(config):
        return {worker["name"]: worker["options"] for worker in config["workers"]}

    def test_imported_again_it_is_the_same(self):
        rng = random.Random(1)
        for turn in range(12):
            for name in os.listdir(self.conf_dir):
                os.unlink(os.path.join(self.conf_dir, name))
            for n in range(6):
                self.random_worker(rng, f"w{n}")
            self.worker("last,ü", "true", after=["w0", "w5"])
            self.write("conf.d/groups.conf", 'group "a" { workers = {"w0", "w1"} }\ngroup "b" { workers = {"w1", "last,ü"} }\n')
            before, groups = self.options(self.config_json()), self.herd("config").stdout.split("\ngroup ")[1:]
            config = self.reimport(self.export("supervisord").stdout)
            for name, options in before.items():
                self.assertEqual(self.options(config)[name], options, f"turn {turn}, {name}")
            self.assertEqual(len(config["workers"]), len(before))
            again = self.herd("config").stdout.split("\ngroup ")[1:]
            self.assertEqual([group.split("\n\n")[0] for group in again], [group.split("\n\n")[0] for group in groups])

    def test_every_option_is_tried(self):
        """What the program knows is in VALUES, or named here with its reason."""
        others = {"command",  # in each
                  "type", "pidfile",  # only together: below
                  "cpu_limit", "cpu_limit_for", "heartbeat_file", "heartbeat_timeout", "log_tail", "group",  # below
                  "probe", "probe_interval", "probe_timeout", "probe_failures"}
        known = set(self.options({"workers": [dict(name="x", options=self.one_worker()["options"])]})["x"])
        self.assertEqual(known - set(VALUES) - others, set())

    def one_worker(self):
        self.worker("x", "true")
        return self.config_json()["workers"][0]

    def test_the_rest_of_the_options_too(self):
        self.worker("f", "daemon", type="forking", pidfile="/run/f-%i.pid", numprocs=2)
        self.worker("g", "true", cpu_limit=50, cpu_limit_for="10min", heartbeat_file="beat-%i", heartbeat_timeout="90s",
                    log_tail=3, group="root" if os.geteuid() == 0 else "")
        before = self.options(self.config_json())
        done = self.export("supervisord")
        self.assertIn("foreground", done.stderr)
        self.assertEqual(self.options(self.reimport(done.stdout)), before)

    def test_supervisord_reads_what_we_mean(self):
        """Arguments, environments, directories and logs, by its own parser."""
        rng = random.Random(2)
        os.mkdir(os.path.join(self.dir, "log"))
        plain = {"stdout_logfile": f"{self.dir}/log/%n.%i;%%.log", "stderr_logfile": "none", "env_file": ""}
        for turn in range(8):
            for n in range(4):
                self.random_worker(rng, f"w{n}", **plain)
            config = self.config_json()
            path = self.write("supervisord.conf", self.export("supervisord").stdout)
            view = supervisors_view(path)
            for worker in config["workers"]:
                name, options = worker["name"], worker["options"]
                processes = sorted(view[name], key=lambda process: process.stdout_logfile)
                instances = sorted((i for i in config["instances"] if i["id"].startswith(name + ":")),
                                   key=lambda instance: instance["stdout_logfile"])
                self.assertEqual(len(processes), options["numprocs"])
                for process, instance in zip(processes, instances):
                    self.assertEqual(shlex.split(process.command), instance["argv"])
                    self.assertEqual(process.directory, instance["directory"])
                    self.assertEqual(process.umask, int(instance["umask"], 8))
                    self.assertEqual(process.stdout_logfile, instance["stdout_logfile"])
                    self.assertIsNone(process.stderr_logfile)
                    expected = instance["environment"]
                    sayable = {key: value for key, value in expected.items()
                               if not ("'" in value and '"' in value) and value.strip("'\"") == value}
                    self.assertEqual({key: value for key, value in process.environment.items() if key in expected}, sayable)
                    self.assertEqual(process.environment["HOME"], os.path.expanduser(f"~{instance['user']}"))
                    self.assertEqual((process.priority, process.startretries), (options["priority"], options["startretries"]))

    def test_what_it_cannot_say_is_said(self):
        self.worker("a", "true", memory_limit="128M", stopsignal="RTMIN+1", exitcodes=["0", "TERM"],
                    environment=["A='\""], env_file="-x", after=[])
        done = self.export("supervisord")
        for part in ("memory_limit = 128M", "RTMIN+1", "TERM is never expected", "the value of A", 'env_file = "-x"'):
            self.assertRegex(done.stderr, rf"(?m)^{self.conf_dir}/a.conf:1: worker 'a': .*{re.escape(part)}")

    def test_who_edits_the_file_is_listened_to(self):
        self.worker("a", "~/run --now", memory_limit="128M")
        text = self.export("supervisord").stdout
        self.assertIn("/run --now", text)
        path = self.write("supervisord.conf", text.replace("--now", "--later"))
        done = subprocess.run([PROGRAM, "import", "supervisord", path], capture_output=True, text=True, timeout=PATIENCE)
        self.assertIn("'cronherd: command = ", done.stderr)
        self.assertIn("/run --later", done.stdout)
        self.assertIn("memory_limit = 128M", done.stdout)
        self.assertNotIn("/run --now\"\n\t", done.stdout)


class Verb(ExportTest):
    def test_targets(self):
        for name in ("mail-a", "mail-b", "other"):
            self.worker(name, "true")
        self.write("conf.d/g.conf", 'group "g" { workers = {"other"} }\n')
        for targets, names in (((), ["mail-a", "mail-b", "other"]), (("mail*",), ["mail-a", "mail-b"]), (("@g",), ["other"]),
                               (("mail-b", "@g"), ["mail-b", "other"])):
            text = self.export("supervisord", *targets).stdout
            self.assertEqual([line[9:-1] for line in text.splitlines() if line.startswith("[program:")], names)
            self.assertEqual("[group:g]" in text, "other" in names)
        for target in ("nobody", "mail-a:1", "@no", "x*"):
            done = self.export("supervisord", target, check=2)
            self.assertIn(target, done.stderr)
            self.assertEqual(done.stdout, "")

    def test_files(self):
        self.worker("a", "true")
        folder = os.path.join(self.dir, "out")
        done = self.export("supervisord", "-o", folder)
        self.assertEqual(done.stdout, f"{folder}/supervisord.conf\n")
        self.assertEqual(read(f"{folder}/supervisord.conf"), self.export("supervisord").stdout)
        self.assertIn("--force", self.export("supervisord", "-o", folder, check=2).stderr)
        self.export("supervisord", "-o", folder, "--force")

    def test_a_worker_that_cannot_be(self):
        self.worker("a", "true", user="no-such-user")
        self.worker("b", "true")
        done = self.export("supervisord", check=1)
        self.assertIn("user 'no-such-user' does not exist", done.stderr)
        self.assertIn("[program:b]", done.stdout)
        self.assertNotIn("[program:a]", done.stdout)

    def test_a_broken_file_is_said(self):
        self.worker("a", "true")
        self.write("conf.d/b.conf", "worker {\n")
        done = self.export("supervisord", check=2)
        self.assertIn("b.conf:1: ", done.stderr)
        self.assertIn("[program:a]", done.stdout)

    def test_usage(self):
        for args in ((), ("nothing",), ("--no", "supervisord")):
            done = self.herd("export", *args, check=2)
            self.assertIn("export --help", done.stderr)


if __name__ == "__main__":
    main()
