# SPDX-License-Identifier: ISC
"""Root's herd, and a user without rights who plants links, FIFOs, pids and marks where root will look. doc/faults.md, section 4.

After each attack: nothing of root's was written, truncated, given away, signalled, executed or read out; what was refused is said, with the
file, the cause and the cure; and nothing hangs. What the attacker plants is planted with his own rights, so that the kernel says what he
can do; only where this kernel forbids what others allow (fs.protected_hardlinks) root does it for him.
"""
import ctypes
import glob
import hashlib
import os
import signal
import stat
import subprocess
import sys

from boxes import NOBODY, as_nobody, need_root, odd, traced
from herdtest import PATIENCE, PROGRAM, HerdTest, alive, environ, main, read, stat_fields, wait_until

SECRET = "canary-7c1e"
STRANGER = 61234  # a user who is neither root nor the worker's

# As the attacker: swaps argv[1] and argv[2] again and again, until it is ended.
SWAP = """
import ctypes, os, sys, time
libc = ctypes.CDLL(None, use_errno=True)
end = time.monotonic() + 60
print("ready", flush=True)
while time.monotonic() < end and os.getppid() != 1:
    libc.renameat2(-100, os.fsencode(sys.argv[1]), -100, os.fsencode(sys.argv[2]), 2)
    time.sleep(0.0005)
"""


class Attack(HerdTest):
    """self.home: the attacker's. self.roots: root's, open to all, with a secret in it that is open to nobody. self.canary: root's process."""

    def setUp(self):
        need_root()
        super().setUp()
        self.write_main("minder = false")
        self.home = self.dir + "/home"
        os.mkdir(self.home)
        os.chown(self.home, NOBODY, NOBODY)
        self.roots = self.dir + "/roots"
        os.mkdir(self.roots)
        self.secret = self.write("roots/secret", f"SECRET={SECRET}\n" + "#\n" * 4000, 0o600)
        self.signals = self.dir + "/signals"
        self.canary = subprocess.Popen([odd(), "log", self.signals], start_new_session=True)
        self.addCleanup(self.canary.wait)
        self.addCleanup(self.canary.kill)
        wait_until("the canary listens", lambda: "ready" in read(self.signals))
        self.before = self.state_of_roots()

    # ---- root's things

    def state_of_roots(self):
        """What must not change, of each thing below self.roots; hard links and access times may."""
        found = {}
        for folder, folders, files in os.walk(self.roots):
            for path in [folder] + [os.path.join(folder, name) for name in folders + files]:
                info = os.lstat(path)
                content = hashlib.sha256(open(path, "rb").read()).hexdigest() if stat.S_ISREG(info.st_mode) else None
                found[path] = (info.st_mode, info.st_uid, info.st_gid, info.st_size, content)
        return found

    def assert_unharmed(self, *said):
        """Nothing of root's was touched; SAID, all that was printed, tells no secret."""
        self.assertEqual(self.state_of_roots(), self.before)
        self.assertEqual(read(self.signals), f"ready {self.canary.pid}\n")
        self.assertIsNone(self.canary.poll())
        for text in said:
            self.assertNotIn(SECRET, text)
        for pid in self.marked():
            self.assertNotIn(SECRET, str(environ(pid)))

    def refused(self, verb, *parts, status=None):
        """cronherd VERB fails (STATUS) and says PARTS; nothing was harmed."""
        done = self.herd(*verb.split())
        said = done.stdout + done.stderr
        self.assertTrue(done.returncode == status if status else done.returncode, said)
        for part in parts:
            self.assertIn(part, said)
        self.assert_unharmed(said)
        return said

    # ---- the attacker

    def attacker(self, *command, check=True, **options):
        return subprocess.run(as_nobody(*command), check=check, capture_output=True, text=True, timeout=PATIENCE, **options)

    def plant(self, kind, path, target=None):
        """Replaces PATH by a KIND of file that leads to TARGET."""
        self.attacker("rm", "-rf", path)
        if kind == "symlink":
            self.attacker("ln", "-s", target, path)
        elif kind == "fifo":
            self.attacker("mkfifo", path)
        elif kind == "directory":
            self.attacker("mkdir", path)
        elif self.attacker("ln", target, path, check=False).returncode != 0:
            os.link(target, path)

    def swapping(self, one, other):
        """The attacker exchanges ONE and OTHER until the test ends, or what is returned is called."""
        self.assertTrue(hasattr(ctypes.CDLL(None), "renameat2"))
        process = subprocess.Popen(as_nobody(sys.executable, "-c", SWAP, one, other), stdout=subprocess.PIPE)

        def end():
            process.kill()
            process.wait()
            process.stdout.close()
        self.addCleanup(lambda: process.returncode is None and end())
        self.assertEqual(process.stdout.readline(), b"ready\n")
        return end

    def users_worker(self, command=None, name="w", **options):
        """A worker that runs as the attacker: one that he has broken into."""
        self.worker(name, command or f"{odd()} pause", user="nobody", directory="/", **options)

    def roots_worker(self, command=None, name="w", **options):
        self.worker(name, command or f"sh -c 'echo from root; exec {odd()} pause'", directory="/", **options)


