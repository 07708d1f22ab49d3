# SPDX-License-Identifier: ISC
"""Which process is ours: reused pids, lying pidfiles, other places, hidden and half-dead processes."""
import os
import shutil
import signal
import stat
import subprocess

from boxes import NOBODY, Box, as_nobody, need, odd, pid_of, traced, with_sum
from herdtest import PROGRAM, HerdTest, alive, main, read, stat_fields, wait_until

# Takes the number argv[1], and says so; argv[2:] is what then runs under it.
TAKE_PID = """
import os, sys
wanted = int(sys.argv[1])
for attempt in range(200):
    with open("/proc/sys/kernel/ns_last_pid", "w") as file:
        file.write(str(wanted - 1))
    pid = os.fork()
    if pid == 0:
        if os.getpid() == wanted:
            os.setsid()
            null = os.open("/dev/null", os.O_RDWR)
            for fd in (0, 1, 2):
                os.dup2(null, fd)
            os.execv(sys.argv[2], sys.argv[2:])
        os._exit(0)
    if pid == wanted:
        sys.exit(0)
    os.waitpid(pid, 0)
sys.exit(1)
"""


class Identity(HerdTest):
    def setUp(self):
        super().setUp()
        self.write_main("minder = false")

    def only(self, id, pid=None):
        """Asserts that exactly one main process of ID lives (PID, if given) and that its pidfile names it."""
        mains = self.mains(id)
        self.assertEqual(len(mains), 1, f"main processes of {id}")
        if pid:
            self.assertEqual(mains, [pid])

    def canary(self):
        """A session leader that nobody may signal: dies of any signal that has a default."""
        process = subprocess.Popen([odd(), "pause"], start_new_session=True)

        def end():
            process.kill()
            process.wait()
        self.addCleanup(end)
        return process


class ReusedPid(Identity):
    def setUp(self):
        super().setUp()
        self.worker("w", f"{odd()} pause")
        self.box = Box(self)
        self.box.herd("start", check=0)
        self.old = self.box.pid("w:1")

    def become_stranger(self):
        self.box.kill(self.old)
        self.box.wait_gone(self.old)
        self.box.run("python3", "-c", TAKE_PID, self.old, odd(), "pause", check=0)
        wait_until("the stranger runs", lambda: b"pause" in self.cmdline(self.old))
        self.stranger = self.box.stat(self.old)

    def cmdline(self, pid):
        with open(f"{self.box.proc}/{pid}/cmdline", "rb") as file:
            return file.read()

    def assert_stranger_lives(self):
        fields = self.box.stat(self.old)
        self.assertEqual((fields[0], fields[19]), ("S", self.stranger[19]))

    def test_stranger_is_left_alone_and_the_worker_started_anew(self):
        self.become_stranger()
        self.box.herd("run", check=0)
        new = self.box.wait_pid("w:1")
        self.assertNotEqual(new, self.old)
        self.assertEqual(len(self.mains("w:1")), 1)
        self.box.herd("stop", check=0)
        self.assert_stranger_lives()
        self.assertFalse(self.box.alive(new))

    def test_stop_signals_no_stranger(self):
        self.become_stranger()
        self.box.herd("stop", check=0)
        self.box.herd("stop", "--now", check=0)
        self.assert_stranger_lives()

    def test_same_start_time_is_told_apart_by_the_pidfd(self):
        self.become_stranger()
        # As if both had begun within one tick of the clock.
        path = self.pidfile("w:1")
        lines = [f"start {self.stranger[19]}" if line.startswith("start ") else line for line in read(path).splitlines()]
        self.assertTrue(any(line.startswith("inode ") for line in lines), "this kernel has pidfs")
        self.write("state/pidfiles/w.1.pid", "\n".join(lines) + "\n", 0o644)
        self.box.herd("stop", check=0)
        self.assert_stranger_lives()

    def test_reused_during_a_stop(self):
        self.worker("w", f"{odd()} log {self.dir}/signals deaf", stopwaitsecs="60s")
        self.box.herd("restart", check=0)
        self.old = self.box.pid("w:1")
        wait_until("it listens", lambda: "ready" in read(f"{self.dir}/signals"))
        stop = subprocess.Popen(self.box.command(PROGRAM, "-c", self.config, "stop"), stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL)
        self.addCleanup(stop.wait)
        self.addCleanup(stop.kill)
        wait_until("it was told to stop", lambda: "TERM" in read(f"{self.dir}/signals"))
        inner = int(read(f"/proc/{stop.pid}/task/{stop.pid}/children").split()[0])
        os.kill(inner, signal.SIGKILL)
        stop.wait()
        self.become_stranger()
        self.box.herd("stop", "--now", check=0)
        self.box.herd("run", check=0)
        self.assert_stranger_lives()


