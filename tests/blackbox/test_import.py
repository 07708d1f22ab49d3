# SPDX-License-Identifier: ISC
"""import supervisord: what it accepts, warns of and rejects; what comes of it is read by `config`."""
import os
import pwd
import random
import re
import shutil
import stat
import subprocess
import unittest

from herdtest import PATIENCE, PROGRAM, main, read, wait_until
from importing import ImportTest


class Supervisord(ImportTest):
    source = "supervisord"

    # ---- files that people have

    def test_symfony_messenger_with_comments_behind_everything(self):
        result = self.imported("""
[program:messenger-consume] # the name of the program
command=php /path/to/your/app/bin/console messenger:consume async --time-limit=3600 # command to execute
user=nobody # change it by the user on your server
numprocs=2 # create two worker processes.
autostart=true #his program will start automatically when supervisord is started.
autorestart=true #automatically restart a process if it exits when it's running
process_name=%(program_name)s_%(process_num)02d # name the processes
startsecs=0 #The total number of seconds
""")
        self.assertEqual(result.said, "")
        self.assertEqual(sorted(result.instances), ["messenger-consume:0", "messenger-consume:1"])
        self.assertEqual(result.argv("messenger-consume:0"),
                         ["php", "/path/to/your/app/bin/console", "messenger:consume", "async", "--time-limit=3600"])
        options = result.workers["messenger-consume"]
        self.assertEqual(options["user"], "nobody")
        self.assertEqual(options["autorestart"], "always")
        self.assertIn("What supervisord calls messenger-consume_00 is messenger-consume:0 here", result.text)

    def test_a_process_name_that_supervisord_itself_refuses(self):
        result = self.imported("""[program:my-app]
user         = www-data
command      = php /var/www/mysite/public/index.php queue beanstalkd
numprocs     = 3
process_name = my-app-worker-%(process_num)
autorestart  = true
""")
        self.assertWarned(result, 5, "process_name", "my-app-worker-0 is my-app:0")
        self.assertEqual(len(result.instances), 3)

    def test_a_key_that_supervisord_does_not_know(self):
        result = self.imported("""[program:app-worker]
process_name=%(program_name)s_%(process_num)02d
command=php bin/console messenger:consume
directory=/var/www/html
user=www-data
group=www-data
numprocs=3
autostart=true
autorestart=true
stdout_logfile=/var/log/app-worker.out.log
stderr_logfile=/var/log/app-worker.err.log
""")
        self.assertWarned(result, 6, "group", "passes over it")
        said = [line for line in result.said.splitlines() if "to be run by root" not in line]
        self.assertEqual(len(said), 1, result.said)
        instance = result.instances["app-worker:2"]
        self.assertEqual(instance["directory"], "/var/www/html")
        self.assertEqual(instance["stdout_logfile"], "/var/log/app-worker.out.log")
        self.assertEqual(instance["stderr_logfile"], "/var/log/app-worker.err.log")
        self.assertEqual(result.workers["app-worker"]["log_maxbytes"], 50 << 20)
        self.assertEqual(result.workers["app-worker"]["log_backups"], 10)

    def test_rq_workers(self):
        result = self.imported("""[supervisord]

[program:workers]
; Point the command to the specific rq command you want to run.
command=/usr/local/bin/rq worker -P /usr/src/workers -c settings

; process_num is required if you specify >1 numprocs
process_name=worker-%(process_num)s

numprocs=5
directory=/usr/src/workers

; RQ requires the TERM signal to perform a warm shutdown.
stopsignal=TERM

autostart=true
autorestart=true""")
        self.assertEqual(sorted(result.instances), [f"workers:{n}" for n in range(5)])
        self.assertWarned(result, 8, "worker-0 is workers:0")

    def test_no_program_is_no_error(self):
        result = self.imported("""[unix_http_server]
file=/tmp/supervisor.sock   ; the path to the socket file
[supervisord]
logfile=/tmp/supervisord.log ; main log file
minfds=1024                  ; min. avail startup file descriptors;default 1024
minprocs=200
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl=unix:///tmp/supervisor.sock
""")
        self.assertEqual(result.said, "")
        self.assertEqual(result.workers, {})
        for passed_over in ("[supervisord] logfile", "[unix_http_server]", "[rpcinterface:supervisor]", "[supervisorctl]"):
            self.assertIn(passed_over, result.text)

    # ---- settings

    def test_defaults_are_supervisords(self):
        options = self.imported("[program:a]\ncommand=cat\n").workers["a"]
        self.assertEqual(options["autorestart"], "unexpected")
        self.assertEqual(options["killmode"], "process")
        self.assertEqual(options["numprocs_start"], 1)  # nothing asks for the number

    def test_every_setting(self):
        result = self.imported("""[program:a]
command=/bin/cat
process_name=%(program_name)s_%(process_num)02d
numprocs=2
numprocs_start=5
priority=12
autostart=false
autorestart=unexpected
startsecs=7
startretries=9
exitcodes=0,2 , 255
stopsignal=sigusr1
stopwaitsecs=33
stopasgroup=true
user=nobody
umask=0o27
directory=/tmp
environment=A="1",B=2
redirect_stderr=true
stdout_logfile=/tmp/a.log
stdout_logfile_maxbytes=3MB
stdout_logfile_backups=4
""")
        self.assertEqual(result.said, "")
        expected = {"numprocs": 2, "numprocs_start": 5, "priority": 12, "enabled": False, "autorestart": "unexpected",
                    "startretries": 9, "exitcodes": ["0", "2", "255"], "stopsignal": "USR1", "killmode": "group",
                    "user": "nobody", "directory": "/tmp", "environment": ["A=1", "B=2"], "stderr_logfile": "same",
                    "stdout_logfile": "/tmp/a.log", "log_maxbytes": 3 << 20, "log_backups": 4}
        options = result.workers["a"]
        self.assertEqual({key: options[key] for key in expected}, expected)
        self.assertEqual(result.instances["a:6"]["umask"], "027")
        self.assertIn("startsecs = 7s", result.text)
        self.assertIn("stopwaitsecs = 33s", result.text)

    def test_ends_by_group(self):
        for settings, killmode in (("", "process"), ("stopasgroup=true", "group"), ("killasgroup=true", "mixed"),
                                   ("stopasgroup=true\nkillasgroup=true", "group"),
                                   ("stopasgroup=false\nkillasgroup=false", "process")):
            with self.subTest(settings=settings):
                result = self.imported(f"[program:a]\ncommand=cat\n{settings}\n")
                self.assertEqual(result.workers["a"]["killmode"], killmode)

    def test_autorestart(self):
        for value, autorestart, gives_up in (("true", "always", False), ("1", "always", False), ("Unexpected", "unexpected", False),
                                             ("false", "never", True), ("OFF", "never", True)):
            with self.subTest(value=value):
                options = self.imported(f"[program:a]\ncommand=cat\nautorestart={value}\n").workers["a"]
                self.assertEqual((options["autorestart"], options["give_up"]), (autorestart, gives_up))

    def test_no_exit_code_is_expected(self):
        self.assertEqual(self.imported("[program:a]\ncommand=cat\nexitcodes=\n").workers["a"]["exitcodes"], [])

    def test_signals_by_number(self):
        self.assertEqual(self.imported("[program:a]\ncommand=cat\nstopsignal=2\n").workers["a"]["stopsignal"], "INT")

    def test_logs(self):
        for settings, out, err in (
                ("", "a.log", "a.log"),
                ("stdout_logfile=AUTO\nstderr_logfile=auto", "a.log", "a.log"),
                ("stdout_logfile=/x/o.log", "/x/o.log", "a.err.log"),
                ("stdout_logfile=/x/o.log\nredirect_stderr=true", "/x/o.log", "/x/o.log"),
                ("stderr_logfile=/x/e.log", "a.log", "/x/e.log"),
                ("stdout_logfile=NONE\nstderr_logfile=off", None, None),
                ("stdout_logfile=NONE", None, "a.err.log"),
                ("stdout_logfile=/dev/null\nredirect_stderr=yes", None, None)):
            with self.subTest(settings=settings):
                instance = self.imported(f"[program:a]\ncommand=cat\n{settings}\n").instances["a:1"]
                for found, wanted in ((instance["stdout_logfile"], out), (instance["stderr_logfile"], err)):
                    self.assertEqual(found, wanted if wanted is None or wanted[0] == "/" else f"{self.dir}/log/{wanted}")

    def test_log_settings_that_cannot_be_kept(self):
        result = self.imported("""[program:a]
command=cat
stdout_logfile=syslog
stderr_logfile=/dev/stderr
stdout_capture_maxbytes=1MB
stdout_events_enabled=true
stderr_syslog=true
stderr_events_enabled=false
stdout_logfile_maxbytes=0
serverurl=http://localhost
""")
        for line, key in ((3, "syslog"), (4, "stderr_logfile"), (5, "stdout_capture_maxbytes"), (6, "stdout_events_enabled"),
                          (7, "stderr_syslog"), (10, "serverurl")):
            self.assertWarned(result, line, key)
        self.assertNotIn(":8: ", result.said)
        self.assertEqual(result.workers["a"]["log_maxbytes"], 0)

    def test_a_log_of_stderr_that_does_not_count(self):
        result = self.imported("[program:a]\ncommand=cat\nredirect_stderr=true\nstderr_logfile=/x/e.log\n")
        self.assertWarned(result, 4, "stderr_logfile = /x/e.log", "redirect_stderr")
        self.assertEqual(result.workers["a"]["stderr_logfile"], "same")

    def test_an_own_log_that_grows_without_end(self):
        self.assertWarned(self.imported("[program:a]\ncommand=cat\nstdout_logfile_maxbytes=0\n"), 3, "without end")

    def test_sizes_of_two_logs(self):
        result = self.imported("[program:a]\ncommand=cat\nstdout_logfile=/x/o\nstderr_logfile=/x/e\n"
                               "stdout_logfile_maxbytes=2KB\nstderr_logfile_maxbytes=3KB\n")
        self.assertWarned(result, 6, "stderr_logfile_maxbytes")
        self.assertEqual(result.workers["a"]["log_maxbytes"], 2048)

    def test_what_the_daemon_has_for_all(self):
        result = self.imported("""[supervisord]
environment=A="global",B="b"
directory=/srv
umask=077
user=daemon
minfds=4096
minprocs=500
strip_ansi=true
typo=1
[program:a]
command=cat
environment=A="own"
[program:b]
command=cat
directory=/tmp
umask=022
""")
        self.assertEqual(result.environment("a:1"), {"A": "own", "B": "b"})
        self.assertEqual(result.environment("b:1"), {"A": "global", "B": "b"})
        self.assertEqual([result.instances[id]["directory"] for id in ("a:1", "b:1")], ["/srv", "/tmp"])
        self.assertEqual([result.instances[id]["umask"] for id in ("a:1", "b:1")], ["077", "022"])
        self.assertEqual(result.workers["a"]["user"], "daemon")
        self.assertEqual(result.workers["a"]["limits"], ["nofile=4096"])
        for line, key in ((7, "minprocs"), (8, "strip_ansi"), (9, "typo")):
            self.assertWarned(result, line, key)

    # ---- commands and values

    def test_words_are_pythons(self):
        for command, argv in (
                (r'''/bin/echo "a b" 'c d' e\ f''', ["a b", "c d", "e f"]),
                (r'''/bin/echo "\$HOME \` \" \\"''', [r'\$HOME \` " \ '.rstrip()]),
                (r'''/bin/echo $HOME ~ * $(date) a;b a#b''', ["$HOME", "~", "*", "$(date)", "a;b", "a#b"]),
                (r'''/bin/echo 50%% %%h''', ["50%", "%h"]),
                ("/bin/echo one\n  two\n\n  three", ["one", "two", "three"]),
                (r'''/bin/echo "" ''', [""]),
                (r'''/bin/echo ü''', ["ü"])):
            with self.subTest(command=command):
                result = self.imported(f"[program:a]\ncommand={command}\n")
                self.assertEqual(result.argv("a:1"), ["/bin/echo", *argv])

    def test_a_blank_and_a_semicolon_cut(self):
        result = self.imported("[program:a]\ncommand=/bin/echo a ; b\n")
        self.assertEqual(result.argv("a:1"), ["/bin/echo", "a"])
        self.rejected("[program:a]\ncommand=sh -c 'a ; b'\n", ":2: ", "quote is not closed", "cut the line")

    def test_relative_paths_are_warned_of(self):
        for settings, line, key in (("command=php bin/console x", 2, "bin/console"), ("command=./run", 2, "./run"),
                                    ("command=cat\ndirectory=app", 3, "directory"),
                                    ("command=cat\nstdout_logfile=a.log", 3, "stdout_logfile")):
            with self.subTest(settings=settings):
                self.assertWarned(self.imported(f"[program:a]\n{settings}\n"), line, key, "started")
        self.assertEqual(self.imported("[program:a]\ncommand=php bin/console x\ndirectory=/srv\n").said, "")

    def test_expansions(self):
        result = self.imported("""[group:g]
programs=a
[program:a]
command=/bin/echo %(program_name)s %(group_name)s %(process_num)d %(process_num)02d %(numprocs)d %(host_node_name)s %(here)s %(ENV_P)s
process_name=%(group_name)s_%(program_name)s_%(process_num)02d
numprocs=2
numprocs_start=9
environment=P="80%(process_num)02d"
directory=%(here)s/%(program_name)s_%(process_num)d
stdout_logfile=/x/%(program_name)s.%(process_num)d
""")
        self.assertEqual(result.argv("a:10"), ["/bin/echo", "a", "g", "10", "10", "2", os.uname().nodename, self.dir, "8010"])
        self.assertEqual(result.argv("a:9")[3:5], ["9", "09"])
        self.assertEqual(result.environment("a:9"), {"P": "8009"})
        self.assertEqual(result.instances["a:9"]["directory"], f"{self.dir}/a_9")
        self.assertEqual(result.instances["a:9"]["stdout_logfile"], "/x/a.9")
        self.assertIn("%02i", result.text)

    def test_a_form_of_the_number_that_we_have_not(self):
        result = self.imported("[program:a]\ncommand=/bin/echo %(process_num)3d %(process_num)x\nnumprocs=2\nnumprocs_start=15\n"
                               "process_name=a_%(process_num)d\n")
        self.assertEqual(sorted(result.instances), ["a_15:15", "a_16:16"])
        self.assertEqual(result.argv("a_16:16"), ["/bin/echo", "16", "10"])

    def test_variables_of_the_environment(self):
        result = self.imported("""[supervisord]
environment=G="g"
[program:a]
command=/bin/echo %(ENV_ENVTEST)s %(ENV_G)s %(ENV_O)s
environment=O="o-%(ENV_G)s"
""")
        self.assertEqual(result.argv("a:1"), ["/bin/echo", "from", "outside", "g", "o-g"])
        self.assertWarned(result, 3, "ENV_ENVTEST", "environment of this import")
        self.assertNotIn("ENV_G", result.said)
        self.rejected("[program:a]\ncommand=cat %(ENV_NO_SUCH_VARIABLE)s\n", ":2: ", "NO_SUCH_VARIABLE")

    def test_environments(self):
        for text, expected in (
                ('A="1",B=\'2, 3\'', {"A": "1", "B": "2, 3"}),
                ("A=1,\n  B=2,", {"A": "1", "B": "2"}),
                ('A="it\'s",B=/usr/bin:/bin', {"A": "it's", "B": "/usr/bin:/bin"}),
                ('A="50%%"', {"A": "50%"}),
                ("", {})):
            with self.subTest(text=text):
                self.assertEqual(self.imported(f"[program:a]\ncommand=cat\nenvironment={text}\n").environment("a:1"), expected)
        result = self.imported("[program:a]\ncommand=cat\nenvironment=A=x@y=z,B=1\n")
        self.assertWarned(result, 3, "A ends where supervisord ends it")
        result = self.imported("[program:a]\ncommand=cat\nenvironment=A-B=1,CRONHERD_ID=2,C=3\n")
        self.assertEqual(result.environment("a:1"), {"C": "3"})
        self.assertWarned(result, 3, "A-B=1")
        self.assertWarned(result, 3, "CRONHERD_ID", "our own")

    # ---- files and sections

    def test_includes(self):
        os.mkdir(os.path.join(self.dir, "sub"))
        os.mkdir(os.path.join(self.dir, "sub", "deep"))
        self.write("sub/b.conf", "[program:b]\ncommand=%(here)s/b\n[program:shared]\nuser=nobody\n")
        self.write("sub/a.conf", "[program:shared]\ncommand=%(here)s/x\numask=77\n[include]\nfiles=deep/*\n")
        self.write("sub/deep/never.conf", "[program:never]\ncommand=cat\n")
        self.write("sub/.hidden.conf", "[program:hidden]\ncommand=cat\n")
        result = self.imported("[include]\nfiles = sub/*.conf no/such/*.conf\n   %(here)s/one.ini\n"
                               "[program:shared]\ndirectory=%(here)s\n")
        self.assertEqual(sorted(result.workers), ["b", "shared"])
        self.assertEqual(result.argv("shared:1"), [f"{self.dir}/sub/x"])
        self.assertEqual(result.argv("b:1"), [f"{self.dir}/sub/b"])
        self.assertEqual(result.instances["shared:1"]["directory"], self.dir)
        self.assertEqual(result.instances["shared:1"]["user"], "nobody")
        self.assertWarned(result, 2, "no file matches 'no/such/*.conf'")
        self.assertWarned(result, 2, f"no file matches '{self.dir}/one.ini'")
        self.assertEqual(len(result.said.splitlines()), 3)
        self.assertWarned(result, 5, "[include]", "includes nothing itself", name="sub/a.conf")

    def test_several_files_are_one_configuration(self):
        first = self.write("one.conf", "[program:a]\ncommand=cat\n[group:g]\nprograms=a,b\n")
        second = self.write("two.conf", "[program:b]\ncommand=%(here)s/b\n[supervisord]\numask=077\n[program:a]\ncommand=dog\n")
        result = self.accept(self.run_import("supervisord", first, second))
        self.assertEqual(result.status, 0, result.said)
        self.assertIn('workers = {"a", "b"}', result.text)
        self.assertEqual(result.instances["a:1"]["umask"], "077")
        self.assertEqual(result.argv("a:1"), ["dog"])
        self.assertWarned(result, 2, "command is set again on", "two.conf:6", name="one.conf")

    def test_each_file_has_its_own_includes(self):
        self.write("a.inc", "[program:a]\ncommand=cat\n[include]\nfiles=c.inc\n")
        self.write("b.inc", "[program:b]\ncommand=cat\n")
        self.write("c.inc", "[program:c]\ncommand=cat\n")
        first = self.write("one.conf", "[include]\nfiles=a.inc\n")
        second = self.write("two.conf", "[include]\nfiles=b.inc\n")
        result = self.accept(self.run_import("supervisord", first, second))
        self.assertEqual(sorted(result.workers), ["a", "b"])
        self.assertEqual(len(result.said.splitlines()), 1, result.said)

    def test_groups(self):
        result = self.imported("""[group:my group/x]
programs=a
[program:a]
command=cat
""", status=2)
        self.assertIn("must not be empty, and have no blank", result.said)
        result = self.imported("""[group:g]
programs=a, b
priority=5
colour=red
[group:h]
programs=b
[program:a]
command=/bin/echo %(group_name)s
priority=5
[program:b]
command=/bin/echo %(group_name)s
priority=7
[program:c]
command=/bin/echo %(group_name)s
priority=9
""")
        self.assertIn('group "g" {\n\tworkers = {"a", "b"}', result.text)
        self.assertIn('group "h" {\n\tworkers = {"h-b"}', result.text)
        self.assertEqual({name: options["priority"] for name, options in result.workers.items()},
                         {"a": 5, "b": 5, "h-b": 7, "c": 9})
        self.assertEqual({id: instance["argv"][1] for id, instance in result.instances.items()},
                         {"a:1": "g", "b:1": "g", "h-b:1": "h", "c:1": "c"})
        self.assertWarned(result, 4, "colour")
        self.assertWarned(result, 12, "priority = 7", "group g")
        self.assertWarned(result, 10, "several groups")
        self.assertEqual(self.herd("config", "--env", "@g", check=0).stdout.count("CRONHERD_ID="), 2)

    def test_names_that_we_cannot_have(self):
        result = self.imported("[program:a*b]\ncommand=cat\n[program:a?b]\ncommand=dog\n[program:-x]\ncommand=cow\n"
                               "[program:grün]\ncommand=cat\n[group:@all]\nprograms=a*b,-x\n")
        self.assertEqual(sorted(result.workers), ["_-x", "a_b", "a_b-2", "grün"])
        self.assertWarned(result, 1, "a*b", "a_b")
        self.assertWarned(result, 3, "a?b", "a_b-2")
        self.assertIn('group "_@all" {\n\tworkers = {"a_b", "_-x"}', result.text)

    def test_defaults_for_all_sections(self):
        result = self.imported("[DEFAULT]\nautorestart=true\nstartsecs=4\n[program:a]\ncommand=cat\nstartsecs=5\n")
        self.assertEqual(result.workers["a"]["autorestart"], "always")
        self.assertIn("startsecs = 5s", result.text)

    # ---- what is no program

    def test_memmon(self):
        result = self.imported("""[program:a]
command=cat
process_name=%(program_name)s_%(process_num)02d
numprocs=2
[program:b]
command=cat
[program:c]
command=cat
[program:d]
command=cat
[group:g]
programs=c,d
[eventlistener:memmon]
command=/usr/bin/python3 /opt/memmon -c -p a_01=200MB -p g:c=10MB --group=g=100MB -a 1GB -m me@example.org -p nobody=1KB
events=TICK_60
""")
        limits = {name: options["memory_limit"] for name, options in result.workers.items()}
        self.assertEqual(limits, {"a": 200 << 20, "b": 1 << 30, "c": 10 << 20, "d": 100 << 20})
        self.assertEqual({options["memory_scope"] for options in result.workers.values()}, {"tree"})
        self.assertWarned(result, 14, "me@example.org", "webhook")
        self.assertWarned(result, 14, "a_01", "all of them")
        self.assertWarned(result, 14, "nobody", "no such process")

    def test_memmon_that_cannot_be_understood(self):
        for words in ("-p a", "-a many", "-x", "-p", "-a 50M", "--group"):
            with self.subTest(words=words):
                path = self.write("source.conf", f"[program:a]\ncommand=cat\n[eventlistener:m]\ncommand=memmon {words}\n")
                done = self.run_import("supervisord", path)
                self.assertEqual(done.returncode, 2)
                self.assertIn("source.conf:4: [eventlistener:m] command", done.stderr)
                self.assertIn('worker "a"', done.stdout)

    def test_other_listeners_are_reported(self):
        result = self.imported("[supervisord]\n[eventlistener:mail]\ncommand=crashmail -a\nevents=PROCESS_STATE\n")
        self.assertWarned(result, 2, "[eventlistener:mail] is not imported", "webhook")
        self.assertEqual(result.workers, {})

    def test_fastcgi_is_left_out(self):
        result = self.imported("[fcgi-program:php]\ncommand=php-cgi\nsocket=tcp://localhost:9\n[program:a]\ncommand=cat\n"
                               "[group:g]\nprograms=php,a\n", status=1)
        self.assertWarned(result, 1, "[fcgi-program:php] is not imported")
        self.assertEqual(list(result.workers), ["a"])
        self.assertIn('workers = {"a"}', result.text)

    def test_unknown_sections_are_warned_of(self):
        self.assertWarned(self.imported("[programme:a]\ncommand=cat\n"), 1, "[programme:a]")

    # ---- what is rejected

    def test_rejected(self):
        for text, *parts in (
                ("[program:a]\ncommand=cat\nstopsignal=FOO\n", ":3: ", "stopsignal"),
                ("[program:a]\ncommand=cat\nstopsignal=999\n", ":3: ", "stopsignal"),
                ("[program:a]\numask=022\n", ":1: ", "command", "missing"),
                ("[program:a]\ncommand=\n", ":2: ", "names no program"),
                ("[program:a]\ncommand=cat\nnumprocs=2\n", ":3: ", "process_num"),
                ("[program:a]\ncommand=cat\nnumprocs=2\nprocess_name=%(program_name)s\n", ":4: ", "process_num"),
                ("[program:a]\ncommand=cat\nprocess_name=%(not_there)s\n", ":3: ", "%(not_there)"),
                ("[program:a]\ncommand=cat\nprocess_name=%(program_name)\n", ":3: ", "%-expression"),
                ("[program:a]\ncommand=cat %(not_there)s\n", ":2: ", "%(not_there)"),
                ("[program:a]\ncommand=cat 100%\n", ":2: ", "command"),
                ("[program:a]\ncommand=cat %s\n", ":2: ", "'%%'"),
                ("[program:a]\ncommand=cat\nprocess_name=colons:are:bad\n", ":3: ", "process_name"),
                ("[program:a b]\ncommand=cat\n", ":1: ", "blank"),
                ("[program:]\ncommand=cat\n", ":1: ", "empty"),
                ("[program:a]\ncommand=cat\nstopasgroup=true\nkillasgroup=false\n", ":4: ", "killasgroup"),
                ("[program:a]\ncommand=cat\nenvironment=KEY\n", ":3: ", "environment"),
                ("[program:a]\ncommand=cat\nenvironment=KEY=\n", ":3: ", "environment"),
                ("[program:a]\ncommand=cat\nenvironment=A=\"1\n", ":3: ", "quote"),
                ("[program:a]\ncommand=cat\nautostart=maybe\n", ":3: ", "autostart"),
                ("[program:a]\ncommand=cat\nautorestart=sometimes\n", ":3: ", "autorestart"),
                ("[program:a]\ncommand=cat\nexitcodes=256\n", ":3: ", "exitcodes"),
                ("[program:a]\ncommand=cat\nexitcodes=0;1\n", ":3: ", "exitcodes"),
                ("[program:a]\ncommand=cat\nstartsecs=5s\n", ":3: ", "startsecs"),
                ("[program:a]\ncommand=cat\nnumprocs=20000\nprocess_name=%(process_num)d\n", ":3: ", "numprocs"),
                ("[program:a]\ncommand=cat\nstdout_logfile_maxbytes=50M\n", ":3: ", "stdout_logfile_maxbytes"),
                ("[program:a]\ncommand='\n", ":2: ", "quote is not closed"),
                ("[program:a]\ncommand=cat \\\n", ":2: ", "backslash"),
                ("command=cat\n", ":1: ", "before the first section"),
                ("[program:a]\ncommand\n", ":2: ", "KEY=VALUE"),
                ("[include]\n[program:a]\ncommand=cat\n", ":1: ", "[include] has no files"),
                ("[include]\nfiles=%(nothing)s\n[program:a]\ncommand=cat\n", ":2: ", "%(nothing)"),
                ("[supervisord]\nenvironment=A\n[program:a]\ncommand=cat\n", ":2: ", "environment"),
                ("[program:a]\ncommand=cat \x01\n", ":2: ", "control character"),
        ):
            with self.subTest(text=text):
                result = self.rejected(text, *parts)
                self.assertIn("# " + result.said.splitlines()[0], result.text)

    def test_groups_that_are_rejected(self):
        for text, *parts in (("[group:g]\nprograms=a,nobody\n", "'nobody' is no program"),
                             ("[group:g]\nprograms=a,\n", "'' is no program"),
                             ("[group:g]\nprograms=a\n[fcgi-program:a]\ncommand=x\n", "ambiguous")):
            with self.subTest(text=text):
                result = self.imported("[program:a]\ncommand=cat\n" + text, status=2)
                for part in ("source.conf:4: [group:g] programs", *parts):
                    self.assertIn(part, result.said)
                self.assertEqual(list(result.workers), ["a"])
                self.assertNotIn("group", re.sub("(?m)^#.*", "", result.text))

    def test_what_is_wrong_costs_its_program_alone(self):
        result = self.imported("[program:a]\ncommand=cat\n[program:b]\ncommand=cat\nstartsecs=x\n", status=2)
        self.assertEqual(list(result.workers), ["a"])

    def test_an_error_in_an_included_file_names_that(self):
        self.write("bad.conf", "\n[program:b]\ncommand=cat\nstopsignal=FOO\n")
        self.write("torn.conf", "no section\n")
        result = self.imported("[include]\nfiles=bad.conf\n[program:a]\ncommand=cat\n", status=2)
        self.assertIn(f"{self.dir}/bad.conf:4: [program:b] stopsignal", result.said)
        self.assertEqual(list(result.workers), ["a"])
        result = self.imported("[include]\nfiles=torn.conf\n[program:a]\ncommand=cat\n", status=2)
        self.assertIn(f"{self.dir}/torn.conf:1: ", result.said)
        self.assertEqual(result.workers, {})

    def test_files_that_cannot_be_read(self):
        for path in ("/no/such/file", self.dir, "/dev/zero"):
            done = self.run_import("supervisord", path)
            self.assertEqual((done.returncode, done.stdout.startswith(f"# {path}: ")), (2, True), done.stdout)
            self.assertIn(path, done.stderr)

    def test_it_does_not_hang_on_a_pipe(self):
        path = os.path.join(self.dir, "pipe")
        os.mkfifo(path)
        self.assertEqual(self.run_import("supervisord", path).returncode, 2)

    # ---- users

    def test_another_user_needs_root(self):
        drop = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"] if os.geteuid() == 0 else []
        own = "nobody" if drop else pwd.getpwuid(os.geteuid()).pw_name
        path = self.write("source.conf", f"[program:a]\ncommand=cat\nuser=daemon\n[program:b]\ncommand=cat\nuser={own}\n")
        done = subprocess.run([*drop, PROGRAM, "import", "supervisord", path], capture_output=True, text=True, timeout=PATIENCE)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("source.conf:3: user = daemon: needs cronherd to be run by root", done.stderr)
        self.assertEqual(len(done.stderr.splitlines()), 1)

    # ---- where it is written

    def test_files_in_a_directory(self):
        path = self.write("source.conf", "[program:a]\ncommand=cat\n[program:b*]\ncommand=cat\n[group:g]\nprograms=a\n")
        folder = os.path.join(self.dir, "out")
        done = self.run_import("-o", folder, "supervisord", path)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(sorted(os.listdir(folder)), ["@g.conf", "a.conf", "b_.conf"])
        self.assertEqual(sorted(done.stdout.splitlines()), [f"{folder}/{name}" for name in sorted(os.listdir(folder))])
        self.assertEqual(stat.S_IMODE(os.stat(f"{folder}/a.conf").st_mode), 0o600)
        self.write_main(f'conf_dir = "{folder}"')
        self.herd("config", check=0)
        again = self.run_import("-o", folder, "supervisord", path)
        self.assertEqual(again.returncode, 2)
        self.assertIn("--force", again.stderr)
        os.truncate(f"{folder}/a.conf", 0)
        self.assertEqual(self.run_import("--force", "-o", folder, "supervisord", path).returncode, 0)
        self.assertIn("worker", read(f"{folder}/a.conf"))

    def test_no_name_leads_out_of_the_directory(self):
        path = self.write("source.conf", "[program:..\\..\\x]\ncommand=cat\n[program:..]\ncommand=cat\n")
        folder = os.path.join(self.dir, "deep")
        before = set(os.listdir(self.dir))
        self.assertEqual(self.run_import("-o", folder, "supervisord", path).returncode, 0)
        self.assertEqual(set(os.listdir(self.dir)) - before, {"deep"})
        self.assertEqual(len(os.listdir(folder)), 2)

    def test_usage(self):
        for args in ((), ("supervisord",), ("nothing", "x"), ("--no-such", "supervisord", "x")):
            with self.subTest(args=args):
                done = self.run_import(*args)
                self.assertEqual((done.returncode, done.stdout), (2, ""))
                self.assertIn("import --help", done.stderr)

    def test_quiet_says_errors_only(self):
        path = self.write("source.conf", "[program:a]\ncommand=cat\nx=1\n[program:b]\n")
        done = subprocess.run([PROGRAM, "-q", "import", "supervisord", path], capture_output=True, text=True, timeout=PATIENCE)
        self.assertEqual(done.returncode, 2)
        self.assertEqual([line.split(": ")[1] for line in done.stderr.splitlines()], ["[program:b] command"])

    # ---- anything at all

    def test_nothing_crashes_it(self):
        rng = random.Random(4)
        parts = ["[program:a]\n", "command=", "cat", "\n", "\n  ", "%(", "process_num", ")d", ")02d", ")s", "%", "'", '"', "\\", ";", " ;",
                 "#", "[", "]", "=", ":", "environment=", "A=1", ",", "numprocs=3\n", "process_name=", "[group:a]\n", "programs=a\n",
                 "[eventlistener:m]\n", "memmon -a ", "1GB", "ENV_", "here", "[include]\nfiles=", "*", "/*", "../", "ü", "\xff", "\0",
                 "[supervisord]\n", "stdout_logfile=", "[DEFAULT]\n", "; cronherd: ", "shell = true\n", "after = {\"a\"}\n", "9" * 30]
        path = os.path.join(self.dir, "noise.conf")
        for _ in range(300):
            text = "".join(rng.choice(parts) for _ in range(rng.randint(0, 60)))
            with open(path, "wb") as file:
                file.write(text.encode("latin-1"))
            done = subprocess.run([PROGRAM, "import", "supervisord", path], capture_output=True, timeout=PATIENCE)
            self.assertIn(done.returncode, (0, 1, 2), text)
            if done.returncode == 0 and b"worker" in done.stdout:
                self.write("conf.d/imported.conf", done.stdout.decode())
                self.herd("config", check=0)


