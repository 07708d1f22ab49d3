# SPDX-License-Identifier: ISC
"""What a worker gets: nothing by accident, all that was asked for, and otherwise a failed start that names its step."""
import os
import pwd
import resource
import signal
import stat
import subprocess
import sys

from boxes import NOBODY, Box, as_nobody, need_root, odd, traced
from herdtest import PROGRAM, HerdTest, environ, main, read, stat_fields, wait_until


def status_of(pid):
    return dict(line.split(":\t", 1) for line in read(f"/proc/{pid}/status").splitlines() if ":\t" in line)


def descriptors(pid):
    return {int(fd): os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")}


class Launch(HerdTest):
    def setUp(self):
        super().setUp()
        self.write_main("minder = false")

    def started(self, id="w:1"):
        self.herd("start", id, check=0)
        return self.pid(id)


def children(pid):
    return [int(child) for child in read(f"/proc/{pid}/task/{pid}/children").split()]


class Unborn(Launch):
    """A round is killed while what it starts has no pidfile yet and runs nothing."""

    def tracing(self, *options):
        """A round in strace, which is the parent of it; both are gone when the test ends."""
        tracer = subprocess.Popen([*traced(*options), PROGRAM, "-c", self.config, "run"], stdin=subprocess.DEVNULL)

        def finish():
            if tracer.poll() is None:
                tracer.kill()
            tracer.wait()
        self.addCleanup(finish)
        # strace has other children before that.
        def rounds():
            return [pid for pid in children(tracer.pid) if read(f"/proc/{pid}/cmdline").startswith(PROGRAM + "\0")]
        wait_until("there is a round", rounds)
        return rounds()[0]

    def stopped_child(self, round_pid):
        def find():
            return [pid for pid in children(round_pid) if status_of(pid)["State"][0] in "Tt"]
        wait_until("the child stands still", find)
        return find()[0]

    def test_the_child_goes_on_under_the_lock_that_it_shares(self):
        self.worker("w", f"{odd()} pause")
        round_pid = self.tracing("-e", "trace=setsid,execve", "-e", "inject=setsid:signal=STOP")
        child = self.stopped_child(round_pid)
        self.addCleanup(self.kill_if_ours, child)
        os.kill(round_pid, signal.SIGKILL)
        wait_until("the round is gone", lambda: status_of(round_pid).get("State", "X")[0] in "ZX")
        self.assertFalse(os.path.exists(self.pidfile("w:1")))
        other = subprocess.Popen([PROGRAM, "-c", self.config, "run"], stdin=subprocess.DEVNULL)
        self.addCleanup(other.wait)
        wait_until("the other one has come to the lock, or gone",
                   lambda: other.poll() is not None or f"{self.state}/locks" in self.links(other.pid))
        self.assertFalse(os.path.exists(self.pidfile("w:1")))
        os.kill(child, signal.SIGCONT)
        wait_until("it executes", lambda: self.mains("w:1"))
        other.wait()
        self.herd("run", check=0)
        self.assertEqual(self.mains("w:1"), [child])
        self.assertEqual(self.pid("w:1"), child)

    def kill_if_ours(self, pid):
        if os.path.exists(f"/proc/{pid}") and self.dir in read(f"/proc/{pid}/cmdline"):
            os.kill(pid, signal.SIGKILL)

    @staticmethod
    def links(pid):
        try:
            return descriptors(pid).values()
        except OSError:
            return []


class AtTheGate(Launch):
    """Where locks are a process's own: the first attempt at another kind is refused, as Linux 3.14 did."""

    def run_refused(self):
        trace = self.dir + "/trace"
        done = subprocess.run([*traced("-P", f"{self.state}/locks", "-e", "inject=fcntl:error=EINVAL:when=1", output=trace), PROGRAM, "-c",
                               self.config, "run"], check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        locking = [line for line in read(trace).splitlines() if "fcntl" in line]
        self.assertIn("F_OFD_SETLK", locking[0])
        self.assertIn("(INJECTED)", locking[0])
        self.assertNotIn("F_OFD_SETLK", "".join(locking[1:]))
        return done

    def test_all_are_started_once(self):
        self.worker("w", f"{odd()} pause", numprocs=3)
        self.assertEqual(self.run_refused().returncode, 0)
        self.herd("run", check=0)
        self.assertEqual([self.mains(f"w:{n}") for n in (1, 2, 3)], [[self.pid(f"w:{n}")] for n in (1, 2, 3)])

    def test_failure_is_told_with_its_step(self):
        self.worker("w", "/nonexistent/program", startretries=0)
        done = self.run_refused()
        self.assertEqual(done.returncode, 1)
        self.assertIn("cannot execute /nonexistent/program", done.stderr)
        self.assertFalse(os.path.exists(self.pidfile("w:1")))


class Inherited(HerdTest):
    """From the worst of callers; with a minder, which must be as clean."""

    def call_badly(self, verb, closed=""):
        """cronherd from a caller with open descriptors, ignored and blocked signals, a poisoned environment, odd numbers."""
        held = [os.open(self.dir, os.O_RDONLY) for _ in range(3, 21)]
        os.umask(0o022)

        def spoil():
            for fd, number in zip(held, range(60, 78)):
                os.dup2(fd, number)
            for number in range(3, 21):
                os.dup2(60, number)
                os.set_inheritable(number, True)
            for sig in (signal.SIGCHLD, signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGPIPE,
                        signal.SIGRTMIN + 3):
                signal.signal(sig, signal.SIG_IGN)
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1, signal.SIGCHLD, signal.SIGALRM})
            os.umask(0o777)
            os.chdir("/proc")
        poison = {"LD_PRELOAD": "/nonexistent.so", "IFS": "x", "BASH_ENV": self.dir + "/bashrc", "ENV": self.dir + "/bashrc",
                  "HOME": "/nowhere", "PATH": "/nowhere", "USER": "somebody", "CRONHERD_ID": "x:1", "SECRET": "canary", "TZ": "Mars"}
        command = [PROGRAM, "-c", self.config, verb]
        if closed:
            command = ["/bin/sh", "-c", f'exec "$@" {closed}', "sh", *command]
        try:
            return subprocess.run(command, env=poison, preexec_fn=spoil, close_fds=False, check=False, timeout=100,
                                  stdin=None if closed else subprocess.DEVNULL, capture_output=True, text=True)
        finally:
            for fd in held:
                os.close(fd)

    def assert_clean(self, pid, log):
        # Its own loader may not have closed the last library yet.
        wait_until("it has been loaded", lambda: not any("/lib" in where for where in descriptors(pid).values()))
        self.assertEqual(descriptors(pid), {0: "/dev/null", 1: log, 2: log})
        status = status_of(pid)
        for field in ("SigIgn", "SigBlk", "SigCgt", "SigPnd", "ShdPnd"):
            self.assertEqual(int(status[field], 16), 0, field)
        self.assertEqual(status["Umask"], "0022")
        fields = stat_fields(pid)
        self.assertEqual((fields[2], fields[3], fields[4]), (str(pid), str(pid), "0"), "group, session, terminal")

    def check(self, closed):
        self.worker("w", f"{odd()} pause", directory="/")
        done = self.call_badly("run", closed)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        pid = self.wait_pid("w:1")
        wait_until("it has been executed", lambda: "pause" in read(f"/proc/{pid}/cmdline"))
        self.assert_clean(pid, f"{self.dir}/log/w.log")
        root = pwd.getpwuid(os.geteuid())
        self.assertEqual(environ(pid), {
            "HOME": root.pw_dir, "USER": root.pw_name, "LOGNAME": root.pw_name, "SHELL": root.pw_shell, "LANG": "C.UTF-8",
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "CRONHERD_ID": "w:1",
            "CRONHERD_STATE_DIR": self.state})
        self.assertEqual(os.readlink(f"/proc/{pid}/cwd"), "/")
        minder = wait_until("the minder is there", lambda: [m for m in self.minders() if "minder" in read(f"/proc/{m}/cmdline")])
        # It has just been executed, and closes what it was given first of all.
        wait_until("the minder holds nothing but /dev/null",
                   lambda: set(descriptors(minder[0]).values()) == {"/dev/null"})
        # And so does what the minder has started.
        os.kill(pid, signal.SIGKILL)
        pid = self.wait_pid("w:1", other_than=pid)
        wait_until("it has been executed", lambda: "pause" in read(f"/proc/{pid}/cmdline"))
        self.assert_clean(pid, f"{self.dir}/log/w.log")
        self.assertNotIn("SECRET", environ(pid))

    def test_nothing(self):
        self.check("")

    def test_nothing_where_the_standard_descriptors_are_closed(self):
        self.check("0<&- 1>&- 2>&-")

    def test_nothing_where_one_is_closed(self):
        for closed in ("0<&-", "1>&-", "2>&-"):
            with self.subTest(closed):
                self.worker("w", f"{odd()} pause")
                self.assertEqual(self.call_badly("start", closed).returncode, 0)
                self.assert_clean(self.pid("w:1"), f"{self.dir}/log/w.log")
                self.herd("stop", check=0)

    def test_messages_go_into_no_file_of_ours(self):
        """With descriptor 2 closed the next file opened would get them."""
        self.worker("w", "/nonexistent/program")
        self.call_badly("run", "2>&-")
        self.call_badly("start", "1>&- 2>&-")
        for folder, _, files in os.walk(self.dir):
            for file in files:
                self.assertNotIn("cronherd: ", read(os.path.join(folder, file)), file)

    def test_no_lock_outlives_the_round(self):
        self.worker("w", f"{odd()} pause", numprocs=3)
        self.herd("start", check=0)
        inode = os.stat(f"{self.state}/locks").st_ino
        held = [line for line in read("/proc/locks").splitlines() if line.split()[-3].endswith(f":{inode}")]
        self.assertEqual(held, [])
        os.kill(self.pid("w:2"), signal.SIGKILL)
        self.wait_pid("w:2")
        self.herd("restart", check=0)
        self.herd("stop", check=0)