class Pidfiles(Attack):
    """Who has fewer rights writes the pid, root signals: CVE-2018-16888 (systemd), CVE-2017-12847 (Nagios), CVE-2018-6536 (Icinga 2),
    CVE-2017-14159 (OpenLDAP), CVE-2017-14610 (Bareos), CVE-2017-11747 (Tinyproxy), CVE-2017-11746 (Tenshi), CVE-2017-14102 (MIMEDefang)."""

    def test_a_forking_workers_own_pidfile_names_roots_process(self):
        pidfile = f"{self.home}/w.pid"
        self.script("fork", f"#!/bin/sh\nsetsid {odd()} pause & echo $! > {pidfile}.new && mv {pidfile}.new {pidfile}\n")
        self.users_worker(f"{self.dir}/fork", type="forking", pidfile=pidfile)
        self.herd("start", check=0)
        for what in (str(self.canary.pid), "1", "-1", f"{self.canary.pid}\n"):
            with self.subTest(what):
                self.attacker("sh", "-c", f"rm -rf {pidfile}; printf '%s' '{what}' > {pidfile}")
                for verb in ("run", "stop", "start"):
                    self.assert_unharmed(self.herd(verb).stderr)

    def test_a_forking_workers_own_pidfile_is_no_file(self):
        pidfile = f"{self.home}/w.pid"
        theirs = self.write("roots/daemon.pid", f"{self.canary.pid}\n")
        self.before = self.state_of_roots()
        self.script("fork", f"#!/bin/sh\nsetsid {odd()} pause &\n")
        self.users_worker(f"{self.dir}/fork", type="forking", pidfile=pidfile, startsecs="0s", startretries=0, restart_delay="1h")
        for kind in ("fifo", "symlink", "hard link", "directory"):
            with self.subTest(kind):
                self.plant(kind, pidfile, theirs)
                for verb in ("run", "stop", "stop --now"):
                    self.assert_unharmed(self.herd(*verb.split()).stderr)

    def test_a_directory_of_pidfiles_that_is_the_attackers(self):
        """Root's pidfiles in a directory of the service's: CVE-2020-14367 (chrony)."""
        self.roots_worker()
        os.mkdir(f"{self.home}/run")
        os.chown(f"{self.home}/run", NOBODY, NOBODY)
        self.write("cronherd.conf", f'state_dir = "{self.state}"\npidfile_dir = "{self.home}/run"\nlog_dir = "{self.dir}/log"\n')
        self.attacker("sh", "-c", f"echo {self.canary.pid} > {self.home}/run/w.1.pid")
        for verb in ("run", "start", "stop"):
            self.refused(verb, f"{self.home}/run belongs to uid {NOBODY}", "run as its owner", status=3)
            self.herd(verb)
        self.assertEqual(os.listdir(f"{self.home}/run"), ["w.1.pid"])
        self.assertEqual(self.marked(), [])

    def test_a_directory_of_pidfiles_that_a_link_leads_to(self):
        self.roots_worker()
        self.plant("symlink", f"{self.home}/run", self.roots)
        for name in (f"{self.home}/run", f"{self.home}/run/deeper"):
            self.write("cronherd.conf", f'state_dir = "{self.state}"\npidfile_dir = "{name}"\nlog_dir = "{self.dir}/log"\n')
            self.refused("start", name, "link on the way", "name where it leads", status=3)
        self.assertEqual(self.marked(), [])