class Procfile(ImportTest):
    source = "procfile"

    def test_words_and_lines_for_a_shell(self):
        result = self.imported("""# what we run
web: bundle exec puma -p $PORT
worker: bundle exec sidekiq -q 'a b' 100%
exec: exec php artisan queue:work --queue=high
pipe:   cat x | ./y
""", name="Procfile")
        self.assertEqual(result.argv("worker:1"), ["bundle", "exec", "sidekiq", "-q", "a b", "100%"])
        self.assertEqual(result.argv("exec:1"), ["php", "artisan", "queue:work", "--queue=high"])
        self.assertEqual(result.argv("pipe:1"), ["/bin/sh", "-c", "cat x | ./y"])
        self.assertEqual(result.argv("web:1"), ["/bin/sh", "-c", "exec bundle exec puma -p $PORT"])
        self.assertEqual(result.environment("web:1"), {"PORT": "5000"})
        self.assertWarned(result, 2, "PORT", name="Procfile")
        self.assertEqual({instance["directory"] for instance in result.instances.values()}, {self.dir})

    def test_the_env_file_beside_it(self):
        self.write(".env", "A=1\nPORT=7000\n")
        result = self.imported("a: cat\nb: server $PORT\n", name="Procfile")
        self.assertEqual(result.workers["a"]["env_file"], "-.env")
        self.assertEqual(result.environment("b:1"), {"PORT": "7100"})
        self.write(".env", "not a variable\n")
        result = self.imported("a: cat\n", name="Procfile")
        self.assertIn(f"{self.dir}/.env:1: ", result.said)
        self.assertIsNone(result.workers["a"]["env_file"])

    def test_lines_that_are_none(self):
        result = self.imported("a: cat\n\nno colon here\n: x\nb:\n", name="Procfile")
        self.assertEqual(list(result.workers), ["a"])
        for line in (3, 4, 5):
            self.assertWarned(result, line, "NAME: COMMAND", name="Procfile")

    def test_release_is_not_kept(self):
        result = self.imported("release: ./migrate\n", name="Procfile")
        self.assertFalse(result.workers["release"]["enabled"])
        self.assertWarned(result, 1, "release", name="Procfile")

    def test_a_name_twice(self):
        self.assertEqual(sorted(self.imported("a: cat\na: dog\n", name="Procfile").workers), ["a", "a-2"])

    def test_it_runs(self):
        self.write(".env", "GREETING='hello there'\n")
        self.script("say", '#!/bin/sh\necho "$GREETING $1" >said\nexec sleep 1000\n')
        self.imported("a: ./say $GREETING\n", name="Procfile")
        self.herd("start", check=0)
        self.assertEqual(wait_until("it has said it", lambda: read(f"{self.dir}/said")), "hello there hello\n")