class Asked(Launch):
    def test_numbers(self):
        need_root()
        self.worker("w", f"{odd()} pause", directory="/usr", umask="027", nice=7, oom_score_adjust=300,
                    limits=["nofile=1234", "core=0", "fsize=unlimited", "nproc=500:600"])
        pid = self.started()
        self.assertEqual(os.readlink(f"/proc/{pid}/cwd"), "/usr")
        self.assertEqual(status_of(pid)["Umask"], "0027")
        self.assertEqual(stat_fields(pid)[16], "7")
        self.assertEqual(read(f"/proc/{pid}/oom_score_adj").strip(), "300")
        self.assertEqual(resource.prlimit(pid, resource.RLIMIT_NOFILE), (1234, 1234))
        self.assertEqual(resource.prlimit(pid, resource.RLIMIT_CORE), (0, 0))
        self.assertEqual(resource.prlimit(pid, resource.RLIMIT_NPROC), (500, 600))

    def test_logs(self):
        self.worker("w", "sh -c 'echo out; echo errors >&2; exec sleep 1000'", stdout_logfile="out-%i.log", stderr_logfile="err.log",
                    log_mode="0604")
        self.started()
        self.assertEqual(read(f"{self.dir}/log/out-1.log"), "out\n")
        self.assertEqual(read(f"{self.dir}/log/err.log"), "errors\n")
        self.assertEqual(stat.S_IMODE(os.stat(f"{self.dir}/log/err.log").st_mode), 0o604)

    def test_no_logs(self):
        self.worker("w", f"{odd()} pause", stdout_logfile="none")
        self.assertEqual(descriptors(self.started()), {0: "/dev/null", 1: "/dev/null", 2: "/dev/null"})

    def test_two_instances_append_to_one_log(self):
        self.worker("w", "sh -c 'echo one; sleep 0.1; echo two; exec sleep 1000'", numprocs=3)
        self.herd("start", check=0)
        self.assertEqual(sorted(read(f"{self.dir}/log/w.log").split()), ["one"] * 3 + ["two"] * 3)

    def test_shell(self):
        self.worker("w", "echo $((6 * 7)) \"$CRONHERD_ID\" | cat; exec sleep 1000", shell=True)
        self.started()
        self.assertEqual(read(f"{self.dir}/log/w.log"), "42 w:1\n")

    def test_no_shell(self):
        self.worker("w", f"{sys.executable} -c 'import sys, time; print(sys.argv[1:], flush=True); time.sleep(1000)' "
                         "'a b' \"c\\\"d\" e\\ f '' '$HOME' '*' ; %n-%02i")
        self.started()
        self.assertEqual(read(f"{self.dir}/log/w.log"), "['a b', 'c\"d', 'e f', '', '$HOME', '*', ';', 'w-01']\n")

    def test_command_is_found_along_the_workers_own_path(self):
        os.makedirs(f"{self.dir}/one/tool")
        os.mkdir(f"{self.dir}/two")
        os.mkdir(f"{self.dir}/three")
        self.script("two/tool", "#!/bin/sh\necho not executable\n")
        os.chmod(f"{self.dir}/two/tool", 0o644)
        self.script("three/tool", "#!/bin/sh\necho found; exec sleep 1000\n")
        self.worker("w", "tool", environment=[f"PATH={self.dir}/one:/nowhere:{self.dir}/two:{self.dir}/three:/usr/bin:/bin"])
        self.started()
        self.assertEqual(read(f"{self.dir}/log/w.log"), "found\n")

    def test_environment(self):
        self.write("env", "# a comment\nA=from file\nB='quoted  text'\nC=file\n\nEMPTY=\n", 0o600)
        self.worker("w", f"{odd()} pause", env_file=self.dir + "/env", environment=["C=config", "D=%n:%i", "LANG=de_DE.UTF-8"])
        env = environ(self.started())
        expected = {"A": "from file", "B": "quoted  text", "C": "config", "D": "w:1", "EMPTY": "", "LANG": "de_DE.UTF-8",
                    "CRONHERD_ID": "w:1"}
        self.assertEqual({key: env.get(key) for key in expected}, expected)

    def test_missing_env_file(self):
        self.worker("w", f"{odd()} pause", env_file="-" + self.dir + "/none")
        self.assertTrue(self.started())
        self.worker("x", f"{odd()} pause", env_file=self.dir + "/none")
        done = self.herd("start", "x", check=1)
        self.assertIn("env_file", done.stdout)
        self.assertIn(self.dir + "/none", done.stdout)
        self.assertEqual(self.mains("x:1"), [])

    def test_longest_argument(self):
        self.worker("w", f"{odd()} pause " + "x" * 131071)
        self.started()
        self.worker("x", f"{odd()} pause " + "x" * 131072)
        done = self.herd("start", "x", check=1)
        self.assertIn("Argument list too long", done.stdout)
        self.assertEqual(self.mains("x:1"), [])


