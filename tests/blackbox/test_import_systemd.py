# SPDX-License-Identifier: ISC
"""import systemd: services, templates, targets, drop-ins; what comes of it is read by `config`."""
import os
import pwd
import random
import subprocess

from herdtest import PATIENCE, PROGRAM, main
from importing import ImportTest

CLEAN = ["0", "HUP", "INT", "TERM", "PIPE"]


class Systemd(ImportTest):
    source = "systemd"

    def unit(self, text, status=0, name="web.service", **env):
        return self.imported(text, status=status, name=name, **env)

    def service(self, lines, **options):
        return self.unit("[Service]\nExecStart=/bin/true\n" + lines, **options)

    def units(self, files, *args, status=0):
        for name, text in files.items():
            os.makedirs(os.path.dirname(os.path.join(self.dir, name)), exist_ok=True)
            self.write(name, text)
        done = self.run_import("systemd", *(os.path.join(self.dir, arg) for arg in args))
        self.assertEqual(done.returncode, status, done.stderr)
        return self.accept(done)

    def assertWarned(self, result, line, *parts, name="web.service"):
        super().assertWarned(result, line, *parts, name=name)

    # ---- units that people have

    def test_a_service(self):
        result = self.unit("""[Unit]
# Description of the service
Description=MyApp-Worker

# Add some other services / targets that you need before your worker can be started
After=network.target mysqld.service redis-server.service

# Setting StartLimitIntervalSec to 0 disables this behavior.
StartLimitIntervalSec=0

[Service]
Type=simple

# Enable auto-restarting
Restart=always

# Wait 1 minute to restart the service after its exit
RestartSec=60

# set the correct user and group for the execution
User=www-data
Group=www-data

# You have to insert the correct server-specific directory here!
ExecStart=/usr/bin/php /var/www/mysite/public/index.php queue beanstalkd

[Install]
# Start this target after the multi-user.target is reached (if its enabled)
WantedBy=multi-user.target
""", name="my-app-worker.service")
        self.assertEqual([line for line in result.said.splitlines() if "needs cronherd to be run by root" not in line], [])
        options = result.workers["my-app-worker"]
        self.assertEqual((options["user"], options["group"], options["autorestart"]), ("www-data", "www-data", "always"))
        for line in ("restart_delay = 1min", "restart_delay_max = 1min", "stopwaitsecs = 1min30s", "# MyApp-Worker"):
            self.assertIn(line, result.text)
        self.assertEqual(result.argv("my-app-worker:1"), ["/usr/bin/php", "/var/www/mysite/public/index.php", "queue", "beanstalkd"])

    def test_a_template_and_its_target(self):
        files = {"my-app-worker@.service": """[Unit]
Description=MyApp-Worker %i
StartLimitIntervalSec=0
PartOf=my-app.target

[Service]
Type=simple
Restart=always
RestartSec=60
ExecStart=/usr/bin/php /var/www/mysite/public/index.php queue beanstalkd --id=%i
""", "my-app.target": """[Unit]
After=network.target mysqld.service redis-server.service
# Add as many as you like
Wants=my-app-worker@1.service my-app-worker@2.service my-app-worker@3.service

[Install]
WantedBy=multi-user.target
"""}
        for args in (("my-app.target",), ("my-app-worker@.service", "my-app.target"), ("my-app.target", "my-app-worker@.service")):
            result = self.units(files, *args)
            self.assertEqual(result.said, "")
            self.assertEqual(sorted(result.instances), [f"my-app-worker:{n}" for n in (1, 2, 3)])
            self.assertEqual(result.argv("my-app-worker:3")[-1], "--id=3")
            self.assertIn('group "my-app" {\n\tworkers = {"my-app-worker"}', result.text)
        result = self.units(files, "my-app-worker@.service")
        self.assertIn("nobody wants an instance of it", result.said)
        self.assertEqual(list(result.instances), ["my-app-worker:1"])

    def test_instances(self):
        template = "[Service]\nExecStart=/bin/echo %i %I %n %N %p\n"
        for wanted, ids in (("x@5 x@4 x@6", ["x:4", "x:5", "x:6"]), ("x@08 x@09 x@10", ["x:10", "x:8", "x:9"]),
                            ("x@1 x@3", ["x-1:1", "x-3:1"]), ("x@high x@low", ["x-high:1", "x-low:1"]), ("x@1 x@01", ["x-01:1", "x-1:1"]),
                            ("x@a-b", ["x-a-b:1"])):
            with self.subTest(wanted=wanted):
                wants = " ".join(f"{name}.service" for name in wanted.split())
                result = self.units({"x@.service": template, "t.target": f"[Unit]\nWants={wants}\n"}, "t.target")
                self.assertEqual(sorted(result.instances), ids)
        self.assertEqual(result.argv("x-a-b:1"), ["/bin/echo", "a-b", "a/b", "x@a-b.service", "x@a-b", "x"])
        result = self.units({"x@.service": template, "t.target": "[Unit]\nWants=x@08.service x@09.service\n"}, "t.target")
        self.assertEqual(result.argv("x:9"), ["/bin/echo", "09", "09", "x@09.service", "x@09", "x"])

    def test_where_instances_are_known_from(self):
        template = "[Service]\nExecStart=/bin/echo %i\n[Install]\nDefaultInstance=eight\n"
        result = self.units({"x@.service": template}, "x@.service")
        self.assertEqual(list(result.workers), ["x-eight"])
        result = self.units({"x@.service": template, "some.target.wants/x@1.service": "", "some.target.wants/x@2.service": "",
                             "some.target.wants/y@3.service": ""}, "x@.service")
        self.assertEqual(sorted(result.instances), ["x:1", "x:2"])
        result = self.units({"x@7.service": template}, "x@7.service")
        self.assertEqual(result.argv("x:7"), ["/bin/echo", "7"])

    def test_targets(self):
        files = {"a.service": "[Service]\nExecStart=/bin/a\n", "b.service": "[Service]\nExecStart=/bin/b\n[Install]\nWantedBy=t.target\n",
                 "t.target": "[Unit]\nRequires=a.service network.target\nWants=gone.service\n", "t.target.wants/c@1.service": "",
                 "c@.service": "[Service]\nExecStart=/bin/c\n"}
        result = self.units(files, "t.target", "b.service")
        self.assertEqual(sorted(result.workers), ["a", "b", "c"])
        self.assertIn('group "t" {\n\tworkers = {"a", "c", "b"}', result.text)
        self.assertIn("gone.service, which it wants, is not beside it", result.said)

    def test_drop_ins(self):
        result = self.units({"a-b.service": "[Service]\nExecStart=/bin/old\nEnvironment=A=1\nUser=one\nNice=1\n",
                             "a-b.service.d/20-x.conf": "[Service]\nExecStart=\nExecStart=/bin/new\nEnvironment=B=2\n",
                             "a-b.service.d/10-y.conf": "[Service]\nUser=two\nNice=2\n",
                             "a-.service.d/10-y.conf": "[Service]\nNice=3\n",  # hidden by that of the nearer name
                             "a-.service.d/30-z.conf": "[Service]\nUser=nobody\n",
                             "service.d/05-all.conf": "[Service]\nUMask=0077\n",
                             "a-b.service.d/not-a-conf.txt": "[Service]\nNice=9\n"}, "a-b.service")
        self.assertEqual(result.argv("a-b:1"), ["/bin/new"])
        self.assertEqual(result.environment("a-b:1"), {"A": "1", "B": "2"})
        options = result.workers["a-b"]
        self.assertEqual((options["user"], options["nice"]), ("nobody", 2))
        self.assertEqual(result.instances["a-b:1"]["umask"], "077")

    def test_after(self):
        def service(unit):
            return f"[Unit]\n{unit}\n[Service]\nExecStart=/bin/true\n"
        result = self.units({"a.service": service("After=b.service c.service network.target\nRequires=b.service\nWants=c.service"),
                             "b.service": service("BindsTo=c.service\nAfter=c.service"), "c.service": service("")},
                            "a.service", "b.service", "c.service")
        self.assertEqual({name: options["after"] for name, options in result.workers.items()}, {"a": ["b"], "b": ["c"], "c": []})
        result = self.units({"a.service": service("After=b.service\nRequires=b.service"), "b.service": service("After=a.service\nRequires=a.service")},
                            "a.service", "b.service")
        self.assertIn("circle", result.said)

    # ---- commands

    def test_words(self):
        for command, argv in ((r"""/bin/echo "a b" 'c d' e"f g"h""", ["a b", "c d", "ef gh"]),
                              (r"/bin/echo a\x20b c\sd \u00fc \101 \q", ["a b", "c d", "ü", "A", r"\q"]),
                              ("/bin/echo one \\\n  two \\\n# comment\n three", ["one", "two", "three"]),
                              (r"/bin/echo 100%% $$HOME a$$b \; end", ["100%", "$HOME", "a$b", ";", "end"]),
                              (r"/bin/echo $ $1 ${} a$X", ["$", "$1", "${}", "a$X"]),
                              ("/bin/echo %z 5% x", ["%z", "5%", "x"]),
                              ("/bin/echo ~ * ;x # | &", ["~", "*", ";x", "#", "|", "&"])):
            with self.subTest(command=command):
                result = self.unit(f"[Service]\nExecStart={command}\n")
                self.assertEqual((result.argv("web:1"), result.said), (["/bin/echo", *argv], ""))

    def test_variables_need_a_shell(self):
        result = self.unit("[Service]\nEnvironment=X=1\nExecStart=/bin/echo $ARGS '${X}/it is' a${Y}b\n")
        self.assertEqual(result.argv("web:1"), ["/bin/sh", "-c", "exec /bin/echo $ARGS \"${X}\"'/it is' a\"${Y}\"b"])
        result = self.unit("[Service]\nExecStart=:/bin/echo $ARGS ${X}\n")
        self.assertEqual(result.argv("web:1"), ["/bin/echo", "$ARGS", "${X}"])

    def test_prefixes(self):
        for prefix, said in (("-", "'-'"), ("@", "name a for"), ("+", "'+'"), ("!!", "'+' or '!'"), ("-@", "name a for")):
            with self.subTest(prefix=prefix):
                result = self.unit(f"[Service]\nUser=nobody\nExecStart={prefix}/bin/echo a b\n")
                self.assertWarned(result, 3, "ExecStart", said)
                self.assertEqual(result.argv("web:1")[1:], ["b"] if "@" in prefix else ["a", "b"])
                self.assertEqual(result.workers["web"]["user"], None if prefix in ("+", "!!") else "nobody")

    def test_what_is_no_command(self):
        for text, *parts in (("[Service]\nExecStart='\n", "quote"), ("[Service]\n", "command is missing"), ("", "command is missing"),
                             ("[Service]\nExecStart=/bin/x %m\n", "%m"), ("[Service]\nExecStart=/bin/x \\x01\n", "control"),
                             ("[Service]\nExecStart=-\n", "no program")):
            with self.subTest(text=text):
                self.rejected(text, *parts, name="web.service")

    def test_several_commands(self):
        result = self.unit("[Service]\nExecStart=/bin/a ; /bin/b\nExecStart=/bin/c\n")
        self.assertEqual(result.argv("web:1"), ["/bin/a"])
        self.assertWarned(result, 2, "behind ';'")
        self.assertWarned(result, 3, "not the first")

    def test_specifiers(self):
        result = self.unit("[Service]\nExecStart=/bin/echo %n %N %p %H %h %u %T %% %j\n", name="a-b.service")
        home, user = ("/root", "root") if os.geteuid() == 0 else (os.path.expanduser("~"), pwd.getpwuid(os.geteuid()).pw_name)
        self.assertEqual(result.argv("a-b:1")[1:], ["a-b.service", "a-b", "a-b", os.uname().nodename, home, user, "/tmp", "%", "b"])

    # ---- settings

    def test_restart(self):
        for lines, autorestart, exitcodes in (("", "never", ["0"]), ("Restart=no", "never", ["0"]), ("Restart=always", "always", ["0"]),
                                              ("Restart=on-failure", "unexpected", CLEAN), ("Restart=on-success", "always", ["0"]),
                                              ("Restart=on-abnormal", "unexpected", CLEAN), ("Restart=on-abort", "unexpected", CLEAN),
                                              ("Restart=on-watchdog", "unexpected", CLEAN),
                                              ("Restart=always\nSuccessExitStatus=143 TEMPFAIL", "always", CLEAN + ["143", "75"]),
                                              ("Restart=on-failure\nSuccessExitStatus=KILL\nRestartPreventExitStatus=3 SIGABRT",
                                               "unexpected", CLEAN + ["KILL", "3", "SIGABRT"]),
                                              ("Restart=on-failure\nRestartForceExitStatus=0 SIGTERM", "unexpected", ["HUP", "INT", "PIPE"])):
            with self.subTest(lines=lines):
                options = self.service(lines).workers["web"]
                self.assertEqual((options["autorestart"], options["exitcodes"]), (autorestart, exitcodes))
                self.assertEqual(options["give_up"], autorestart == "never")
        for lines in ("Restart=on-success", "Restart=on-abort", "Restart=sometimes", "Restart=always\nRestartPreventExitStatus=1"):
            self.assertWarned(self.service(lines), 2 + len(lines.splitlines()), "Restart")

    def test_delays(self):
        for lines, *expected in (("RestartSec=5", "restart_delay = 5s", "restart_delay_max = 5s"),
                                 ("RestartSec=500ms", "restart_delay = 500ms"),
                                 ("RestartSec=2\nRestartSteps=5\nRestartMaxDelaySec=1min", "restart_delay = 2s", "restart_delay_max = 1min"),
                                 ("RestartSec=10min", "restart_delay = 10min", "restart_delay_max = 10min")):
            with self.subTest(lines=lines):
                result = self.service("Restart=always\n" + lines)
                for line in expected:
                    self.assertIn(line, result.text)
        # Systemd would give up after half a second, and so what follows there is slower here.
        self.assertNotIn("restart_delay_max", self.service("Restart=always\nRestartSec=500ms").text)
        result = self.unit("[Unit]\nStartLimitIntervalSec=0\n[Service]\nExecStart=/bin/true\nRestart=always\nRestartSec=500ms\n")
        self.assertIn("restart_delay_max = 500ms", result.text)
        result = self.unit("[Unit]\nStartLimitBurst=4\nStartLimitIntervalSec=1min\n[Service]\nExecStart=/bin/true\nRestart=always\n")
        self.assertEqual(result.workers["web"]["startretries"], 3)

    def test_stopping(self):
        for lines, *expected in (("", "killmode = group", "stopwaitsecs = 1min30s"), ("KillMode=mixed", "killmode = mixed"),
                                 ("KillMode=process", "killmode = process"), ("KillMode=none", "killmode = process"),
                                 ("KillSignal=SIGINT", "stopsignal = INT"), ("TimeoutStopSec=5min 20s", "stopwaitsecs = 5min20s"),
                                 ("TimeoutSec=7", "stopwaitsecs = 7s"), ("TimeoutStopSec=infinity", "stopwaitsecs = 36500d"),
                                 ("SendSIGKILL=no", "stopwaitsecs = 36500d"), ("TimeoutStopSec=0", "stopwaitsecs = 36500d")):
            with self.subTest(lines=lines):
                text = self.service(lines).text
                for line in expected:
                    self.assertIn(line, text)

    def test_memory_and_limits(self):
        result = self.service("MemoryHigh=100M\nMemoryMax=1G\nLimitNOFILE=4096:infinity\nLimitCPU=1min:2h\nLimitCORE=0\n"
                              "LimitAS=2G\nNice=5\nOOMScoreAdjust=-100\nRuntimeMaxSec=1d\nUMask=0027\n")
        options = result.workers["web"]
        self.assertEqual((options["memory_limit"], options["memory_max"], options["memory_scope"]), (100 << 20, 1 << 30, "tree"))
        self.assertEqual(sorted(options["limits"]), ["as=2G", "core=0", "cpu=60:7200", "nofile=4096:infinity"])
        self.assertEqual((options["nice"], options["oom_score_adjust"]), (5, -100))
        self.assertIn("max_age = 1d", result.text)
        self.assertEqual(self.service("MemoryMax=infinity").workers["web"]["memory_max"], None)
        self.assertWarned(self.service("MemoryMax=10%"), 3, "on this host")
        self.assertWarned(self.service("MemoryHigh=2G\nMemoryMax=1G"), 3, "left out")

    def test_output(self):
        for lines, out, err in (("", "log/web.log", "log/web.log"), ("StandardOutput=null", None, None),
                                ("StandardOutput=append:/x/o\nStandardError=append:/x/e", "/x/o", "/x/e"),
                                ("StandardOutput=append:/x/o\nStandardError=inherit", "/x/o", "/x/o"),
                                ("StandardOutput=append:/x/o\nStandardError=journal", "/x/o", "log/web.err.log"),
                                ("StandardOutput=file:/x/%p", "/x/web", "/x/web"), ("StandardOutput=tty", "log/web.log", "log/web.log")):
            with self.subTest(lines=lines):
                instance = self.service(lines).instances["web:1"]
                for found, wanted in ((instance["stdout_logfile"], out), (instance["stderr_logfile"], err)):
                    self.assertEqual(found, wanted if not wanted or wanted[0] == "/" else f"{self.dir}/{wanted}")

    def test_environment(self):
        result = self.service("Environment=\"A=1 2\" B=3 'C=x y'\nEnvironment=A=last D=%p E=50%% \"F=a\\\"b\"\nEnvironment=G=$HOME\n")
        self.assertEqual(result.environment("web:1"), {"A": "last", "B": "3", "C": "x y", "D": "web", "E": "50%", "F": 'a"b', "G": "$HOME"})
        self.assertEqual(self.service("Environment=A=1\nEnvironment=\nEnvironment=B=2\n").environment("web:1"), {"B": "2"})

    def test_environment_files(self):
        path = self.write("env", "A=1\nB=2\n")
        result = self.service(f"EnvironmentFile=-{path}\nEnvironment=A=2\nEnvironmentFile=/other\n")
        self.assertEqual(result.workers["web"]["env_file"], f"-{path}")
        self.assertWarned(result, 3, "A is set by Environment, too")
        self.assertWarned(result, 5, "not the first")
        self.write("env", "no variable\n")
        self.assertWarned(self.service(f"EnvironmentFile={path}\n"), 3, "left out")

    def test_directories(self):
        for lines, directory in (("", "/" if os.geteuid() == 0 else os.path.expanduser("~")), ("WorkingDirectory=/srv/%p", "/srv/web"),
                                 ("WorkingDirectory=~", os.path.expanduser("~")), ("WorkingDirectory=-/srv", "/srv")):
            self.assertEqual(self.service(lines).instances["web:1"]["directory"], directory)

    def test_types(self):
        result = self.service("Type=forking\nPIDFile=web.pid\n")
        self.assertEqual((result.workers["web"]["type"], result.workers["web"]["pidfile"]), ("forking", "/run/web.pid"))
        self.assertWarned(self.service("Type=notify"), 3, "ready")
        for lines in ("Type=oneshot", "Type=forking"):
            result = self.service(lines, status=1)
            self.assertEqual(result.workers, {})
            self.assertWarned(result, 3, "Type")

    def test_what_has_no_place_is_warned_of(self):
        result = self.unit("""[Unit]
OnFailure=mail.service
ConditionPathExists=/x
[Service]
ExecStart=/bin/true
ExecStartPre=/bin/true
ExecStop=/bin/true
ExecReload=/bin/kill -s USR1 $MAINPID
ExecReload=/bin/other
WatchdogSec=5
PrivateTmp=yes
CPUQuota=20%
DynamicUser=yes
Nonsense=1
X-Own=1
SyslogIdentifier=x
[X-Section]
Anything=1
[Service]
LimitCORE=never
no assignment
FinalKillSignal=SIGQUIT
RestartKillSignal=SIGINT
OOMPolicy=continue
RuntimeRandomizedExtraSec=5
LogRateLimitIntervalSec=1s
ExecStartPost=/bin/true
ExecCondition=/bin/true
ExecStopPost=/bin/true
""")
        for line, key in ((2, "OnFailure"), (3, "ConditionPathExists"), (6, "ExecStartPre"), (7, "ExecStop"), (8, "reload_signal = USR1"),
                          (9, "ExecReload"), (10, "heartbeat"), (11, "PrivateTmp"), (12, "cpu_limit"), (13, "DynamicUser"), (14, "Nonsense"),
                          (20, "LimitCORE"), (21, "no assignment"), (22, "FinalKillSignal"), (23, "RestartKillSignal"), (24, "OOMPolicy"),
                          (25, "RuntimeRandomizedExtraSec"), (26, "LogRateLimit"), (27, "ExecStartPost"), (28, "ExecCondition"),
                          (29, "ExecStopPost")):
            self.assertWarned(result, line, key)
        self.assertEqual(len(result.said.splitlines()), 21, result.said)

    def test_what_is_no_unit(self):
        for name in ("no-such.service", "web", "a b.service", "x@y@z"):
            done = self.run_import("systemd", name)
            self.assertEqual((done.returncode, "worker" in done.stdout), (2, False), done.stderr)
            self.assertIn(name, done.stderr)
        result = self.units({"a.timer": "[Timer]\n"}, "a.timer", status=1)
        self.assertIn("a.timer: is not imported", result.said)

    def test_nothing_crashes_it(self):
        rng = random.Random(6)
        parts = ["[Service]\n", "[Unit]\n", "ExecStart=", "/bin/x", " ", "\n", "\\\n", "%", "%i", "'", '"', "\\x", "\\", ";", "$", "${A}", "$$",
                 "=", "Environment=", "A=1", "Restart=on-failure\n", "RestartSec=", "infinity", "1min", "#", "MemoryMax=", "50%", "1G", "Wants=",
                 "web@2.service", "After=", "web@.service", "Requires=", "LimitCPU=", ":", "ü", "\xff", "\0", "9" * 30, "StandardOutput=append:",
                 "SuccessExitStatus=", "TEMPFAIL", "KillSignal=", "RTMIN+1", "UMask=", "0777"]
        for _ in range(250):
            for name in ("web@.service", "all.target"):
                text = "".join(rng.choice(parts) for _ in range(rng.randint(0, 50)))
                with open(os.path.join(self.dir, name), "wb") as file:
                    file.write(text.encode("latin-1"))
            done = subprocess.run([PROGRAM, "import", "systemd", "web@.service", "all.target"], capture_output=True, timeout=PATIENCE, cwd=self.dir)
            self.assertIn(done.returncode, (0, 1, 2))
            if done.returncode == 0 and b"worker" in done.stdout:
                self.write("conf.d/imported.conf", done.stdout.decode())
                self.herd("config", check=0)


if __name__ == "__main__":
    main()
