# SPDX-License-Identifier: ISC
"""doctor: one line a finding, with the cure; and that it changes nothing."""
import os
import re
import resource
import shutil
import subprocess
import time

from boxes import NOBODY, Box, as_nobody, need_root
from herdtest import PROGRAM, HerdTest, environ, main, read, wait_until
from terminal import Terminal

LINE = re.compile(r"(OK|WARN|BAD) +(.{13})  (.*)")


class DoctorTest(HerdTest):
    def setUp(self):
        super().setUp()
        self.env = {**os.environ, "CRONHERD_CRONTAB": f"{self.dir}/crontab"}
        self.crontab(f"* * * * * {PROGRAM} run")

    def crontab(self, text, status=0):
        self.script("crontab", f"#!/bin/sh\ncat <<'EOF'\n{text}\nEOF\nexit {status}\n")

    def findings(self, done):
        """What was found of what: {check: [(level, text)]}."""
        found = {}
        for line in done.stdout.splitlines():
            match = LINE.fullmatch(line)
            self.assertTrue(match, line)
            found.setdefault(match[2].strip(), []).append((match[1], match[3]))
        return found

    def doctor(self, *args, before=(), **options):
        done = subprocess.run([*before, PROGRAM, "-c", self.config, *args, "doctor"], text=True, capture_output=True,
                              stdin=subprocess.DEVNULL, env=self.env, timeout=180, **options)
        found = self.findings(done)
        is_bad = any(level == "BAD" for lines in found.values() for level, _ in lines)
        self.assertEqual(done.returncode, 1 if is_bad else 0, done.stdout + done.stderr)
        return found

    def assert_finds(self, check, level, text, *args, **options):
        found = self.doctor(*args, **options)
        self.assertTrue(any(a == level and text in b for a, b in found[check]), f"{check}: {level} {text}: {found[check]}")

    def keep(self, **options):
        self.worker("w", "sleep 1000", startsecs="10ms", **options)
        self.herd("run", check=0)
        self.wait_pid("w:1")


class Well(DoctorTest):
    def test_a_herd_that_is_well(self):
        self.keep(numprocs=2)
        found = self.doctor()
        for check in ("program", "configuration", "state_dir", "crontab", "rounds", "/proc", "pidfds", "processes", "clock",
                      "strays", "commands", "telling", "container", "descriptors"):
            self.assertEqual([level for level, _ in found[check]], ["OK"], (check, found[check]))
        self.assertIn("workers: 1, instances: 2", found["configuration"][0][1])
        self.assertIn("the last one ", found["rounds"][0][1])

    def test_quiet_says_only_what_is_not_well(self):
        self.keep()
        done = self.herd("-q", "doctor", env=self.env)
        self.assertNotRegex(done.stdout, "(?m)^OK")
        self.crontab("# nothing", 1)
        self.assertIn("crontab", self.herd("-q", "doctor", env=self.env).stdout)

    def test_in_color_on_a_terminal(self):
        terminal = Terminal(self, "doctor", env=self.env)
        terminal.wait()
        self.assertIn("\033[32mOK  \033[0m  program", terminal.text)
        self.assertIn("\033[33mWARN\033[0m  configuration", terminal.text)
        self.assertIn("\033[31mBAD \033[0m  rounds", terminal.text)

    def test_it_changes_nothing(self):
        self.worker("w", "sleep 1000")
        self.doctor()
        self.assertFalse(os.path.exists(self.state))
        self.keep()
        before = {name: os.stat(f"{self.state}/{name}").st_mtime_ns for name in os.listdir(self.state)}
        self.doctor()
        self.assertEqual({name: os.stat(f"{self.state}/{name}").st_mtime_ns for name in os.listdir(self.state)}, before)

    def test_misuse(self):
        self.assertIn("it takes no target", self.herd("doctor", "w", check=2).stderr)
        self.assertIn("doctor --help", self.herd("doctor", "--nonsense", check=2).stderr)


