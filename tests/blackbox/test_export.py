# SPDX-License-Identifier: ISC
"""export: what comes out says the same, and the other keeper accepts it."""
import contextlib
import io
import json
import os
import pwd
import random
import re
import shlex
import shutil
import subprocess
import sys
import warnings

import yaml

from herdtest import HerdTest, PATIENCE, PROGRAM, SOURCES, main, read
from importing import home_of

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
    "user": lambda rng: rng.choice(["root", "daemon"]) if os.geteuid() == 0 else "",
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
                    self.assertEqual(process.environment["HOME"], home_of(pwd.getpwnam(instance["user"])))
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


class Systemd(ExportTest):
    def verify(self, folder):
        """What systemd itself says of the units."""
        mode = [] if os.geteuid() == 0 else ["--user"]
        units = sorted(os.path.join(folder, name) for name in os.listdir(folder))
        done = subprocess.run(["systemd-analyze", *mode, "verify", *units], capture_output=True, text=True, timeout=PATIENCE,
                              env={**os.environ, "XDG_RUNTIME_DIR": self.dir})
        said = [line for line in done.stderr.splitlines() if folder in line or any(os.path.basename(unit) in line for unit in units)]
        self.assertEqual((done.returncode, said), (0, []), done.stdout + done.stderr)

    def written(self, *targets):
        folder = os.path.join(self.dir, "units")
        shutil.rmtree(folder, ignore_errors=True)
        done = self.export("systemd", "-o", folder, *targets)
        return folder, done.stderr

    def test_units(self):
        self.worker("one", "/bin/sleep 100", memory_max="1G", nice=5, limits=["nofile=100:200", "core=unlimited"], umask="077")
        self.worker("two", "/bin/sleep 10%i", numprocs=2, numprocs_start=4, after=["one"], stdout_logfile="none", stderr_logfile="/x/%i.err")
        self.worker("padded", "/bin/sleep 1%02i", numprocs=2, numprocs_start=9)
        self.worker("mixed", "/bin/sleep %i%02i", numprocs=2)
        self.worker("off", "/bin/sleep 1", enabled=False)
        self.worker("grün@x,1", "/bin/sleep 1")
        self.write("conf.d/g.conf", 'group "g" { workers = {"two", "padded"} }\n')
        folder, said = self.written()
        self.assertEqual(said, "")
        self.assertEqual(sorted(os.listdir(folder)),
                         sorted(["one.service", "two@.service", "padded@.service", "mixed-1.service", "mixed-2.service", "off.service",
                                 r"gr\xc3\xbcn\x40x\x2c1.service", "g.target", "cronherd.target"]))
        wants = [line[6:] for line in read(f"{folder}/cronherd.target").splitlines() if line.startswith("Wants=")]
        self.assertEqual(sorted(wants), sorted(["one.service", "two@4.service", "two@5.service", "padded@09.service", "padded@10.service",
                                                "mixed-1.service", "mixed-2.service", r"gr\xc3\xbcn\x40x\x2c1.service"]))
        self.assertIn("After=one.service\nRequires=one.service\n", read(f"{folder}/two@.service"))
        self.assertIn("LimitNOFILE=100:200\nLimitCORE=infinity:infinity\n", read(f"{folder}/one.service"))
        self.assertIn("PartOf=cronherd.target g.target\n", read(f"{folder}/two@.service"))
        self.verify(folder)

    def test_imported_again_it_runs_the_same(self):
        rng = random.Random(3)
        for turn in range(8):
            for name in os.listdir(self.conf_dir):
                os.unlink(os.path.join(self.conf_dir, name))
            for n in range(5):
                self.random_worker(rng, f"w{n}", enabled=True, numprocs=rng.randint(1, 3), env_file="", shell=False,
                                   stdout_logfile=rng.choice(["none", "/x/%i;%%.log", "/x y/%n"]))
            before = self.config_json()
            folder, said = self.written()
            self.verify(folder)
            done = subprocess.run([PROGRAM, "import", "systemd", f"{folder}/cronherd.target"], capture_output=True, text=True, timeout=PATIENCE)
            said = [line for line in done.stderr.splitlines() if "ExecReload: add restart_on_change" not in line]
            self.assertEqual((done.returncode, said), (0, []))
            for name in os.listdir(self.conf_dir):
                os.unlink(os.path.join(self.conf_dir, name))
            self.write("conf.d/imported.conf", done.stdout)
            after = self.config_json()
            self.assertEqual(self.runs(after), self.runs(before), f"turn {turn}")

    @staticmethod
    def runs(config):
        """What is executed, however it is called; of the environment what was not ours to begin with."""
        base = {"HOME", "USER", "LOGNAME", "SHELL", "PATH", "LANG"}
        options = {worker["name"]: worker["options"] for worker in config["workers"]}
        found = []
        for instance in config["instances"]:
            own = options[instance["id"].rsplit(":", 1)[0]]
            found.append((instance["argv"], instance["directory"], instance["umask"], instance["user"], instance["stdout_logfile"],
                          sorted((key, value) for key, value in instance["environment"].items() if key not in base),
                          own["autorestart"], sorted(own["exitcodes"]) if own["autorestart"] == "unexpected" else None, own["stopsignal"], own["killmode"], own["memory_max"], own["nice"],
                          own["oom_score_adjust"], own["restart_delay"]))
        return sorted(found, key=repr)

    def test_clean_ends(self):
        """What systemd takes for clean without being told, and we do not, is forced."""
        self.worker("a", "/bin/sleep 1", autorestart="unexpected", exitcodes=["3", "TERM", "KILL"])
        folder, said = self.written()
        text = read(f"{folder}/a.service")
        self.assertIn("Restart=on-failure\nSuccessExitStatus=3 KILL\nRestartForceExitStatus=0 SIGHUP SIGINT SIGPIPE\n", text)
        self.verify(folder)

    def test_what_it_cannot_say_is_said(self):
        self.worker("a", "/bin/sleep 1", memory_limit="128M", cpu_limit=50, startretries=9, env_file="-/x", environment=["A=1"],
                    log_maxbytes="1M", reload_signal="HUP", restart_on_change=["/x"])
        folder, said = self.written()
        for part in ("memory_limit", "cpu_limit = 50", "startretries = 9", "env_file", "log_maxbytes", "restart_on_change"):
            self.assertRegex(said, rf"(?m)^{self.conf_dir}/a.conf:1: worker 'a': {part}")
        self.assertIn("ExecReload=/bin/kill -s HUP $MAINPID", read(f"{folder}/a.service"))

    def test_it_prints_units_too(self):
        self.worker("a", "/bin/sleep 1")
        text = self.export("systemd").stdout
        self.assertIn("# a.service\n# Made by", text)
        self.assertIn("# cronherd.target\n", text)


