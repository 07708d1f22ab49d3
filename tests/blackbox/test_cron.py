# SPDX-License-Identifier: ISC
"""With Debian's own cron, in a box: cron really calls, and what dies together with its minder is back by the next minute.

Cron looks once a minute, so this test takes three of them.
"""
import os
import signal
import subprocess

from boxes import Box, need, odd
from herdtest import HerdTest, main, read, wait_until

MINUTES = 200


class Cron(HerdTest):
    def setUp(self):
        super().setUp()
        need("cron", "crontab")
        self.box = Box(self)
        os.mkdir(self.dir + "/none")
        self.write("empty", "")
        for command in (["mount", "-t", "tmpfs", "none", "/var/spool/cron"], ["mount", "-t", "tmpfs", "none", "/run"],
                        ["mkdir", "-m", "1730", "/var/spool/cron/crontabs"],
                        ["mount", "--bind", self.dir + "/none", "/etc/cron.d"],
                        ["mount", "--bind", self.dir + "/empty", "/etc/crontab"]):
            self.box.run(*command, check=0)
        self.worker("w", f"{odd()} pause", numprocs=2)

    def crontab(self):
        return self.box.run("crontab", "-l", check=0).stdout

    def start_cron(self):
        process = subprocess.Popen(self.box.command("cron", "-f"), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)

        def end():
            process.kill()
            process.wait()
        self.addCleanup(end)

    def last_round(self):
        path = self.box.root + self.state + "/lease"
        return os.stat(path).st_mtime if os.path.exists(path) else 0

    def test_cron_keeps_the_herd(self):
        mine = "# mine\nMAILTO=\"\"\n5 5 5 5 * /bin/true # % odd\n"
        self.box.run("crontab", "-", input=mine, stdin=None, check=0)
        self.box.herd("cron", "install", "--yes", check=0)
        self.assertTrue(self.crontab().startswith(mine))
        self.assertEqual(self.crontab().count(" run"), 1)
        self.start_cron()
        wait_until("cron has called a first round", lambda: self.box.pid("w:1") and self.box.pid("w:2"), MINUTES)
        old = [self.box.pid("w:1"), self.box.pid("w:2")]

        # Together with its minder, so that nobody is left to tell.
        wait_until("the round has ended", lambda: all("minder" in read(f"/proc/{m}/cmdline") for m in self.minders()))
        victims = self.minders() + self.marked()
        for sig in (signal.SIGSTOP, signal.SIGKILL):
            for pid in victims:
                os.kill(pid, sig)
        wait_until("all have ended", lambda: not self.marked() and not self.minders())
        wait_until("the next minute's round has healed", lambda: self.box.pid("w:1") and self.box.pid("w:2"), MINUTES)
        self.assertFalse({self.box.pid("w:1"), self.box.pid("w:2")} & set(old))
        self.assertEqual([len(self.mains("w:1")), len(self.mains("w:2"))], [1, 1])
        for id in ("w:1", "w:2"):
            fds = {os.readlink(f"/proc/{self.mains(id)[0]}/fd/{fd}") for fd in os.listdir(f"/proc/{self.mains(id)[0]}/fd")}
            self.assertEqual(fds, {"/dev/null", f"{self.dir}/log/w.log"})

        # A healthy round changes nothing.
        pids = [self.box.pid("w:1"), self.box.pid("w:2")]
        before = self.last_round()
        wait_until("cron has called another round", lambda: self.last_round() > before, MINUTES)
        self.assertEqual([self.box.pid("w:1"), self.box.pid("w:2")], pids)

        self.box.herd("cron", "remove", "--yes", check=0)
        self.assertEqual(self.crontab(), mine)


if __name__ == "__main__":
    main()