class Places(Attack):
    """State that is shared with the less privileged, and root who makes or gives away what a link leads to: CVE-2012-3512 (munin),
    CVE-2018-21269 (OpenRC checkpath), CVE-2017-18925 (opentmpfiles)."""

    def put_state(self, path):
        self.state = path
        self.write("cronherd.conf", f'state_dir = "{path}"\npidfile_dir = "{path}/pidfiles"\nlog_dir = "{self.dir}/log"\nminder = false\n')

    def test_a_state_directory_that_is_the_attackers(self):
        self.roots_worker()
        self.plant("directory", f"{self.home}/herd")
        self.put_state(f"{self.home}/herd")
        for verb in ("run", "start", "stop", "status", "check"):
            self.refused(verb, f"{self.home}/herd belongs to uid {NOBODY}")
        self.assertEqual(os.listdir(f"{self.home}/herd"), [])
        self.assertEqual(self.marked(), [])

    def test_a_state_directory_that_a_link_leads_to(self):
        self.roots_worker()
        self.plant("symlink", f"{self.home}/link", self.roots)
        for path in (f"{self.home}/link", f"{self.home}/link/herd", f"{self.home}/link/deeper/herd"):
            self.put_state(path)
            self.refused("run", path, "link on the way", "name where it leads", status=3)
            self.refused("start", status=3)
        self.assertEqual(self.marked(), [])

    def test_roots_own_link_may_not_lead_through_the_attackers(self):
        """A link of root's own is followed; a link of the attacker's behind it is not."""
        self.roots_worker()
        os.mkdir(f"{self.dir}/elsewhere", 0o700)
        os.symlink(f"{self.dir}/elsewhere", f"{self.dir}/ours")
        self.put_state(f"{self.dir}/ours")
        self.herd("start", check=0)
        self.herd("stop", check=0)
        self.assertIn("locks", os.listdir(f"{self.dir}/elsewhere"))
        self.plant("symlink", f"{self.home}/trap", self.roots)
        os.symlink(f"{self.home}/trap", f"{self.dir}/through")
        self.put_state(f"{self.dir}/through")
        self.refused("start", "link on the way", status=3)

    def test_a_room_of_the_state_directory_that_is_the_attackers(self):
        self.roots_worker()
        self.herd("start", check=0)
        pid = self.pid("w:1")
        for room in ("holds", "records", "exits"):
            os.chown(f"{self.state}/{room}", NOBODY, NOBODY)
            self.refused("stop", f"{self.state}/{room} belongs to uid {NOBODY}", status=3)
            os.chown(f"{self.state}/{room}", 0, 0)
        self.assertEqual(self.pid("w:1"), pid)

    def test_the_attacker_has_no_way_into_a_state_directory(self):
        """Hold files, records, pidfiles: what he cannot write he cannot forge."""
        self.users_worker()
        self.herd("start", check=0)
        for path in ("holds/w", "records/w.1", "pidfiles/w.1.pid", "exits/x", "locks", "spool/x", "scale"):
            self.assertNotEqual(self.attacker("sh", "-c", f"echo x > {self.state}/{path}", check=False).returncode, 0, path)
            self.assertNotEqual(self.attacker("cat", f"{self.state}/{path}", check=False).returncode, 0, path)
        self.assertEqual(len(self.mains("w:1")), 1)

    def test_odd_hold_files(self):
        self.roots_worker()
        self.herd("start", check=0)
        for kind in ("fifo", "symlink", "hard link", "directory"):
            with self.subTest(kind):
                path = f"{self.state}/holds/w"
                if kind == "fifo":
                    os.mkfifo(path)
                elif kind == "symlink":
                    os.symlink(self.secret, path)
                elif kind == "directory":
                    os.mkdir(path)
                else:
                    os.link(self.secret, path)
                done = self.herd("run")
                self.assertEqual(self.marked(), [], "whatever it is, it holds")
                self.assert_unharmed(done.stdout, done.stderr, self.herd("status", "--json").stdout)
                os.rmdir(path) if kind == "directory" else os.unlink(path)
                self.herd("run", check=0)
                self.assertEqual(len(self.mains("w:1")), 1)

    def test_a_state_directory_swapped_while_it_is_used(self):
        """In a directory of the attacker's, who exchanges it for a link to root's all the time: nothing is doubled, nothing written there."""
        os.mkdir(f"{self.home}/herd", 0o700)
        self.put_state(f"{self.home}/herd")
        self.worker("w", f"{odd()} alone {self.dir}/lock-%i", numprocs=2)
        self.herd("start", check=0)
        self.plant("symlink", f"{self.home}/trap", self.roots)
        stop_swapping = self.swapping(f"{self.home}/herd", f"{self.home}/trap")
        said = ""
        for _ in range(15):
            done = self.herd("run")
            said += done.stdout + done.stderr
            victim = self.mains("w:1")
            if victim:
                os.kill(victim[0], signal.SIGKILL)
                self.wait_gone(victim[0])
        stop_swapping()
        if os.path.islink(f"{self.home}/herd"):
            os.unlink(f"{self.home}/herd")
            os.rename(f"{self.home}/trap", f"{self.home}/herd")
        self.assert_unharmed(said)
        wait_until("both are up", lambda: self.herd("run") and self.pid("w:1") and self.pid("w:2"))
        self.assertEqual([len(self.mains("w:1")), len(self.mains("w:2"))], [1, 1])
        self.assertEqual(glob.glob(f"{self.dir}/*.doubled"), [])

    def test_the_memory_of_what_was_said(self):
        """Where the state directory cannot be had it lies in /dev/shm, where anybody may plant anything."""
        self.roots_worker()
        self.plant("directory", f"{self.home}/herd")
        self.put_state(f"{self.home}/herd")
        before = set(glob.glob("/dev/shm/cronherd-said-0-*"))
        self.refused("run", "belongs to uid", status=3)
        path = (set(glob.glob("/dev/shm/cronherd-said-0-*")) - before).pop()

        def remove():
            if os.path.isdir(path) and not os.path.islink(path):
                os.rmdir(path)
            elif os.path.lexists(path):
                os.unlink(path)
        self.addCleanup(remove)
        self.assertEqual(self.herd("run").stderr, "", "said once")
        for kind in ("symlink", "fifo", "hard link", "directory"):
            with self.subTest(kind):
                remove()
                if kind == "hard link":
                    self.attacker("sh", "-c", f"echo 0123456789abcdef > {path}")
                else:
                    self.plant(kind, path, self.secret)
                self.refused("run", "belongs to uid", status=3)