class Kubernetes(ExportTest):
    def manifests(self, *args):
        done = self.export("kubernetes", *args)
        return list(yaml.safe_load_all(done.stdout)), done

    def check(self, manifests):
        folder = os.path.join(os.path.dirname(PROGRAM), "tests", "kubernetes")
        subprocess.run(["sh", os.path.join(SOURCES, "tests/kubernetes/install.sh"), folder], check=True, timeout=PATIENCE * 3)
        done = subprocess.run(["node", os.path.join(SOURCES, "tests/kubernetes/check.js"), folder], input=json.dumps(manifests),
                              capture_output=True, text=True, timeout=PATIENCE)
        self.assertEqual((done.returncode, done.stdout), (0, f"{len(manifests)} checked\n"), done.stderr)

    def test_manifests(self):
        self.worker("Mail_Worker.1", "php artisan queue:work '$HOME'", numprocs=3, memory_max="1G", stopwaitsecs="90s", directory="/app",
                    environment=["A=$(B) $C", "D=yes", "E=1.0"], user="root" if os.geteuid() == 0 else "")
        self.worker("mail-worker-1", "true", enabled=False)
        self.worker("grün", "true")
        self.worker("9", "true")
        manifests, done = self.manifests()
        self.check(manifests)
        by_name = {manifest["metadata"]["name"]: manifest for manifest in manifests}
        self.assertEqual(sorted(by_name), ["gr-n", "mail-worker-1", "mail-worker-1-2", "w-9"])
        spec = by_name["mail-worker-1"]["spec"]
        self.assertEqual((by_name["mail-worker-1"]["kind"], spec["replicas"]), ("Deployment", 3))
        self.assertEqual(spec["selector"]["matchLabels"], spec["template"]["metadata"]["labels"])
        self.assertEqual(spec["template"]["spec"]["terminationGracePeriodSeconds"], 90)
        container = spec["template"]["spec"]["containers"][0]
        self.assertEqual((container["command"], container["args"]), (["php"], ["artisan", "queue:work", "$$HOME"]))
        self.assertEqual({item["name"]: item["value"] for item in container["env"]},
                         {"A": "$$(B) $$C", "D": "yes", "E": "1.0", "LANG": "C.UTF-8"})
        self.assertEqual((container["workingDir"], container["resources"]), ("/app", {"limits": {"memory": str(1 << 30)}}))
        self.assertEqual(by_name["mail-worker-1-2"]["spec"]["replicas"], 0)

    def test_numbers_need_a_stateful_set(self):
        self.worker("a", "run --id=%i", numprocs=2, numprocs_start=5)
        self.worker("b", "run %02i")
        manifests, done = self.manifests("a")
        self.check(manifests)
        spec = manifests[0]["spec"]
        self.assertEqual((manifests[0]["kind"], spec["ordinals"]), ("StatefulSet", {"start": 5}))
        container = spec["template"]["spec"]["containers"][0]
        self.assertEqual(container["args"], ["--id=$(CRONHERD_INSTANCE)"])
        self.assertEqual(container["env"][0]["name"], "CRONHERD_INSTANCE")
        self.assertIn("%02i", self.manifests("b")[1].stderr)

    def test_any_text_is_kept(self):
        rng = random.Random(4)
        for turn in range(4):
            for n in range(4):
                self.random_worker(rng, f"w{n}", numprocs=1, numprocs_start=1, shell=False, directory="/")
            config = self.config_json()
            manifests, done = self.manifests()
            self.check(manifests)
            by_name = {manifest["metadata"]["name"]: manifest for manifest in manifests}
            for instance in config["instances"]:
                container = by_name[instance["id"].split(":")[0]]["spec"]["template"]["spec"]["containers"][0]

                def plain(text):
                    # Of a form with zeros in front it was warned.
                    return text.replace("$(CRONHERD_INSTANCE)", "1").replace("$$", "$")
                found = [plain(word) for word in container["command"] + container.get("args", [])]
                self.assertEqual([word.replace("001", "1").replace("01", "1") for word in instance["argv"]], found)
                env = {item["name"]: plain(item["value"]) for item in container["env"] if "value" in item}
                for key, value in instance["environment"].items():
                    self.assertEqual(env[key], value.replace("001", "1").replace("01", "1"))

    def test_files(self):
        self.worker("a", "true")
        self.worker("b", "true")
        folder = os.path.join(self.dir, "out")
        self.export("kubernetes", "-o", folder)
        self.assertEqual(sorted(os.listdir(folder)), ["a.yaml", "b.yaml"])
        with open(f"{folder}/a.yaml") as file:
            self.assertEqual(yaml.safe_load(file)["metadata"]["name"], "a")

    def test_what_it_cannot_say_is_said(self):
        self.worker("a", "true", memory_limit="128M", autorestart="never", stopsignal="INT", env_file="-x", nice=5)
        said = self.manifests()[1].stderr
        for part in ("memory_limit", "autorestart", "stopsignal", "env_file", "nice"):
            self.assertRegex(said, rf"(?m)^{self.conf_dir}/a.conf:1: worker 'a': {part}")


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
        self.write("conf.d/g.conf", 'group "g" { workers = {"a", "b"} }\ngroup "h" { workers = {"a"} }\n')
        done = self.export("supervisord", check=1)
        self.assertIn("user 'no-such-user' does not exist", done.stderr)
        self.assertIn("[program:b]", done.stdout)
        self.assertNotIn("[program:a]", done.stdout)
        self.assertIn("[group:g]\nprograms=b\n", done.stdout)
        self.assertNotIn("group:h", done.stdout)

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