class Configuration(DoctorTest):
    def test_none_is_defined(self):
        self.assert_finds("configuration", "WARN", f"no worker is defined: write {self.conf_dir}/NAME.conf")
        self.assert_finds("commands", "WARN", "no worker is known")

    def test_errors(self):
        self.worker("w", "sleep 1000")
        self.write("conf.d/a.conf", "worker \"a\" {\n  nonsense = 1\n}\n")
        self.assert_finds("configuration", "BAD", "1 error; the first: ")
        self.write("conf.d/b.conf", "nonsense = 1\n")
        self.assert_finds("configuration", "BAD", "2 errors; the first: ")

    def test_a_main_file_that_cannot_be_used(self):
        self.write("cronherd.conf", "nonsense = 1\n")
        found = self.doctor()
        self.assertEqual(found["configuration"][0][0], "BAD")
        self.assertIn("cronherd.conf:1", found["configuration"][0][1])
        for check in ("herder", "rounds", "strays"):
            self.assertEqual(found[check], [("WARN", "not known: see above")])

    def test_commands_that_cannot_be_executed(self):
        for name, command in (("gone", f"{self.dir}/gone"), ("unknown", "no-such-program-anywhere"), ("dull", self.config)):
            self.worker(name, command)
        self.worker("homeless", "sleep 1000", directory=f"{self.dir}/nowhere")
        self.worker("astray", "sleep 1000", directory=self.config)
        self.worker("bare", "sleep 1000", env_file=f"{self.dir}/no.env")
        self.worker("well", "sleep 1000")
        found = dict(text.removeprefix("worker ").replace("'", "").split(": ", 1)
                     for level, text in self.doctor()["commands"] if level == "BAD")
        self.assertIn(f"{self.dir}/gone is not there, or may not be executed", found["gone"])
        self.assertIn("is not there, or may not be executed", found["dull"])
        self.assertIn("no no-such-program-anywhere in PATH=", found["unknown"])
        self.assertIn("nowhere: No such file or directory", found["homeless"])
        self.assertIn(f"directory {self.config} is none", found["astray"])
        self.assertIn("no.env", found["bare"])
        self.assertNotIn("well", found)
        for name in ("gone", "homeless"):
            self.assertIn(f"{self.conf_dir}/{name}.conf:1)", found[name])

    def test_a_program_in_the_workers_own_path_or_directory(self):
        os.mkdir(f"{self.dir}/bin")
        self.script("bin/own", "#!/bin/sh\n")
        self.worker("a", "own", environment=[f"PATH=/nowhere:{self.dir}/bin"])
        self.worker("b", "bin/own", directory=self.dir)
        self.worker("c", "own", directory=self.dir, environment=["PATH=bin"])
        self.worker("d", "own", directory=f"{self.dir}/bin", environment=["PATH="])
        self.assert_finds("commands", "OK", "all programs and directories are there")

    def test_many_faults_are_counted(self):
        for n in range(13):
            self.worker(f"w{n}", f"{self.dir}/gone")
        found = self.doctor()["commands"]
        self.assertEqual(len(found), 11)
        self.assertEqual(found[-1], ("BAD", "and 3 more workers"))