class Logs(Attack):
    """A log in a directory of the attacker's: CVE-2016-1247 (nginx in Debian)."""

    def setUp(self):
        super().setUp()
        self.logs = f"{self.home}/log"
        self.plant("directory", self.logs)
        self.log = f"{self.logs}/w.log"

    def test_a_link_in_its_place(self):
        for worker in (self.roots_worker, self.users_worker):
            for kind in ("symlink", "hard link", "fifo", "directory"):
                with self.subTest(kind, worker=worker.__name__):
                    self.plant(kind, self.log, self.secret)
                    worker(stdout_logfile=self.log)
                    self.refused("start", f"open stdout_logfile {self.log}: ", status=1)
                    self.assertEqual(self.marked(), [])

    def test_a_fifo_with_a_reader(self):
        self.plant("fifo", self.log)
        reader = os.open(self.log, os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, reader)
        self.roots_worker(stdout_logfile=self.log)
        self.refused("start", f"open stdout_logfile {self.log}", status=1)

    def test_a_link_in_its_directorys_place(self):
        """Where root makes an empty log and gives it away, or appends to one, a link must not say where."""
        for worker in (self.roots_worker, self.users_worker):
            for target in (self.roots, "../roots"):
                with self.subTest(target, worker=worker.__name__):
                    self.plant("symlink", self.logs, target)
                    worker(stdout_logfile=f"{self.logs}/cron", stderr_logfile=f"{self.logs}/secret")
                    self.refused("start", f"{self.logs}/", status=1)
                    self.refused("run")
                    self.assertEqual(self.marked(), [])

    def test_the_directory_of_all_logs(self):
        self.plant("symlink", self.logs, self.roots)
        for folder in (self.logs, f"{self.logs}/deeper"):
            self.write("cronherd.conf", f'state_dir = "{self.state}"\npidfile_dir = "{self.state}/pidfiles"\nlog_dir = "{folder}"\n')
            for worker in (self.roots_worker, self.users_worker):
                worker()
                self.refused("start", f"stdout_logfile {folder}/w.log", status=1)
        self.assertEqual(self.marked(), [])

    def test_rotation(self):
        self.users_worker(stdout_logfile=self.log, log_maxbytes="1K", log_backups=3)
        self.herd("start", check=0)
        for kind in ("symlink", "hard link", "fifo", "directory"):
            with self.subTest(kind):
                self.plant(kind, self.log, self.secret)
                done = self.herd("run")
                self.assert_unharmed(done.stdout, done.stderr)
                if kind == "hard link":
                    self.assertIn(f"{self.log}: it has other names", done.stderr)
        self.plant("symlink", self.logs, self.roots)
        os.rename(self.secret, f"{self.roots}/w.log")
        self.before = self.state_of_roots()
        done = self.herd("run")
        self.assertIn(self.log, done.stderr)
        self.assert_unharmed(done.stdout, done.stderr)
        self.assertEqual(len(self.mains("w:1")), 1, "the worker is left alone")

    def test_backups(self):
        """The names that a rotation will take are taken already, by links to root's."""
        self.users_worker(stdout_logfile=self.log, log_maxbytes="1K", log_backups=2)
        self.herd("start", check=0)
        for number in range(3):
            for name in ("w.log.1", "w.log.2", ".tmp-w.log.1"):
                self.plant("symlink" if number else "fifo", f"{self.logs}/{name}", self.secret)
            self.attacker("sh", "-c", f"head -c 30000 /dev/zero | tr '\\0' 'x' >> {self.log}")
            done = self.herd("run", check=0)
            self.assert_unharmed(done.stdout, done.stderr)
            self.assertLess(os.stat(self.log).st_size, 30000, "it was rotated all the same")
            self.assertEqual(os.lstat(f"{self.logs}/w.log.1").st_uid, NOBODY)

    def test_swapped_while_it_is_used(self):
        """The directory of the logs, and a link to root's, exchanged all the time."""
        os.rename(self.secret, f"{self.roots}/w.log")
        self.before = self.state_of_roots()
        for number, worker in enumerate((self.users_worker, self.roots_worker)):
            worker(f"sh -c 'echo hello; exec {odd()} pause'", f"w{number}", stdout_logfile=f"{self.logs}/w.log", log_maxbytes="1K",
                   stderr_logfile=f"{self.logs}/other.log", startretries=100000, restart_delay="0s")
        self.plant("symlink", f"{self.home}/trap", self.roots)
        self.swapping(self.logs, f"{self.home}/trap")
        for _ in range(15):
            done = self.herd("run")
            self.assertNotIn(SECRET, done.stdout + done.stderr)
            for pid in self.marked():
                os.kill(pid, signal.SIGKILL)
                self.wait_gone(pid)
            self.assertEqual(self.state_of_roots(), self.before)
        self.assert_unharmed()

    def test_nothing_is_read_out(self):
        """By `logs`, and by the last lines that an event has."""
        self.users_worker(f"sh -c 'echo mine; exec {odd()} pause'", stdout_logfile=self.log)
        self.herd("start", check=0)
        self.assertIn("mine", self.herd("logs", "w").stdout)
        for kind, path in (("symlink", self.log), ("hard link", self.log), ("symlink", self.logs)):
            with self.subTest(kind, path=path):
                if path == self.logs:
                    os.rename(self.secret, f"{self.roots}/w.log")
                    self.secret = f"{self.roots}/w.log"
                    self.before = self.state_of_roots()
                self.plant(kind, path, self.roots if path == self.logs else self.secret)
                done = self.herd("logs", "w")
                self.assert_unharmed(done.stdout, done.stderr)
                self.assertIn(self.log, done.stderr)
                pid = self.pid("w:1")
                if pid:
                    os.kill(pid, signal.SIGKILL)
                    self.wait_gone(pid)
                self.herd("run")
                self.assert_unharmed(self.herd("events", "--json").stdout, self.herd("status", "--json").stdout)


