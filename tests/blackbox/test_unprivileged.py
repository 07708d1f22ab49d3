# SPDX-License-Identifier: ISC
"""The whole of it as a user without rights, in the default places."""
import os
import shutil
import signal
import stat
import subprocess

from boxes import NOBODY, as_nobody, need_root, odd
from herdtest import PATIENCE, PROGRAM, HerdTest, alive, environ, main, read, wait_until


class Unprivileged(HerdTest):
    """The home is self.dir/home; nothing is named on the command line."""

    def setUp(self):
        need_root()
        super().setUp()
        self.home = self.dir + "/home"
        self.state = self.home + "/.local/state/cronherd"
        self.config = self.home + "/.config/cronherd/cronherd.conf"
        os.makedirs(os.path.dirname(self.config) + "/conf.d")
        self.program = self.dir + "/cronherd"
        shutil.copy(PROGRAM, self.program)
        os.umask(0o022)

    def own(self):
        for folder, folders, files in os.walk(self.home):
            for name in [folder] + [os.path.join(folder, name) for name in folders + files]:
                os.lchown(name, NOBODY, NOBODY)

    def define(self, text):
        self.write("home/.config/cronherd/conf.d/w.conf", text)
        self.own()

    def herd(self, *args, check=None, timeout=None, **options):
        env = {"HOME": self.home, "PATH": "/usr/bin:/bin", **options.pop("env", {})}
        done = subprocess.run(as_nobody(self.program, *args), text=True, capture_output=True, stdin=subprocess.DEVNULL,
                              timeout=timeout or PATIENCE * 3, check=False, env=env, cwd="/", errors="replace")
        if check is not None:
            self.assertEqual(done.returncode, check, f"cronherd {args}: {done.stdout}{done.stderr}")
        return done

    def test_start_kill_heal_stop(self):
        self.define(f'worker "w" {{\n command = "{odd()} pause"\n numprocs = 3\n directory = "{self.home}"\n}}\n')
        self.assertEqual(self.herd("run", check=0).stderr, "")
        pids = [self.wait_pid(f"w:{n}") for n in (1, 2, 3)]
        for pid in pids:
            self.assertEqual(os.stat(f"/proc/{pid}").st_uid, NOBODY)
            self.assertEqual(environ(pid)["CRONHERD_STATE_DIR"], self.state)
        self.assertEqual(stat.S_IMODE(os.stat(self.state).st_mode), 0o700)
        self.assertTrue(os.path.exists(self.state + "/log/w.log"))

        # With a minder at once, without one in the next round.
        os.kill(pids[0], signal.SIGKILL)
        self.assertNotEqual(self.wait_pid("w:1", other_than=pids[0]), pids[0])
        wait_until("the round has ended", lambda: all("minder" in read(f"/proc/{m}/cmdline") for m in self.minders()))
        minders = self.minders()
        self.assertTrue(minders)
        for pid in (*minders, pids[1]):
            os.kill(pid, signal.SIGKILL)
        self.wait_gone(pids[1])
        self.herd("run")
        self.wait_pid("w:2", other_than=pids[1])
        self.assertEqual([len(self.mains(f"w:{n}")) for n in (1, 2, 3)], [1, 1, 1])
        self.assertEqual(self.pid("w:3"), pids[2])

        os.unlink(self.pidfile("w:3"))
        self.herd("run", check=0)
        self.assertEqual(self.pid("w:3"), pids[2])

        done = self.herd("stop", check=0)
        self.assertEqual(done.stdout.count("stopped"), 3)
        self.assertEqual(self.marked(), [])
        self.herd("run", check=0)
        self.assertEqual(self.marked(), [])
        self.herd("start", check=0)
        self.assertEqual([len(self.mains(f"w:{n}")) for n in (1, 2, 3)], [1, 1, 1])

    def test_what_needs_rights_fails_the_start(self):
        for option, step in (("nice = -5", "set nice"), ("oom_score_adjust = -500", "set oom_score_adj"),
                             ('limits = {"nice=40"}', "set the limits")):
            self.define(f'worker "w" {{\n command = "{odd()} pause"\n directory = "{self.home}"\n {option}\n}}\n')
            self.assertIn(f"cannot {step}: ", self.herd("start", check=1).stdout)
            self.assertEqual(self.marked(), [], "never a fallback")

    def test_xdg_directories(self):
        os.makedirs(self.home + "/conf/cronherd/conf.d")
        self.write("home/conf/cronherd/conf.d/w.conf", f'worker "w" {{ command = "{odd()} pause" directory = "/" }}\n')
        self.own()
        self.state = self.home + "/state/cronherd"
        self.config = self.home + "/conf/cronherd/cronherd.conf"
        env = {"XDG_CONFIG_HOME": self.home + "/conf", "XDG_STATE_HOME": self.home + "/state"}
        self.herd("run", check=0, env=env)
        self.assertTrue(self.wait_pid("w:1"))
        self.herd("stop", check=0, env=env)
        self.assertFalse(os.path.exists(self.home + "/.local"))

    def test_two_users_do_not_meet(self):
        """Root's herd of the same names is another herd: its processes are neither taken over nor signalled."""
        self.define(f'worker "w" {{ command = "{odd()} pause" directory = "/" }}\n')
        self.herd("start", check=0)
        mine = self.pid("w:1")
        other = HerdTest("setUp")
        other.setUp()
        self.addCleanup(other.doCleanups)
        other.write_main("minder = false")
        other.worker("w", f"{odd()} pause")
        other.herd("start", check=0)
        theirs = other.pid("w:1")
        self.assertNotEqual(mine, theirs)
        # Even where the pidfile names the other's process.
        shutil.copy(other.pidfile("w:1"), self.pidfile("w:1"))
        self.own()
        self.herd("stop", check=0)
        self.assertTrue(alive(theirs))
        self.assertFalse(alive(mine), "the record names who is to be stopped")
        other.herd("run", check=0)
        self.assertEqual(other.pid("w:1"), theirs)

    def test_somebody_elses_state_directory_is_refused(self):
        self.define(f'worker "w" {{ command = "{odd()} pause" directory = "/" }}\n')
        os.makedirs(self.state, 0o755)
        self.own()
        os.chown(self.state, 0, 0)
        done = self.herd("run")
        self.assertEqual(done.returncode, 3)
        self.assertIn("belongs to uid 0", done.stderr)
        self.assertEqual(self.marked(), [])

    def test_a_state_directory_that_others_can_write_is_refused(self):
        self.define(f'worker "w" {{ command = "{odd()} pause" directory = "/" }}\n')
        os.makedirs(self.state)
        os.chmod(self.state, 0o777)
        self.own()
        done = self.herd("run")
        self.assertEqual(done.returncode, 3)
        self.assertIn("chmod go-w", done.stderr)
        self.assertEqual(self.marked(), [])


if __name__ == "__main__":
    main()