class Kaliop(ImportTest):
    source = "kaliop"

    def workers(self, text, status=0):
        return self.imported("parameters:\n  kaliop_queueing.default.workers.list:\n" + text, status=status, name="parameters.yml")

    def setUp(self):
        super().setUp()
        self.script("console", "#!/bin/sh\n")  # what is in the kernel's folder

    def test_the_list_of_workers(self):
        result = self.imported("""parameters:
    # worker processes to be monitored via watchdog console command
    kaliop_queueing.default.driver: rabbitmq
    kaliop_queueing.default.workers.list:
        # just a unique name
        hello:
            # as configured in rabbitmq.yml
            queue_name: 'test'
            # valid options: m, r, l, d.
            options: { m: 10, l: 128, route: 'a b', debug: true }
        plain:
            queue_name: "mails"
""", name="parameters.yml")
        self.assertWarned(result, 10, '-m=10: Symfony\'s console reads that as "=10"', name="parameters.yml")
        self.assertWarned(result, 10, "-l=128", name="parameters.yml")
        self.assertEqual(len(result.said.splitlines()), 2, result.said)
        console = [f"{self.dir}/console", "kaliop_queueing:consumer"]
        self.assertEqual(result.argv("hello:1"), ["php", *console, "test", "--label=hello", "-w", "-m=10", "-l=128", "--route=a b", "--debug=1"])
        self.assertEqual(result.argv("plain:1"), ["php", *console, "mails", "--label=plain", "-w"])
        self.assertEqual(result.instances["hello:1"]["directory"], self.dir)
        self.assertEqual(result.workers["hello"]["autorestart"], "always")

    def test_where_the_console_is(self):
        for console, parameters in (("app/console", "app/config/parameters.yml"), ("bin/console", "app/config/parameters.yml"),
                                    ("bin/console", "config/parameters.yml"), (None, "else/config/parameters.yml")):
            with self.subTest(console=console):
                root = os.path.join(self.dir, "project")
                shutil.rmtree(root, ignore_errors=True)
                for path in filter(None, (console, parameters)):
                    os.makedirs(os.path.dirname(f"{root}/{path}"), exist_ok=True)
                    self.write(f"project/{path}", "parameters: {kaliop_queueing.default.workers.list: {a: {queue_name: q}}}")
                result = self.accept(self.run_import("kaliop", f"{root}/{parameters}"))
                self.assertEqual(result.argv("a:1")[1], f"{root}/{console}" if console else f"{root}/else/console")
                self.assertEqual("there is no" in result.said, not console)

    def test_values_are_phps(self):
        for text, value in (("'a b'", "a b"), ("10", "10"), ("true", "1"), ("'true'", "true"), ("false", ""), ("~", ""), ("null", ""),
                            ("'50%%'", "50%"), ("'%queue%/x'", "mails/x"), ("'%nested%'", "mails"), ("1.5", "1.5"), ('"it\'s"', "it's")):
            with self.subTest(text=text):
                result = self.imported("parameters:\n  queue: mails\n  nested: '%queue%'\n  kaliop_queueing.default.workers.list:\n"
                                       f"    a: {{queue_name: q, options: {{x: {text}}}}}\n", name="parameters.yml")
                self.assertEqual(result.argv("a:1")[-1], f"-x={value}")

    def test_no_worker_is_no_error(self):
        for text in ("{}", "[]", "~", ""):
            result = self.imported(f"parameters:\n  kaliop_queueing.default.workers.list: {text}\n", name="parameters.yml")
            self.assertEqual((result.said, result.workers), ("", {}))
        result = self.imported("parameters: {}\n", name="parameters.yml")
        self.assertIn("has no kaliop_queueing.default.workers.list", result.said)

    def test_rejected(self):
        for text, line, *parts in (("    a: {}\n", 3, "a is not imported"), ("    a: {queue_name: ''}\n", 3, "a is not imported"),
                                   ("    a: {queue_name: q, options: 3}\n", 3, "options"), ("    a: {queue_name: q, options: {x: [1]}}\n", 3, "a is"),
                                   ("    a: {queue_name: '%nothing%'}\n", 3, "%nothing%"), ("    a: x\n", 3, "a is not imported"),
                                   ("    [a, b]\n", 3, "name for each"), ("    a: {queue_name: q\n", 4, ""), ("\t\n", 3, "")):
            with self.subTest(text=text):
                result = self.workers(text, status=2)
                self.assertEqual(result.workers, {})
                self.assertRegex(result.said, rf"(?m)^{self.dir}/parameters.yml:{line}: ")
                for part in parts:
                    self.assertIn(part, result.said)

    def test_warned_of(self):
        result = self.imported("imports:\n  - { resource: other.yml }\nparameters:\n  kaliop_queueing.default.workers.list:\n"
                               "    a b:\n      queue_name: q\n      colour: red\n", name="parameters.yml")
        self.assertWarned(result, 2, "imports", name="parameters.yml")
        self.assertWarned(result, 5, "a_b", name="parameters.yml")
        self.assertWarned(result, 7, "colour", name="parameters.yml")
        self.assertIn("--label=a b", result.argv("a_b:1"))

    def test_it_does_not_grow_without_end(self):
        laughs = "parameters:\n  a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        laughs += "".join(f"  a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9))
        for text in (laughs, "parameters: &a {b: *a}\n", "[" * 5000, "parameters: {a: '%b%', b: '%a%', kaliop_queueing.default.workers.list: "
                     "{w: {queue_name: '%a%'}}}"):
            self.assertEqual(self.imported(text, status=2, name="parameters.yml").workers, {})

    def test_nothing_crashes_it(self):
        rng = random.Random(8)
        parts = ["parameters:", "\n", "  ", "    ", "kaliop_queueing.default.workers.list", ":", " ", "a", "queue_name: q", "options: {", "}", "[", "]",
                 "'", '"', "%", "%%", "&x", "*x", "- ", "|", ">", "#", "~", "true", "ü", "\xff", "\0", "\t", "!!str ", "? ", ",", "---\n", "..."]
        path = os.path.join(self.dir, "noise.yml")
        for _ in range(200):
            text = "parameters:\n  kaliop_queueing.default.workers.list:\n" * rng.randint(0, 1)
            text += "".join(rng.choice(parts) for _ in range(rng.randint(0, 40)))
            with open(path, "wb") as file:
                file.write(text.encode("latin-1"))
            done = subprocess.run([PROGRAM, "import", "kaliop", path], capture_output=True, timeout=PATIENCE)
            self.assertIn(done.returncode, (0, 1, 2), text)
            if done.returncode == 0 and b"worker" in done.stdout:
                self.write("conf.d/imported.conf", done.stdout.decode())
                self.herd("config", check=0)


if __name__ == "__main__":
    main()