class Environment(Attack):
    def setUp(self):
        super().setUp()
        self.env = f"{self.home}/env"

    def test_a_link_to_what_the_worker_may_not_read(self):
        self.users_worker(env_file=self.env)
        os.mkdir(f"{self.roots}/closed", 0o700)
        readable = self.write("roots/closed/readable", f"SECRET={SECRET}\n", 0o644)
        self.before = self.state_of_roots()
        for kind, target in (("symlink", self.secret), ("hard link", self.secret), ("symlink", readable), ("symlink", "../roots/secret")):
            with self.subTest(kind, target=target):
                self.plant(kind, self.env, target)
                self.refused("start", "env_file", self.env, status=1)
                self.assertEqual(self.marked(), [])
                done = self.herd("config", "--env", "w:1")
                self.assert_unharmed(done.stdout, done.stderr)

    def test_a_link_on_the_way(self):
        self.users_worker(env_file=f"{self.home}/app/secret")
        self.plant("symlink", f"{self.home}/app", self.roots)
        self.refused("start", f"{self.home}/app/secret", "link on the way", "name where it leads", status=1)
        self.assertEqual(self.marked(), [])

    def test_no_file(self):
        self.users_worker(env_file=self.env)
        for kind in ("fifo", "directory"):
            self.plant(kind, self.env)
            self.refused("start", self.env, "regular file", status=1)

    def test_swapped_while_it_is_read(self):
        self.users_worker(env_file=f"{self.home}/app/secret", startretries=100000, restart_delay="0s")
        self.attacker("sh", "-c", f"mkdir {self.home}/app && echo A=1 > {self.home}/app/secret")
        self.plant("symlink", f"{self.home}/trap", self.roots)
        self.swapping(f"{self.home}/app", f"{self.home}/trap")
        for _ in range(15):
            done = self.herd("run")
            for pid in self.marked():
                self.assertNotIn(SECRET, str(environ(pid)))
                os.kill(pid, signal.SIGKILL)
                self.wait_gone(pid)
            self.assertNotIn(SECRET, done.stdout + done.stderr)
        self.assert_unharmed()

    def test_of_a_worker_that_runs_as_root(self):
        """What it is given may decide what it executes: LD_PRELOAD, PATH."""
        self.roots_worker(env_file=self.env)
        self.attacker("sh", "-c", f"echo LD_PRELOAD={self.home}/evil.so > {self.env}")
        self.refused("start", self.env, "does not belong to root", "chown root", status=1)
        self.write("roots.env", "A=1\n", 0o666)
        for mode, part in ((0o666, "chmod go-w"), (0o660, "chmod go-w")):
            os.chmod(f"{self.dir}/roots.env", mode)
            self.roots_worker(env_file=f"{self.dir}/roots.env")
            self.refused("start", part, status=1)
        os.unlink(self.env)
        self.write("home/env", "A=1\n", 0o600)
        self.roots_worker(env_file=self.env)
        self.refused("start", self.env, "a directory that is not root's alone", status=1)
        self.plant("symlink", f"{self.home}/link", f"{self.dir}/roots.env")
        self.roots_worker(env_file=f"{self.home}/link")
        self.refused("start", "link on the way", status=1)
        self.assertEqual(self.marked(), [])

    def test_what_is_meant_for_it_is_read(self):
        """Root's own file, which the worker's user may not read; the user's own, also by links of his own; another's, for his group."""
        self.write("roots.env", "A=roots\n", 0o600)
        self.attacker("sh", "-c", f"mkdir -p {self.home}/releases/1; echo A=own > {self.home}/releases/1/env; chmod 600 {self.home}/releases/1/env;"
                                  f"ln -s releases/1 {self.home}/current")
        self.write("group.env", "A=group\n", 0o640)
        os.chown(f"{self.dir}/group.env", STRANGER, NOBODY)
        os.symlink(f"{self.dir}/roots.env", f"{self.dir}/link.env")
        for path, value in ((f"{self.dir}/roots.env", "roots"), (f"{self.home}/current/env", "own"), (f"{self.dir}/group.env", "group"),
                            (f"{self.dir}/link.env", "roots")):
            with self.subTest(path):
                self.users_worker(env_file=path)
                self.herd("start", check=0)
                pid = self.pid("w:1")
                self.assertEqual(environ(pid).get("A"), value)
                self.assertEqual(read(f"/proc/{pid}/status").split("Uid:\t")[1].split()[0], str(NOBODY))
                self.herd("stop", check=0)
        self.roots_worker(env_file=f"{self.dir}/link.env")
        self.herd("start", check=0)
        self.assertEqual(environ(self.pid("w:1")).get("A"), "roots")