class StateDirectory(DoctorTest):
    def test_not_there_yet(self):
        self.worker("w", "sleep 1000")
        self.assert_finds("state_dir", "OK", "is not there yet; the first round makes it")
        self.assert_finds("herder", "OK", "nobody yet")
        self.assert_finds("rounds", "BAD", "there was none yet")

    def test_something_else_in_its_place(self):
        self.write("state", "")
        self.assert_finds("state_dir", "BAD", "is no directory")

    def test_behind_what_is_no_directory(self):
        self.write("plain", "")
        self.write("cronherd.conf", f'state_dir = "{self.dir}/plain/state"\n')
        self.assert_finds("state_dir", "BAD", "Not a directory")

    def test_others_can_write_it(self):
        os.mkdir(self.state)
        os.chmod(self.state, 0o777)
        self.assert_finds("state_dir", "BAD", f"can be written by others: chmod go-w {self.state}")

    def test_somebody_elses(self):
        need_root()
        os.mkdir(self.state, 0o700)
        os.chown(self.state, NOBODY, NOBODY)
        self.assert_finds("state_dir", "BAD", f"belongs to uid {NOBODY}, we are uid 0")

    def test_our_own_that_we_may_not_write(self):
        need_root()
        os.mkdir(self.state, 0o500)
        os.chown(self.state, NOBODY, NOBODY)
        self.assert_finds("state_dir", "BAD", "cannot be written", before=as_nobody())

    def test_no_place_to_make_it_in(self):
        need_root()
        self.write("cronherd.conf", f'state_dir = "/nobody-may-make-this/state"\nconf_dir = "{self.conf_dir}"\n')
        self.assert_finds("state_dir", "BAD", "is not there and cannot be made in / ", before=as_nobody())

    def test_a_place_that_cron_will_not_know(self):
        need_root()
        os.mkdir(f"{self.dir}/xdg")
        os.chown(f"{self.dir}/xdg", NOBODY, NOBODY)
        self.write("cronherd.conf", f'conf_dir = "{self.conf_dir}"\n')
        os.chown(self.conf_dir, NOBODY, NOBODY)
        self.env["XDG_STATE_HOME"] = f"{self.dir}/xdg"
        self.assert_finds("state_dir", "WARN", "is meant by XDG_STATE_HOME, which cron does not set", before=as_nobody())
        subprocess.run(as_nobody(PROGRAM, "-c", self.config, "run"), env=self.env, stdin=subprocess.DEVNULL, timeout=60, check=True)
        self.assert_finds("state_dir", "WARN", "is meant by XDG_STATE_HOME, which cron does not set", before=as_nobody())

    def test_a_file_system_that_is_full_or_read_only(self):
        box = Box(self)
        os.mkdir(self.state, 0o700)
        box.run("mount", "-t", "tmpfs", "-o", "size=2M,mode=700", "none", self.state, check=0)
        before = box.command()

        self.assert_finds("file system", "WARN", "is in memory", before=before)
        self.assert_finds("space", "WARN", "left at", before=before)
        box.run("dd", "if=/dev/zero", f"of={self.state}/full", "bs=64k")
        self.assert_finds("space", "BAD", "no round can write there", before=before)
        box.run("mount", "-o", "remount,size=200M,nr_inodes=40", self.state, check=0)
        self.assert_finds("space", "WARN", "inodes left", before=before)
        box.run("mount", "-o", "remount,size=200M,nr_inodes=10", self.state, check=0)
        self.assert_finds("space", "BAD", "inodes left", before=before)
        box.run("mount", "-o", "remount,ro,size=200M,nr_inodes=0", self.state, check=0)
        self.assert_finds("space", "BAD", "is mounted read-only", before=before)


class Cron(DoctorTest):
    def test_our_line(self):
        self.crontab("# BEGIN cronherd: written by `cronherd cron install`; do not edit\n"
                     f"* * * * * {PROGRAM} -c {self.config} run\n# END cronherd")
        self.assert_finds("crontab", "OK", f"* * * * * {PROGRAM} -c {self.config} run")

    def test_a_line_that_was_left_behind_by_a_move(self):
        self.crontab("# BEGIN cronherd: written by `cronherd cron install`; do not edit\n* * * * * /old/cronherd run\n# END cronherd")
        self.assert_finds("crontab", "WARN", f"calls another program than this ({PROGRAM})")

    def test_our_lines_that_call_nothing(self):
        self.crontab("# BEGIN cronherd: written by `cronherd cron install`; do not edit\n# * * * * * cronherd run\n# END cronherd")
        self.assert_finds("crontab", "BAD", "call no round")

    def test_a_marker_without_its_fellow(self):
        self.crontab("# mine\n# END cronherd")
        self.assert_finds("crontab", "BAD", "line 2 is a marker of ours without its fellow")

    def test_a_nul_byte(self):
        self.script("crontab", "#!/bin/sh\nprintf 'a\\0b\\n'\n")
        self.assert_finds("crontab", "BAD", "NUL byte")

    def test_nothing_calls(self):
        self.crontab("# cronherd run")
        self.assert_finds("crontab", "BAD", "no line of cronherd's, so nothing is kept alive")
        self.keep()
        self.assert_finds("crontab", "WARN", "no line of cronherd's, but rounds come")

    def test_a_crontab_that_cannot_be_read(self):
        self.script("crontab", "#!/bin/sh\necho 'not you' >&2\nexit 1\n")
        self.assert_finds("crontab", "BAD", "not you")
        self.keep()
        self.assert_finds("crontab", "WARN", "not you")

    def test_the_systems_own_tables(self):
        box = Box(self)
        os.mkdir(f"{self.dir}/cron.d")
        self.write("crontab-of-system", "17 * * * * root true\n")
        box.run("mount", "--bind", f"{self.dir}/cron.d", "/etc/cron.d", check=0)
        box.run("mount", "--bind", f"{self.dir}/crontab-of-system", "/etc/crontab", check=0)
        self.script("crontab", "#!/bin/sh\necho 'no crontab for root' >&2\nexit 1\n")
        self.write("cron.d/passed.over", "* * * * * root cronherd run\n")
        self.assert_finds("crontab", "BAD", "no line of cronherd's", before=box.command())
        self.write("cron.d/herd", "# a comment\n* * * * * root cronherd run\n")
        self.assert_finds("crontab", "OK", "/etc/cron.d/herd has: * * * * * root cronherd run", before=box.command())


