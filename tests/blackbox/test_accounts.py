# SPDX-License-Identifier: ISC
"""Users and groups that are in no file of the host's own, by a real module of the name service (libnss-extrausers); and what is preloaded."""
import os
import subprocess

from boxes import need, need_root, odd, other_clock
from herdtest import PROGRAM, HerdTest, main, read

UID, GID, TEAM = 61234, 61235, 61236
SCRIPT = """set -e
mount -t tmpfs none /var/lib/extrausers
cp "$0"/passwd "$0"/group /var/lib/extrausers/
mount --bind "$0"/nsswitch.conf /etc/nsswitch.conf
exec "$@"
"""


class Accounts(HerdTest):
    def setUp(self):
        super().setUp()
        need_root()
        need("getent", "unshare", "mount")
        if not os.path.isdir("/var/lib/extrausers"):
            raise AssertionError("this test needs libnss-extrausers: ./quickstart.sh installs it")
        self.host = self.dir + "/host"
        os.mkdir(self.host)
        for name, text in (("passwd", f"shepherd:x:{UID}:{GID}::/:/bin/sh\n"), ("group", f"shepherd:x:{GID}:\nteam:x:{TEAM}:root,shepherd\n"),
                           ("nsswitch.conf", "passwd: files extrausers\ngroup: files [NOTFOUND=continue] extrausers # no more\n")):
            with open(f"{self.host}/{name}", "w") as file:
                file.write(text)

    def there(self, *args, program=PROGRAM, check=None):
        """cronherd on a host with such users (in mounts of its own)."""
        done = subprocess.run(["unshare", "--mount", "sh", "-c", SCRIPT, self.host, program, "-c", self.config, *args], text=True,
                              capture_output=True, stdin=subprocess.DEVNULL)
        if check is not None:
            self.assertEqual(done.returncode, check, done.stdout + done.stderr)
        return done

    def status_lines(self, id):
        """Uid, gid and supplementary groups of ID's process."""
        lines = dict(line.split(":\t", 1) for line in read(f"/proc/{self.pid(id)}/status").splitlines() if ":\t" in line)
        return lines["Uid"].split()[0], lines["Gid"].split()[0], set(lines["Groups"].split())

    def test_a_user_of_the_name_service(self):
        for program in (PROGRAM, os.path.dirname(PROGRAM) + "/cronherd-full"):
            with self.subTest(program=program):
                self.worker("w", f"{odd()} pause", user="shepherd", directory="/")
                self.there("start", program=program, check=0)
                self.assertEqual(self.status_lines("w:1"), (str(UID), str(GID), {str(GID), str(TEAM)}))
                self.there("stop", program=program, check=0)

    def test_a_group_of_the_name_service(self):
        self.worker("w", f"{odd()} pause", user="nobody", group="team", directory="/")
        self.there("start", check=0)
        self.assertEqual(self.status_lines("w:1")[1], str(TEAM))
        self.assertIn("team", self.there("config", "--json", check=0).stdout)

    def test_nobody_of_that_name(self):
        self.worker("w", f"{odd()} pause", user="wolf", directory="/")
        self.assertIn("user 'wolf' does not exist", self.there("start", check=1).stdout)
        self.worker("w", f"{odd()} pause", user="shepherd", directory="/")
        self.assertIn("user 'shepherd' does not exist", self.herd("start", check=1).stdout, "here there is none")

    def test_a_name_service_that_fails(self):
        """It cannot be told: nothing is started, and it is said."""
        with open(self.host + "/getent", "w") as file:
            file.write("#!/bin/sh\nexit 3\n")
        os.chmod(self.host + "/getent", 0o755)
        self.worker("w", f"{odd()} pause", user="shepherd", directory="/")
        done = subprocess.run(["unshare", "--mount", "sh", "-c", 'mount --bind "$0"/getent /usr/bin/getent\n' + SCRIPT, self.host, PROGRAM, "-c",
                               self.config, "start"], text=True, capture_output=True, stdin=subprocess.DEVNULL)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("shepherd", done.stdout + done.stderr)
        self.assertEqual(self.mains("w:1"), [])


class Preloaded(HerdTest):
    def test_what_is_preloaded_is_heeded(self):
        """The program that cron calls loads nothing: the one that does takes its place."""
        need("faketime")
        self.worker("w", f"{odd()} pause")
        self.herd("start", check=0)
        self.herd("stop", check=0)
        then = self.herd("status", "--json", env=other_clock(3 * 365 * 86400), check=0).stdout
        now = self.herd("status", "--json", check=0).stdout
        self.assertNotEqual(then[:200], now[:200])


if __name__ == "__main__":
    main()