class Configuration(Attack):
    EVIL = "command = '/bin/sh -c \"touch %s/executed; sleep 1000\"'"

    def assert_nothing_ran(self):
        self.assertFalse(os.path.exists(f"{self.dir}/executed"))
        self.assertEqual([pid for pid in self.marked() if environ(pid)["CRONHERD_ID"] == "evil:1"], [])

    def evil(self):
        return f'worker "evil" {{ {self.EVIL % self.dir} }}\n'

    def test_files_that_root_does_not_own(self):
        self.roots_worker()
        self.attacker("sh", "-c", f"cat > {self.home}/evil.conf", input=self.evil())
        path = f"{self.conf_dir}/evil.conf"
        for what in ("owner", "group may write", "all may write", "symlink", "hard link", "fifo"):
            with self.subTest(what):
                if os.path.lexists(path):
                    os.unlink(path)
                if what == "symlink":
                    os.symlink(f"{self.home}/evil.conf", path)
                elif what == "hard link":
                    os.link(f"{self.home}/evil.conf", path)
                elif what == "fifo":
                    os.mkfifo(path)
                else:
                    self.write("conf.d/evil.conf", self.evil(), {"owner": 0o644, "group may write": 0o664}.get(what, 0o646))
                    if what == "owner":
                        os.chown(path, NOBODY, NOBODY)
                self.herd("run", check=2)
                self.assert_nothing_ran()
                self.assertEqual(len(self.mains("w:1")), 1, "the others are kept")
                self.refused("config", path, status=2)

    def test_directories_that_root_does_not_own(self):
        self.plant("directory", f"{self.home}/conf.d")
        self.attacker("sh", "-c", f"cat > {self.home}/conf.d/evil.conf", input=self.evil())
        for owner, mode in ((NOBODY, 0o755), (0, 0o777), (0, 0o775)):
            os.chown(f"{self.home}/conf.d", owner, 0)
            os.chmod(f"{self.home}/conf.d", mode)
            os.chown(f"{self.home}/conf.d/evil.conf", 0, 0)
            self.write_main(f'conf_dir = "{self.home}/conf.d"')
            self.refused("config", f"{self.home}/conf.d", "run: ch", status=2)
            self.herd("run", check=2)
            self.assert_nothing_ran()

    def test_a_main_file_that_root_does_not_own(self):
        self.attacker("sh", "-c", f"cat > {self.home}/main.conf", input=self.evil())
        self.config = f"{self.home}/main.conf"
        self.refused("run", self.config, "chown root", status=2)
        self.assert_nothing_ran()

    def test_links_on_the_way(self):
        """Root's own files, of another herd perhaps: it is not the attacker who says which of them are used."""
        os.mkdir(f"{self.roots}/conf.d")
        self.write("roots/conf.d/evil.conf", self.evil())
        self.write("roots/main.conf", self.evil())
        self.before = self.state_of_roots()
        self.plant("symlink", f"{self.home}/link", self.roots)
        self.write_main(f'conf_dir = "{self.home}/link/conf.d"')
        self.refused("run", f"{self.home}/link/conf.d", "link on the way", status=2)
        self.config = f"{self.home}/link/main.conf"
        self.refused("run", self.config, "link on the way", status=2)
        self.assert_nothing_ran()

    def test_secret_files(self):
        """Neither is one that is not root's used, nor is what it holds told; an error in it costs the webhook alone."""
        self.roots_worker()
        secret = f"{self.home}/secret"

        def webhook(path):
            self.write("conf.d/hook.conf", f'webhook "ops" {{ url = "http://127.0.0.1:9/" secret_file = "{path}" }}\n')
        self.herd("start", check=0)
        webhook(secret)
        for kind in ("symlink", "hard link", "fifo", "directory"):
            with self.subTest(kind):
                self.plant(kind, secret, self.secret)
                self.refused("config", secret, status=2)
        self.attacker("sh", "-c", f"rm -rf {secret}; (umask 077; echo whsec_QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo= > {secret})")
        self.refused("config", secret, "belongs neither to us nor to root", "chown 0", status=2)
        self.assertEqual(len(self.mains("w:1")), 1)

    def test_certificates(self):
        self.roots_worker()
        self.write("conf.d/hook.conf", f'webhook "ops" {{ url = "https://127.0.0.1:9/" ca_file = "{self.home}/ca" }}\n')
        for kind in ("fifo", "directory"):
            self.plant(kind, f"{self.home}/ca")
            self.refused("config", f"{self.home}/ca", "no regular file", status=2)

    def test_import_into_a_directory_of_the_attackers(self):
        self.write("Procfile", "cron: sleep 1000\n")
        self.plant("symlink", f"{self.home}/out", self.roots)
        self.refused(f"import procfile -o {self.home}/out {self.dir}/Procfile", f"{self.home}/out", "link on the way")
        self.refused(f"import procfile -o {self.home}/out/deeper {self.dir}/Procfile", f"{self.home}/out/deeper")
        self.plant("directory", f"{self.home}/out")
        self.plant("symlink", f"{self.home}/out/cron.conf", self.secret)
        self.refused(f"import procfile -o {self.home}/out {self.dir}/Procfile", "cron.conf is there already")