class Rounds(DoctorTest):
    def set_lease(self, ended_s_ago, interval_ms=60000):
        """As if the last round had ended so long ago, and rounds came so far apart."""
        path = f"{self.state}/lease"
        text = re.sub(r"(?m)^interval_ms .*", f"interval_ms {interval_ms}", read(path))
        self.write("state/lease", text, 0o600)
        end = time.time() - ended_s_ago
        os.utime(path, (end - 1, end))

    def test_none_for_long(self):
        self.keep()
        self.set_lease(3600)
        self.assert_finds("rounds", "BAD", "the last one was 1h")
        self.crontab("# none")
        self.assert_finds("crontab", "BAD", "nothing is kept alive")

    def test_rare_ones(self):
        self.keep()
        self.set_lease(60, 900000)
        self.assert_finds("rounds", "WARN", "--every N")

    def test_one_in_the_future(self):
        self.keep()
        self.set_lease(-7200)
        self.assert_finds("rounds", "WARN", "in the future")
        self.assert_finds("clock", "WARN", "from the future")

    def test_another_hosts_herd_and_one_that_has_lapsed(self):
        self.keep()
        lease = re.sub(r"(?m)^host .*", "host elsewhere", read(f"{self.state}/lease"))
        self.write("state/lease", re.sub(r"(?m)^boot .*", "boot 11111111-2222-3333-4444-555555555555", lease), 0o600)
        self.assert_finds("herder", "WARN", "elsewhere")
        self.set_lease(86400)
        self.assert_finds("herder", "OK", "the lease of elsewhere has lapsed")


