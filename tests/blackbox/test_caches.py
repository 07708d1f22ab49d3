# SPDX-License-Identifier: ISC
"""The two caches (the compiled configuration, slots.cache) are used, are never stale however a file is changed, and count for nothing when they
are not what was written."""
import json
import os
import shutil
import subprocess

from boxes import other_clock
from herdtest import PROGRAM, SHARED_CACHE, STRACE, HerdTest, main, read, wait_until

SLEEP = "sleep 1000"
NOBODY = 65534


class Caches(HerdTest):
    def setUp(self):
        super().setUp()
        self.whose = {}  # as whom the program runs
        self.put(priority=100)

    def herd(self, *args, **options):
        return super().herd(*args, **{**self.whose, **options})

    # ---- what the tests do to files and ask

    @staticmethod
    def text(priority):
        """Always as long, so that sizes tell nothing."""
        return f"worker w {{ command = '{SLEEP}' priority = {priority:03} numprocs = 2 startsecs = 0 }}\n"

    def put(self, priority):
        self.write("conf.d/w.conf", self.text(priority))

    def write(self, name, text, mode=0o644):
        os.makedirs(os.path.dirname(os.path.join(self.dir, name)), exist_ok=True)
        return super().write(name, text, mode)

    def priority(self, **options):
        return json.loads(self.herd("config", "--json", check=0, **options).stdout)["workers"][0]["options"]["priority"]

    def compiled(self):
        """Paths of this herd's compiled configurations."""
        def is_ours(path):
            try:
                with open(path, "rb") as file:
                    return self.dir.encode() + b"/" in file.read()
            except OSError:
                return False  # another test's, gone meanwhile
        folders = [SHARED_CACHE, os.path.expanduser("~/.cache/cronherd"), f"{self.dir}/.cache/cronherd"]
        return [entry.path for folder in folders if os.access(folder, os.R_OK) for entry in os.scandir(folder) if is_ours(entry.path)]

    def opened(self, *args):
        """The names of the files that the program opens."""
        trace = f"{self.dir}/trace"
        subprocess.run([*STRACE, "-o", trace, "-e", "trace=openat,open", PROGRAM, "-c", self.config, *args], check=True,
                       stdin=subprocess.DEVNULL, capture_output=True, **self.whose)
        return [line.split('"')[1] for line in read(trace).splitlines() if '"' in line]

    def reads_configuration(self, *args):
        return any(name.endswith("w.conf") for name in self.opened(*args))

    def settle(self):
        """Rounds until both caches are there and used."""
        def is_settled():
            self.herd("run", check=0)
            return self.compiled() and os.path.exists(f"{self.state}/slots.cache") and not self.reads_configuration("run")
        wait_until("the caches are used", is_settled)

    # ---- the compiled configuration

    def test_they_are_used(self):
        self.settle()
        names = self.opened("run")
        self.assertFalse([name for name in names if name.endswith((".pid", "/w.1", "w.conf"))], names)
        self.assertIn("slots.cache", names)

    def test_every_way_to_change_a_file(self):
        path = f"{self.conf_dir}/w.conf"

        def rename_over(priority):
            self.put(priority)

        def in_place(priority):
            with open(path, "r+") as file:
                file.write(self.text(priority))

        def in_place_with_the_times_of_before(priority):
            before = os.stat(path)
            in_place(priority)
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

        def rename_over_with_the_times_of_before(priority):
            before = os.stat(path)
            self.put(priority)
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

        def another_file(priority):
            os.unlink(path)
            self.write("conf.d/v.conf", self.text(priority))
            os.rename(f"{self.conf_dir}/v.conf", path)

        for priority, change in enumerate((rename_over, in_place, in_place_with_the_times_of_before, rename_over_with_the_times_of_before,
                                           another_file), 101):
            with self.subTest(change=change.__name__):
                self.settle()
                change(priority)
                self.assertEqual(self.priority(), priority)
                self.herd("run", check=0)
                self.assertEqual(self.priority(), priority)

    def test_links(self):
        """Another link of the same name, another text behind the same link; of a user, as root's configuration may be no link."""
        path = f"{self.conf_dir}/w.conf"
        for priority in (100, 500):
            self.write(f"elsewhere/{priority}", self.text(priority))
            os.utime(f"{self.dir}/elsewhere/{priority}", (10 ** 9, 10 ** 9))
        os.unlink(path)
        os.symlink(f"{self.dir}/elsewhere/100", path)
        if os.geteuid() == 0:
            for top, _, files in os.walk(self.dir):
                for name in [top, *(os.path.join(top, file) for file in files)]:
                    os.chown(name, NOBODY, NOBODY, follow_symlinks=False)
            self.whose = {"user": NOBODY, "group": NOBODY, "extra_groups": [], "env": {**os.environ, "HOME": self.dir}}
        self.settle()
        os.symlink(f"{self.dir}/elsewhere/500", f"{self.dir}/link")
        os.rename(f"{self.dir}/link", path)
        self.assertEqual(self.priority(), 500)
        self.settle()
        with open(path, "r+") as file:
            file.write(self.text(600))
        os.utime(path, (10 ** 9, 10 ** 9))
        self.assertEqual(self.priority(), 600)

    def test_changes_within_one_tick_of_the_clock(self):
        """Whatever a round keeps of a file that was just written, the next change of it shows."""
        with open(f"{self.conf_dir}/w.conf", "r+") as file:
            for priority in range(200, 260):
                file.seek(0)
                file.write(self.text(priority))
                file.flush()
                self.herd("run", check=0)
                file.seek(0)
                file.write(self.text(priority + 100))
                file.flush()
                self.assertEqual(self.priority(), priority + 100)

    def test_files_and_folders_that_come_and_go(self):
        self.settle()
        self.write("conf.d/x.conf", f"worker x {{ command = '{SLEEP}' }}\n")
        self.assertIn("worker \"x\"", self.herd("config", check=0).stdout)
        self.settle()
        os.unlink(f"{self.conf_dir}/x.conf")
        self.assertNotIn("worker \"x\"", self.herd("config", check=0).stdout)
        self.settle()
        os.rename(self.conf_dir, f"{self.dir}/conf.old")
        os.mkdir(self.conf_dir)
        self.put(priority=777)
        self.assertEqual(self.priority(), 777)
        self.settle()
        self.write_main("defaults { nice = 7 }")
        self.assertIn("nice = 7", self.herd("config", check=0).stdout)

    def test_chmod(self):
        """What others may read is no place for a secret: a change of mode is a change."""
        self.write("conf.d/hook.conf", "webhook chat { url = 'http://localhost:9/' secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' }\n", mode=0o600)
        self.settle()
        os.chmod(f"{self.conf_dir}/hook.conf", 0o644)
        self.assertIn("others may read this file", self.herd("config").stderr)
        os.chmod(f"{self.conf_dir}/hook.conf", 0o600)
        self.herd("config", check=0)

    def test_clock_that_was_set_back(self):
        """Files from the future could be changed without a sign: nothing is kept of them."""
        back = other_clock(-3600)
        for priority in range(300, 305):
            self.put(priority)
            for _ in range(3):
                self.herd("run", check=0, env=back)
                self.assertEqual(self.priority(env=back), priority)
        self.assertEqual(self.compiled(), [])
        self.settle()
        self.put(400)
        self.assertEqual(self.priority(env=back), 400)
        self.assertEqual(self.priority(), 400)

    def damage(self, path):
        """PATH made unusable in one way after the other."""
        with open(path, "rb") as file:
            good = file.read()
        cuts = [b"", good[:7], good[:len(good) // 2], good[:-1], good + b"\0" * 8]
        flips = [good[:at] + bytes([good[at] ^ 0x40]) + good[at + 1:] for at in range(0, len(good), max(len(good) // 40, 1))]
        for bad in cuts + flips + [b"x" * len(good), b"\0" * len(good)]:
            with open(path, "wb") as file:
                file.write(bad)
            os.chmod(path, 0o600)
            yield bad
        with open(path, "wb") as file:
            file.write(good)
        os.chmod(path, 0o666)  # somebody else could have written it
        yield good
        os.unlink(path)
        os.symlink("/etc/passwd", path)
        yield None
        os.unlink(path)
        os.mkfifo(path)
        yield None
        os.unlink(path)
        os.mkdir(path)
        yield None
        os.rmdir(path)

    def test_damaged_ones_are_ignored(self):
        self.settle()
        pids = [self.pid("w:1"), self.pid("w:2")]
        (compiled,) = self.compiled()
        for path in (compiled, f"{self.state}/slots.cache"):
            for _ in self.damage(path):
                done = self.herd("run", check=0, timeout=30)
                self.assertEqual((done.stdout, done.stderr), ("", ""))
                self.assertEqual(self.priority(), 100)
                self.assertEqual([self.pid("w:1"), self.pid("w:2")], pids)
            self.settle()

    # ---- an edit of one file among many

    def many(self):
        """Five files of workers beside w.conf, one of a group, one of a webhook."""
        self.write_main("defaults { nice = 1 }")
        for name in "abcde":
            self.write(f"conf.d/{name}.conf", self.of(name, 1))
        self.write("conf.d/group.conf", "group g { workers = { a0, b0 } }\n")
        self.write("conf.d/hook.conf", "webhook chat { url = 'http://localhost:9/' workers = { '@g', e1 } }\n")
        self.settle()

    @staticmethod
    def of(name, numprocs, extra=""):
        """Two workers whose options are of all kinds."""
        return (f"defaults {{ priority = {ord(name)} environment = {{ 'IN={name}' }} }}\n"
                f"worker {name}0 {{ command = '{SLEEP}' numprocs = {numprocs} environment += {{ 'A={numprocs}' }} {extra} }}\n"
                f"worker {name}1 {{ command = '{SLEEP}' directory = '/' umask = 02{numprocs} exitcodes = {{ 3, TERM }} memory_limit = 1G }}\n")

    def loaded(self):
        """All that the program makes of the files."""
        return [(done.returncode, done.stdout, done.stderr) for done in (self.herd("config"), self.herd("config", "--json"))]

    def loaded_anew(self):
        """The same without a cache, which is there again afterwards."""
        kept = [(path, path + ".kept") for path in self.compiled()]
        for path, aside in kept:
            os.rename(path, aside)
        try:
            return self.loaded()
        finally:
            for path, aside in kept:
                os.rename(aside, path)

    def files_read(self):
        return {os.path.basename(name) for name in self.opened("config") if name.endswith(".conf")}

    def test_after_an_edit_only_what_holds_more_than_workers_is_read_again(self):
        self.many()
        self.write("conf.d/c.conf", self.of("c", 2))
        self.assertEqual(self.files_read(), {"cronherd.conf", "c.conf", "group.conf", "hook.conf"})
        # Other defaults make other workers of the same text.
        self.write_main("defaults { nice = 2 }")
        self.assertEqual(self.files_read(), {"cronherd.conf", "group.conf", "hook.conf", "w.conf", *(f"{name}.conf" for name in "abcde")})

    def test_what_is_taken_over_is_what_would_be_read(self):
        def swap():
            os.rename(f"{self.conf_dir}/a.conf", f"{self.conf_dir}/x")
            os.rename(f"{self.conf_dir}/b.conf", f"{self.conf_dir}/a.conf")
            os.rename(f"{self.conf_dir}/x", f"{self.conf_dir}/b.conf")

        def in_place_with_the_times_of_before():
            path = f"{self.conf_dir}/d.conf"
            before = os.stat(path)
            with open(path, "r+") as file:
                file.write(self.of("d", 2))
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

        steps = {
            "an edit": lambda: self.write("conf.d/a.conf", self.of("a", 2)),
            "in place": in_place_with_the_times_of_before,
            "two swapped": swap,
            "one more": lambda: self.write("conf.d/aa.conf", self.of("z", 1)),
            "one less": lambda: os.unlink(f"{self.conf_dir}/d.conf"),
            "renamed": lambda: os.rename(f"{self.conf_dir}/c.conf", f"{self.conf_dir}/cc.conf"),
            "a worker twice": lambda: self.write("conf.d/b0.conf", self.of("e", 3)),
            "a syntax error": lambda: self.write("conf.d/b0.conf", "worker x { command "),
            "gone again": lambda: os.unlink(f"{self.conf_dir}/b0.conf"),
            "in a circle": lambda: self.write("conf.d/a.conf", self.of("a", 2, "after = e0") + self.of("d", 2, "after = a0")),
            "from both sides": lambda: self.write("conf.d/e.conf", self.of("e", 2, "after = d0")),
            "no mode for a configuration": lambda: os.chmod(f"{self.conf_dir}/b.conf", 0o666),
            "a mode for one": lambda: os.chmod(f"{self.conf_dir}/b.conf", 0o600),
            "other defaults": lambda: self.write_main("defaults { nice = 2 }"),
            "the first again": lambda: self.write_main("defaults { nice = 1 }"),
            "a member less": lambda: os.unlink(f"{self.conf_dir}/a.conf"),
            "a link": lambda: os.symlink("/etc/passwd", f"{self.conf_dir}/l.conf"),
        }
        self.many()
        for is_kept_up in (False, True):
            for name, change in steps.items():
                with self.subTest(change=name, is_kept_up=is_kept_up):
                    change()
                    self.assertEqual(self.loaded(), self.loaded_anew())
                    if is_kept_up:
                        self.herd("run")
                        self.assertEqual(self.loaded(), self.loaded_anew())
            for path in os.scandir(self.conf_dir):
                os.unlink(path)
            self.put(priority=100)
            self.many()

    # ---- slots.cache

    def test_every_way_to_change_a_pidfile(self):
        pidfile = self.pidfile("w:1")

        def in_place():
            with open(pidfile, "r+") as file:
                file.write("1\n")

        def in_place_with_the_times_of_before():
            before = os.stat(pidfile)
            in_place()
            os.utime(pidfile, ns=(before.st_atime_ns, before.st_mtime_ns))

        def replaced():
            self.write("state/pidfiles/w.1.pid", "1\n")

        def of_the_other():
            shutil.copyfile(self.pidfile("w:2"), pidfile)

        self.settle()
        pids = [self.pid("w:1"), self.pid("w:2")]
        for change in (in_place, in_place_with_the_times_of_before, replaced, of_the_other, lambda: os.unlink(pidfile)):
            with self.subTest(change=change.__name__):
                self.settle()
                change()
                self.herd("run", check=0)
                # It is the worker's own again, and he the same.
                self.assertEqual([self.pid("w:1"), self.pid("w:2")], pids)

    def test_records_holds_and_ends(self):
        self.settle()
        first = self.pid("w:1")
        os.unlink(f"{self.state}/records/w.1")
        self.herd("run", check=0)
        self.assertTrue(self.record("w:1"))
        self.settle()
        self.herd("stop", "w:2", check=0)
        self.settle()
        self.assertEqual(self.mains("w:2"), [])
        self.herd("start", "w:2", check=0)
        self.settle()
        second = self.wait_pid("w:2")
        for pid in self.minders():
            os.kill(pid, 9)
        os.kill(second, 9)
        self.wait_gone(second)
        self.herd("run", check=0)
        self.wait_pid("w:2", other_than=second)
        self.assertEqual(self.pid("w:1"), first)

    def test_another_configuration_over_the_same_files(self):
        """slots.cache is of a configuration that is no more: what it says of files counts, what it says of definitions does not."""
        self.settle()
        pids = [self.pid("w:1"), self.pid("w:2")]
        self.write("conf.d/w.conf", self.text(100).replace("numprocs = 2", "numprocs = 3"))
        self.herd("run", check=0)
        self.assertEqual([self.pid("w:1"), self.pid("w:2")], pids)
        third = self.wait_pid("w:3")
        self.settle()
        self.write("conf.d/w.conf", self.text(100).replace("numprocs = 2", "numprocs = 1"))
        self.herd("run", check=0)
        self.wait_gone(pids[1])
        self.wait_gone(third)
        self.assertEqual([i["id"] for i in self.status()["instances"]], ["w:1"])
        self.settle()
        self.write("conf.d/a.conf", f"worker a {{ command = '{SLEEP}' startsecs = 0 }}\n")
        self.write("conf.d/w.conf", "\n")
        self.herd("run", check=0)
        self.wait_pid("a:1")
        # It is given a while to come back.
        self.assertEqual((self.pid("w:1"), self.instance("w:1")["config"]), (pids[0], "removed"))
        self.put(priority=100)
        self.herd("run", check=0)
        self.settle()
        self.assertEqual((self.pid("w:1"), self.instance("w:1")["config"]), (pids[0], "current"))


if __name__ == "__main__":
    main()