class Targets(Attack):
    """Files that rounds write, or look at, in a directory of the attacker's."""

    def setUp(self):
        super().setUp()
        self.out = f"{self.home}/out"
        self.plant("directory", self.out)
        self.users_worker()

    def test_metrics_and_page_are_written_to_no_link(self):
        for option in ("metrics_file", "status_page"):
            for kind in ("symlink", "hard link", "fifo"):
                with self.subTest(option, kind=kind):
                    self.plant(kind, f"{self.out}/file", self.secret)
                    self.write_main(f'minder = false\n{option} = "{self.out}/file"')
                    done = self.herd("run", check=0)
                    self.assertTrue(stat.S_ISREG(os.lstat(f"{self.out}/file").st_mode), "it was replaced")
                    self.assert_unharmed(done.stderr)
            self.plant("symlink", f"{self.home}/link", self.roots)
            for name in ("secret", "new"):
                self.write_main(f'minder = false\n{option} = "{self.home}/link/{name}"')
                done = self.herd("run")
                self.assertIn(f"{option}, {self.home}/link/{name}: a link on the way", done.stderr)
                self.assert_unharmed(done.stderr)

    def test_their_directory_swapped_while_they_are_written(self):
        self.write_main(f'minder = false\nmetrics_file = "{self.out}/secret"\nstatus_page = "{self.out}/page"')
        self.plant("symlink", f"{self.home}/trap", self.roots)
        self.swapping(self.out, f"{self.home}/trap")
        for _ in range(15):
            self.herd("run")
        self.assert_unharmed()

    def test_heartbeat_files(self):
        beat = f"{self.home}/beat"
        self.users_worker(heartbeat_file=beat, heartbeat_timeout="1h")
        self.herd("start", check=0)
        pid = self.pid("w:1")
        for kind in ("symlink", "hard link", "fifo", "directory"):
            self.plant(kind, beat, self.secret)
            done = self.herd("run")
            self.assert_unharmed(done.stdout, done.stderr)
            self.assertEqual(self.pid("w:1"), pid)
        self.plant("symlink", beat, beat)
        self.assert_unharmed(self.herd("run").stderr)
        self.assertEqual(self.pid("w:1"), pid)

    def test_watched_files(self):
        self.users_worker(restart_on_change=[f"{self.home}/release"])
        self.plant("symlink", f"{self.home}/release", self.roots)
        self.herd("start", check=0)
        for kind in ("fifo", "hard link", "symlink"):
            self.plant(kind, f"{self.home}/release", self.secret)
            self.assert_unharmed(self.herd("run").stderr)