class Users(Launch):
    def setUp(self):
        need_root()
        super().setUp()

    def ids(self, pid):
        status = status_of(pid)
        return status["Uid"].split(), status["Gid"].split(), status["Groups"].split()

    def test_another_user(self):
        self.worker("w", f"{odd()} pause", user="nobody", directory="/")
        pid = self.started()
        uid, gid = str(pwd.getpwnam("nobody").pw_uid), str(pwd.getpwnam("nobody").pw_gid)
        self.assertEqual(self.ids(pid), ([uid] * 4, [gid] * 4, [gid]))
        self.assertEqual(status_of(pid)["CapEff"], "0" * 16)
        self.assertEqual(environ(pid)["USER"], "nobody")
        log = os.stat(f"{self.dir}/log/w.log")
        self.assertEqual(log.st_uid, int(uid))

    def test_supplementary_groups_and_another_group(self):
        self.write("passwd", "root:x:0:0::/root:/bin/sh\nherdsman:x:4321:4322::/:/bin/dash\n")
        self.write("group", "root:x:0:\nherdsman:x:4322:\nsheep:x:4323:herdsman\ndogs:x:4324:other,herdsman\ncats:x:4325:\n")
        self.worker("w", f"{odd()} pause", user="herdsman")
        self.worker("x", f"{odd()} pause", user="herdsman", group="cats")
        box = Box(self)
        for name in ("passwd", "group"):
            box.run("mount", "--bind", f"{self.dir}/{name}", f"/etc/{name}", check=0)
        box.herd("start", check=0)
        for id, gid in (("w:1", "4322"), ("x:1", "4325")):
            uids, gids, groups = self.ids(self.mains(id)[0])
            self.assertEqual((uids, gids), (["4321"] * 4, [gid] * 4))
            self.assertEqual(set(groups) | {"4322"}, {"4322", gid, "4323", "4324"})
        self.assertEqual(environ(self.mains("w:1")[0])["SHELL"], "/bin/dash")

    def test_unknown_user_and_group(self):
        self.worker("w", f"{odd()} pause", user="nosuchuser")
        self.worker("x", f"{odd()} pause", group="nosuchgroup")
        done = self.herd("start")
        self.assertIn(done.returncode, (1, 2))
        self.assertIn("nosuchuser", done.stdout + done.stderr)
        self.assertIn("nosuchgroup", done.stdout + done.stderr)
        self.assertEqual(self.marked(), [])

    def test_a_user_cannot_change_user(self):
        os.chown(self.dir, NOBODY, NOBODY)
        self.worker("w", f"{odd()} pause", user="root", directory="/")
        subprocess.run(["cp", PROGRAM, self.dir + "/cronherd"], check=True)
        done = subprocess.run(as_nobody(self.dir + "/cronherd", "-c", self.config, "start"), text=True, capture_output=True, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("root only", done.stdout)
        self.assertEqual(self.marked(), [])

    def test_directory_that_the_user_may_not_enter(self):
        os.mkdir(f"{self.dir}/closed", 0o700)
        self.worker("w", f"{odd()} pause", user="nobody", directory=f"{self.dir}/closed")
        done = self.herd("start", check=1)
        self.assertIn(f"change to directory {self.dir}/closed: Permission denied", done.stdout)

    def test_a_planted_link_is_not_followed(self):
        victim = self.write("victim", "secret\n", 0o600)
        os.mkdir(f"{self.dir}/theirs")
        os.chown(f"{self.dir}/theirs", NOBODY, NOBODY)
        os.symlink(victim, f"{self.dir}/theirs/w.log")
        self.worker("w", "sh -c 'echo pwned; exec sleep 1000'", user="nobody", directory="/", stdout_logfile=f"{self.dir}/theirs/w.log")
        done = self.herd("start", check=1)
        self.assertIn(f"open stdout_logfile {self.dir}/theirs/w.log", done.stdout)
        self.assertEqual(read(victim), "secret\n")


class Failing(Launch):
    def fails(self, *expected, **options):
        """Starting w fails with a line that holds all of EXPECTED; nothing is left; a round says it when it is fatal."""
        options.setdefault("startretries", 0)
        self.worker("w", options.pop("command", f"{odd()} pause"), **options)
        done = self.herd("start", check=1)
        for text in expected:
            self.assertIn(text, done.stdout)
        self.assertEqual(len(done.stdout.splitlines()), 1)
        done = self.herd("run", check=1)
        self.assertEqual(len(done.stderr.splitlines()), 1)
        for text in ("w:1", *expected):
            self.assertIn(text, done.stderr)
        self.assertEqual(self.herd("run", check=1).stderr, "", "said once")
        self.assertEqual(self.marked(), [])
        self.assertFalse(os.path.exists(self.pidfile("w:1")))
        self.worker("w", f"{odd()} pause")
        self.herd("run", check=0)
        self.assertTrue(self.pid("w:1"), "mended")

    def test_missing_directory(self):
        self.fails(f"change to directory {self.dir}/none", "No such file", directory=f"{self.dir}/none")

    def test_missing_program(self):
        self.fails("execute /nonexistent/program", "No such file", command="/nonexistent/program")

    def test_missing_program_along_the_path(self):
        self.fails("execute nosuchprogram", "No such file", command="nosuchprogram")

    def test_program_that_is_a_directory(self):
        self.fails("execute /usr", "Permission denied", command="/usr")

    def test_program_of_another_machine(self):
        self.fails("execute", "Exec format error", command=self.script("strange", "\177ELF is this not\n"))

    def test_missing_interpreter(self):
        self.fails("execute", "No such file", command=self.script("lost", "#!/nonexistent/perl\n"))

    def test_log_that_cannot_be_written(self):
        self.fails(f"open stdout_logfile {self.dir}/none/w.log", "No such file", stdout_logfile=f"{self.dir}/none/w.log")

    def test_log_that_is_a_directory(self):
        self.fails(f"open stdout_logfile {self.dir}/conf.d", "directory", stdout_logfile=f"{self.dir}/conf.d")

    def test_log_that_is_a_symlink(self):
        os.symlink(self.dir + "/elsewhere", self.dir + "/link.log")
        self.fails(f"open stderr_logfile {self.dir}/link.log", "symbolic link", stderr_logfile=f"{self.dir}/link.log")
        self.assertFalse(os.path.exists(self.dir + "/elsewhere"))

    def test_log_that_is_a_fifo(self):
        os.mkfifo(self.dir + "/fifo.log")
        self.fails(f"open stdout_logfile {self.dir}/fifo.log", stdout_logfile=f"{self.dir}/fifo.log")

    def test_log_that_is_a_fifo_with_a_reader(self):
        os.mkfifo(self.dir + "/fifo.log")
        fd = os.open(self.dir + "/fifo.log", os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, fd)
        self.fails(f"open stdout_logfile {self.dir}/fifo.log", stdout_logfile=f"{self.dir}/fifo.log")

    def test_limit_that_cannot_be_set(self):
        need_root()
        os.chown(self.dir, NOBODY, NOBODY)
        subprocess.run(["cp", PROGRAM, self.dir + "/cronherd"], check=True)
        self.worker("w", f"{odd()} pause", directory="/", limits=["nofile=512:9999999999"], startretries=0)
        done = subprocess.run(as_nobody(self.dir + "/cronherd", "-c", self.config, "start"), text=True, capture_output=True, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("set the limits", done.stdout)

    def test_one_failing_worker_does_not_hinder_the_others(self):
        self.worker("a", "/nonexistent/program", numprocs=2)
        self.worker("b", f"{odd()} pause", numprocs=2)
        done = self.herd("start", check=1)
        self.assertEqual(done.stdout.count("started (pid"), 2)
        self.assertTrue(self.pid("b:1") and self.pid("b:2"))


if __name__ == "__main__":
    main()