class LyingFiles(Identity):
    def setUp(self):
        super().setUp()
        self.worker("w", f"{odd()} pause")
        self.herd("start", check=0)
        self.main = self.pid("w:1")
        self.path = self.pidfile("w:1")

    def heal(self, what):
        """A round, after which nobody is doubled, and the pidfile is right again or one message says why it cannot be."""
        done = self.herd("run")
        with self.subTest(what):
            self.only("w:1", self.main)
            if self.pid("w:1") != self.main or not read(self.path).count("boot "):
                self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
                self.assertIn("w:1", done.stderr)
            else:
                self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done

    def altered(self, key, value):
        return "".join(f"{key} {value}\n" if line.startswith(key + " ") else line + "\n"
                       for line in self.text.splitlines())

    def test_hostile_pidfiles(self):
        canary = self.canary()
        self.text = read(self.path)
        body = self.text.split("\n", 1)[1]
        contents = {
            "empty": "", "garbage": "hello world\n", "nul": "\0" * 40, "binary": "\x01\x02\xff" * 200,
            "huge number": "99999999999999999999\n" + body, "wraps to 1": "4294967297\n" + body, "negative": "-1\n" + body,
            "zero": "0\n" + body, "pid 1": "1\n" + body, "self": f"{os.getpid()}\n" + body, "kernel thread": "2\n" + body,
            "letters behind": f"{self.main}abc\n" + body, "plus": f"+{self.main}\n" + body, "canary": f"{canary.pid}\n" + body,
            "canary alone": f"{canary.pid}\n", "canary, no newline": f"{canary.pid}", "cut": self.text[:len(self.text) // 2],
            "very long": self.text + "x" * 100000, "own pid alone": f"{self.main}\n", "start": self.altered("start", "1"),
            "no start": self.altered("start", "0"), "inode": self.altered("inode", "1"),
            "boot": self.altered("boot", "00000000-0000-0000-0000-000000000000"), "pidns": self.altered("pidns", "1"),
            "timens": self.altered("timens", "1"),
        }
        for what, content in contents.items():
            self.write("state/pidfiles/w.1.pid", content, 0o644)
            self.heal(what)
            self.assertIsNone(canary.poll(), what)

    def test_hostile_kinds_of_files(self):
        self.text = read(self.path)
        target = self.write("target", self.text)
        for what in ("fifo", "socket", "device", "symlink", "dangling", "hard link", "writable", "directory"):
            if os.path.isdir(self.path) and not os.path.islink(self.path):
                os.rmdir(self.path)
            else:
                os.unlink(self.path)
            if what == "fifo":
                os.mkfifo(self.path)
            elif what == "socket":
                os.mknod(self.path, stat.S_IFSOCK | 0o600)
            elif what == "device":
                os.mknod(self.path, stat.S_IFCHR | 0o600, os.makedev(1, 5))
            elif what == "symlink":
                os.symlink(target, self.path)
            elif what == "dangling":
                os.symlink(self.dir + "/nowhere", self.path)
            elif what == "hard link":
                os.link(target, self.path)
            elif what == "directory":
                os.mkdir(self.path)
            else:
                self.write("state/pidfiles/w.1.pid", self.text, 0o666)
            self.heal(what)
        self.assertEqual(read(target), self.text)
        self.assertFalse(os.path.exists(self.dir + "/nowhere"))

    def test_stop_with_a_hostile_pidfile_ends_ours_and_no_other(self):
        canary = self.canary()
        self.write("state/pidfiles/w.1.pid", f"{canary.pid}\n", 0o644)
        self.herd("stop", check=0)
        self.assertFalse(alive(self.main))
        self.assertIsNone(canary.poll())

    def test_altered_pidfile_and_no_record(self):
        self.text = read(self.path)
        for key, value in (("start", "1"), ("boot", "00000000-0000-0000-0000-000000000000"), ("inode", "1")):
            self.write("state/pidfiles/w.1.pid", self.altered(key, value), 0o644)
            os.unlink(f"{self.state}/records/w.1")
            self.heal(key)

    def test_corrupt_record(self):
        path = f"{self.state}/records/w.1"
        text = read(path)
        for what, content in {"flipped": text.replace("cronherd-record 1", "cronherd-record 2"), "empty": "", "cut": text[:60],
                              "sum": text[:-3] + "0\n", "garbage": "\xff\0" * 500, "long": text * 100}.items():
            self.write("state/records/w.1", content, 0o600)
            self.heal(what)
            self.assertEqual(self.record("w:1").get("pid"), str(self.main), what)

    def test_corrupt_record_and_pidfile(self):
        self.write("state/records/w.1", "x", 0o600)
        self.write("state/pidfiles/w.1.pid", "x", 0o644)
        self.heal("both")

    def test_unreadable_record_touches_nothing(self):
        os.unlink(f"{self.state}/records/w.1")
        os.mkdir(f"{self.state}/records/w.1")
        done = self.herd("run")
        self.only("w:1", self.main)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("w:1", done.stderr)

    def test_threads_number_is_not_a_process(self):
        self.text = read(self.path)
        threaded = subprocess.Popen([odd(), "leaderless"])
        self.addCleanup(threaded.wait)
        self.addCleanup(threaded.kill)
        tid = wait_until("there is a thread", lambda: [t for t in os.listdir(f"/proc/{threaded.pid}/task")
                                                       if int(t) != threaded.pid])[0]
        self.write("state/pidfiles/w.1.pid", tid + "\n" + self.altered("start", stat_fields(tid)[19]).split("\n", 1)[1], 0o644)
        self.heal("thread")
        self.herd("stop", check=0)
        self.assertIsNone(threaded.poll())


class OtherPlaces(Identity):
    def test_two_containers_share_a_state_directory(self):
        self.worker("w", f"{odd()} pause", numprocs=2)
        first, second = Box(self), Box(self)
        first.herd("start", check=0)
        pids = sorted(self.marked())
        self.assertEqual(len(pids), 2)
        for verb in ("run", "start", "stop", "restart"):
            done = second.herd(verb)
            self.assertEqual(done.returncode, 1, verb)
            self.assertIn("herded from elsewhere", done.stderr)
            self.assertEqual(sorted(self.marked()), pids, verb)
        self.assertEqual(second.herd("run").stderr, "", "said once")
        first.herd("start", check=0)
        first.herd("run", check=0)
        first.close()
        third = Box(self)
        third.herd("run", check=0)
        self.assertTrue(third.wait_pid("w:1") and third.wait_pid("w:2"))
        self.assertEqual(len(self.marked()), 2)

    def test_a_hold_by_a_foreign_herder_is_not_acted_upon_but_lasts(self):
        self.worker("w", f"{odd()} pause")
        first, second = Box(self), Box(self)
        first.herd("start", check=0)
        second.herd("stop")
        self.assertEqual(len(self.mains("w:1")), 1, "a foreign stop signals nobody")

    def test_another_time_namespace(self):
        self.worker("w", f"{odd()} pause")
        self.herd("start", check=0)
        pid = self.pid("w:1")
        for verb in ("run", "start", "stop"):
            subprocess.run(["unshare", "-T", "--boottime", "100000", "--fork", PROGRAM, "-c", self.config, verb],
                           capture_output=True, check=False)
            self.assertEqual(self.mains("w:1"), [pid], verb)

    def test_reboot_restarts_all(self):
        self.worker("w", f"{odd()} pause", numprocs=2)
        self.herd("start", check=0)
        old = [self.pid("w:1"), self.pid("w:2")]
        # What a reboot leaves: no process, and files that tell of another boot.
        for pid in old:
            os.kill(pid, signal.SIGKILL)
            self.wait_gone(pid)
        boot = read("/proc/sys/kernel/random/boot_id").strip()
        self.change_boot(boot, "0e0e0e0e-0000-4000-8000-000000000001")
        self.herd("run", check=0)
        for id in ("w:1", "w:2"):
            self.only(id, self.wait_pid(id))
            record = self.record(id)
            self.assertEqual(record["exit_reason"], str(self.reason("host_rebooted")))
            self.assertEqual(record["boot"], boot)
            self.assertNotIn("failures", record)
        self.assertIn(boot, read(f"{self.state}/lease"))

    @staticmethod
    def reason(name):
        order = ["none", "missing", "exited", "crashed", "killed", "oom", "memory_limit", "memory_max", "max_age", "hung",
                 "config_changed", "deploy", "manual", "removed", "host_rebooted"]
        return order.index(name)

    def change_boot(self, old, new):
        for folder in ("pidfiles", "records", "."):
            for entry in os.listdir(f"{self.state}/{folder}"):
                path = f"{self.state}/{folder}/{entry}"
                if not os.path.isfile(path) or old not in read(path):
                    continue
                text = read(path).replace(old, new)
                if folder == "records":
                    text = with_sum(text)
                info = os.stat(path)
                self.write(os.path.relpath(path, self.dir), text, stat.S_IMODE(info.st_mode))
                os.utime(path, ns=(info.st_atime_ns, info.st_mtime_ns))

    def test_reboot_keeps_the_hold(self):
        self.worker("w", f"{odd()} pause")
        self.herd("start", check=0)
        self.herd("stop", check=0)
        self.change_boot(read("/proc/sys/kernel/random/boot_id").strip(), "0e0e0e0e-0000-4000-8000-000000000001")
        self.herd("run", check=0)
        self.assertEqual(self.mains("w:1"), [])


class WithoutPidfds(Identity):
    def act(self, error):
        need("strace")
        self.worker("w", f"{odd()} log {self.dir}/signals", numprocs=2)
        strace = traced("-e", f"inject=pidfd_open:error={error}")

        def herd(*args, check=0):
            done = subprocess.run([*strace, PROGRAM, "-c", self.config, *args], text=True, capture_output=True, check=False)
            self.assertEqual(done.returncode, check, done.stdout + done.stderr)
        herd("start")
        pids = [self.pid("w:1"), self.pid("w:2")]
        self.assertTrue(all(pids))
        herd("run")
        self.assertEqual([self.pid("w:1"), self.pid("w:2")], pids)
        os.kill(pids[0], signal.SIGKILL)
        self.wait_gone(pids[0])
        herd("run")
        new = self.wait_pid("w:1", other_than=pids[0])
        self.assertEqual(self.mains("w:1"), [new])
        # Started without, seen with, and the other way round.
        self.herd("run", check=0)
        self.assertEqual(self.mains("w:1"), [new])
        herd("stop")
        self.assertEqual(self.marked(), [])
        self.assertEqual(read(f"{self.dir}/signals").count("TERM"), 2)

    def test_unknown_to_the_kernel(self):
        self.act("ENOSYS")

    def test_denied_by_a_filter(self):
        self.act("EPERM")

    def test_send_denied_by_a_filter(self):
        self.worker("w", f"{odd()} log {self.dir}/signals")
        self.herd("start", check=0)
        done = subprocess.run([*traced("-e", "inject=pidfd_send_signal:error=EPERM"), PROGRAM, "-c", self.config, "stop"],
                              text=True, capture_output=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(read(f"{self.dir}/signals").count("TERM"), 1)


class HardToSee(Identity):
    def test_hidepid(self):
        """As a user, who sees only what is his and dumpable: both are kept, neither doubled, both can be stopped."""
        os.chown(self.dir, NOBODY, NOBODY)
        self.worker("plain", f"{odd()} pause", directory="/")
        self.worker("hidden", f"{odd()} undumpable", directory="/")
        box = Box(self)
        box.run("mount", "-o", "remount,hidepid=2", "/proc", check=0)
        shutil.copy(PROGRAM, self.dir + "/cronherd")

        def herd(*args):
            return box.run(*as_nobody(self.dir + "/cronherd", "-c", self.config, *args))
        self.assertEqual(herd("start").returncode, 0)
        pids = {id: pid_of(self, id) for id in ("plain:1", "hidden:1")}
        for _ in range(3):
            done = herd("run")
            self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual({id: pid_of(self, id) for id in pids}, pids)
        self.assertTrue(all(box.alive(pid) for pid in pids.values()))
        for pid in pids.values():
            box.kill(pid)
            box.wait_gone(pid)
        self.assertEqual(herd("run").returncode, 0)
        new = {id: box.wait_pid(id) for id in pids}
        self.assertFalse(set(new.values()) & set(pids.values()))
        self.assertEqual(herd("stop").returncode, 0)
        self.assertFalse(any(box.alive(pid) for pid in new.values()))

    def test_zombie_is_dead(self):
        """Where pid 1 of a container does not bury, the dead stay as zombies."""
        box = Box(self, init=["sleep", "1000000"])
        self.worker("w", f"{odd()} pause")
        box.herd("start", check=0)
        old = box.pid("w:1")
        box.kill(old)
        wait_until("it is a zombie", lambda: box.stat(old)[0] == "Z")
        box.herd("run", check=0)
        new = box.wait_pid("w:1", other_than=old)
        self.assertEqual(box.stat(old)[0], "Z")
        box.herd("stop", check=0)
        self.assertFalse(box.alive(new))

    def test_leader_has_left_and_a_thread_lives(self):
        self.worker("w", f"{odd()} leaderless", memory_limit="1G")
        self.herd("start", check=0)
        pid = pid_of(self, "w:1")
        wait_until("the leader has ended", lambda: stat_fields(pid)[0] == "Z")
        for _ in range(2):
            self.herd("run", check=0)
            self.only("w:1", pid)
        self.herd("stop", check=0)
        self.assertFalse(alive(pid))

    def test_lost_pidfile_of_a_leaderless_one(self):
        self.worker("w", f"{odd()} leaderless")
        self.herd("start", check=0)
        pid = pid_of(self, "w:1")
        wait_until("the leader has ended", lambda: stat_fields(pid)[0] == "Z")
        os.unlink(self.pidfile("w:1"))
        os.unlink(f"{self.state}/records/w.1")
        self.herd("run", check=0)
        self.only("w:1", pid)

    def test_names_that_confuse(self):
        for number, name in enumerate((") R 1 (", "a b) Z 1 1", "\n1 (x) Z 1 ", "((((", "))))")):
            self.worker(f"w{number}", f"{odd()} named '{name}'" if "\n" not in name else f"{odd()} named \"$(printf '\\n1 (x) Z ')\"",
                        shell="\n" in name)
        self.herd("start", check=0)
        pids = [self.pid(f"w{n}:1") for n in range(5)]
        self.herd("run", check=0)
        self.assertEqual([self.pid(f"w{n}:1") for n in range(5)], pids)
        for n in range(5):
            os.unlink(self.pidfile(f"w{n}:1"))
        self.herd("run", check=0)
        self.assertEqual([self.pid(f"w{n}:1") for n in range(5)], pids)
        self.herd("stop", check=0)
        self.assertFalse(any(alive(pid) for pid in pids))

    def test_stopped_by_a_signal_is_alive(self):
        self.worker("w", f"{odd()} pause", stopwaitsecs="1s")
        self.herd("start", check=0)
        pid = self.pid("w:1")
        os.kill(pid, signal.SIGSTOP)
        wait_until("it is stopped", lambda: stat_fields(pid)[0] == "T")
        self.herd("run", check=0)
        self.only("w:1", pid)
        self.herd("stop", check=0)
        self.assertFalse(alive(pid))


if __name__ == "__main__":
    main()