class Host(DoctorTest):
    def test_a_process_that_nobody_owns(self):
        self.keep()
        env = {**os.environ, "CRONHERD_ID": "gone:1", "CRONHERD_STATE_DIR": self.state}
        strays = [subprocess.Popen(["sleep", "1000"], env=env) for _ in range(12)]
        try:
            wait_until("all bear their mark", lambda: all(environ(p.pid).get("CRONHERD_ID") == "gone:1" for p in strays))
            self.assert_finds("strays", "WARN", "12 processes bear our mark, but no instance owns them: pid ")
            for process in strays[1:]:
                process.kill()
                process.wait()
            self.assert_finds("strays", "WARN", f"1 process bears our mark, but no instance owns it: pid {strays[0].pid} (gone:1)")
        finally:
            for process in strays:
                process.kill()
                process.wait()

    def test_what_a_worker_has_begun_is_no_stray(self):
        self.worker("w", "sh -c 'sleep 1000 & sleep 1000'", startsecs="10ms")
        self.herd("start", check=0)
        self.assert_finds("strays", "OK", "none")

    def test_limits(self):
        self.worker("w", "sleep 1000", numprocs=20)
        for limit, level, text in ((63, "BAD", "at most 63: raise nofile"), (70, "WARN", "all 20 instances"),
                                   (200, "OK", "at most 200")):
            self.assert_finds("descriptors", level, text,
                              preexec_fn=lambda n=limit: resource.setrlimit(resource.RLIMIT_NOFILE, (n, n)))

    def test_a_users_processes(self):
        need_root()
        self.worker("w", "sleep 1000", numprocs=3)
        most = resource.getrlimit(resource.RLIMIT_NPROC)[1]
        enough = f"of at most {most}" if most != resource.RLIM_INFINITY else "no limit for this user"
        for limit, level, text in ((2, "BAD", "raise nproc"), (most, "OK", enough)):
            self.assert_finds("processes", level, text, before=as_nobody(),
                              preexec_fn=lambda n=limit: resource.setrlimit(resource.RLIMIT_NPROC, (n, most)))

    def test_more_memory_than_there_is(self):
        self.worker("w", "sleep 1000", memory_limit="4096G")
        self.assert_finds("memory", "WARN", "but the workers may take 4.0T")
        self.worker("w", "sleep 1000", memory_max="1M")
        self.assert_finds("memory", "OK", "the workers may take 1.0M more before their limits")

    def test_a_proc_that_hides(self):
        box = Box(self)
        for value, user, level, text in (("4", as_nobody(), "WARN", "can be shown as UNKNOWN"), ("2", as_nobody(), "OK", "hides others'"),
                                         ("2", (), "OK", "hides nothing from root")):
            box.run("mount", "-o", f"remount,hidepid={value}", "/proc", check=0)
            self.assert_finds("/proc", level, text, before=box.command(*user))

    def test_without_proc(self):
        box = Box(self)
        self.worker("w", "sleep 1000")
        command = box.command("sh", "-c", f"umount /proc; mount -t tmpfs none /proc; exec '{PROGRAM}' -c '{self.config}' doctor")
        found = self.findings(subprocess.run(command, text=True, capture_output=True, stdin=subprocess.DEVNULL, env=self.env, timeout=60))
        self.assertEqual(found["/proc"][0][0], "BAD")
        for check in ("processes", "cgroup", "program"):
            self.assertEqual(found[check][0][0], "WARN", found[check])

    def test_within_a_service_of_systemds(self):
        """As its cgroup says."""
        box = Box(self)
        for unit, level in (("/system.slice/app.service", "WARN"), ("/system.slice/cron.service", "OK"),
                            ("/user.slice/user-1000.slice/user@1000.service/app.slice/run.scope", "OK")):
            self.write("cgroup", f"0::{unit}\n")
            command = box.command("sh", "-c", f"mount --bind '{self.dir}/cgroup' /proc/$$/cgroup && exec '{PROGRAM}' -c '{self.config}' doctor")
            found = self.findings(subprocess.run(command, text=True, capture_output=True, stdin=subprocess.DEVNULL, env=self.env,
                                                 timeout=60))
            self.assertEqual(found["cgroup"][0][0], level, found["cgroup"])
            if level == "WARN":
                self.assertIn("app.service", found["cgroup"][0][1])

    def test_a_program_that_was_replaced(self):
        copy = f"{self.dir}/cronherd"
        shutil.copy(PROGRAM, copy)
        with open(copy, "rb") as file:
            os.unlink(copy)
            found = self.findings(subprocess.run([f"/proc/self/fd/{file.fileno()}", "-c", self.config, "doctor"], text=True,
                                                 capture_output=True, stdin=subprocess.DEVNULL, env=self.env, timeout=60,
                                                 pass_fds=[file.fileno()]))
        self.assertEqual(found["program"][0][0], "WARN")
        self.assertIn(f"{copy} is not what runs here any more", found["program"][0][1])


class Telling(DoctorTest):
    def test_hosts_that_do_not_answer_are_no_reason_to_keep_nothing(self):
        self.write_main('webhook "a" { url = "http://127.0.0.1:1/x" }')
        self.keep()
        found = self.doctor()["telling"]
        self.assertEqual([level for level, _ in found], ["WARN"], found)
        self.assertIn("a", found[0][1])


if __name__ == "__main__":
    main()