class Processes(Attack):
    def forged(self, id, uid):
        """A session leader of UID with the mark of ID."""
        process = subprocess.Popen(["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", odd(), "pause"], start_new_session=True,
                                   cwd="/", env={"CRONHERD_ID": id, "CRONHERD_STATE_DIR": self.state, "FORGED": "1"})

        def end():
            process.kill()
            process.wait()
        self.addCleanup(end)
        # It has been executed as that user: until then it is root's, with root's rights.
        wait_until("it bears the mark", lambda: environ(process.pid).get("FORGED") and
                   read(f"/proc/{process.pid}/cmdline").split("\0")[:2] == [odd(), "pause"])
        return process

    def test_a_mark_that_another_user_forged(self):
        """It keeps no worker of yet another user from being started, and is not taken for it."""
        self.users_worker()
        forged = self.forged("w:1", STRANGER)
        for _ in range(2):
            done = self.herd("start", check=0)
            pid = self.pid("w:1")
            self.assertNotEqual(pid, forged.pid)
            self.assertEqual(stat_fields(pid)[3], str(pid))
            self.herd("stop", check=0)
            self.assertIsNone(forged.poll(), done.stdout)
        self.herd("stop", "--now", check=0)
        self.assertIsNone(forged.poll())

    def test_a_mark_of_a_worker_that_runs_as_root(self):
        """It may have given root up by itself, so it cannot be told: nothing is started, nothing signalled, and it is said."""
        self.roots_worker()
        forged = self.forged("w:1", STRANGER)
        done = self.herd("run")
        self.assertIn("a process of another user bears its mark", done.stderr)
        self.assertEqual(self.marked(), [forged.pid])
        self.herd("stop", "--now")
        self.assertIsNone(forged.poll())
        forged.kill()
        forged.wait()
        self.herd("start", check=0)
        self.assertEqual(self.mains("w:1"), [self.pid("w:1")])

    def test_rights_that_cannot_be_given_up(self):
        """CVE-2006-2607 (vixie-cron): a change of user that fails, and the job runs as root."""
        self.users_worker(f"sh -c 'id -u >> {self.dir}/ran; exec {odd()} pause'", startretries=0)
        for call in ("setresuid", "setresgid", "setgroups"):
            for error in ("EPERM", "EAGAIN"):
                with self.subTest(call, error=error):
                    done = subprocess.run([*traced("-e", f"inject={call}:error={error}"), PROGRAM, "-c", self.config, "start"], text=True,
                                          capture_output=True, check=False, stdin=subprocess.DEVNULL, timeout=PATIENCE * 2)
                    self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
                    self.assertIn("cannot change ", done.stdout)
                    self.assertEqual(self.marked(), [])
        self.assertEqual(read(f"{self.dir}/ran"), "")
        self.assert_unharmed()

    def test_no_descriptor_of_roots_reaches_the_worker(self):
        self.users_worker(stdout_logfile=f"{self.home}/w.log")
        fd = os.open(self.secret, os.O_RDWR)
        self.addCleanup(os.close, fd)
        done = subprocess.run([PROGRAM, "-c", self.config, "start"], pass_fds=[fd], capture_output=True, check=False, stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, 0)
        pid = self.pid("w:1")
        self.assertEqual(sorted(os.listdir(f"/proc/{pid}/fd")), ["0", "1", "2"])
        self.assertTrue(alive(pid))


if __name__ == "__main__":
    main()
