# SPDX-License-Identifier: ISC
"""cron install, remove and show, with a crontab program of the test's own in the place of crontab(1)."""
import os
import re
import stat
import subprocess

from boxes import NOBODY, as_nobody, need_root, other_clock
from herdtest import PATIENCE, PROGRAM, HerdTest, main, read
from terminal import Terminal

BEGIN, END = "# BEGIN cronherd", "# END cronherd"

# -l and - as crontab(1) has them. How it goes wrong is in files beside it.
CRONTAB = """#!/bin/sh
cd '{dir}/crontab.d' || exit 9
echo "$1" >>calls
[ ! -e "says$1" ] || cat "says$1" >&2
[ ! -e "fails$1" ] || exit "$(cat "fails$1")"
[ ! -e "dies$1" ] || kill -9 $$
case $1 in
-l)
	if [ -e edited ] && [ "$(grep -c -e -l calls)" -gt 1 ]; then cat edited; exit 0; fi
	if [ -e none ] || [ ! -e table ]; then echo "no crontab for somebody" >&2; exit 1; fi
	cat header table 2>/dev/null
	;;
-)
	if [ -e forgets ]; then cat >/dev/null; exit 0; fi
	if [ -e leaves ]; then exit 0; fi
	cat >table
	;;
esac
exit 0
"""
MINE = "# mine\nMAILTO=\"\"\n5 5 5 5 * /bin/true # % odd\n"


class CrontabTest(HerdTest):
    def setUp(self):
        super().setUp()
        os.mkdir(f"{self.dir}/crontab.d")
        self.script("crontab", CRONTAB.format(dir=self.dir))
        self.env = {**os.environ, "CRONHERD_CRONTAB": f"{self.dir}/crontab"}
        self.env.pop("CRONHERD_CONFIG", None)

    def put(self, name, text=""):
        return self.write(f"crontab.d/{name}", text)

    def table(self):
        return read(f"{self.dir}/crontab.d/table", None)

    def calls(self):
        return read(f"{self.dir}/crontab.d/calls").split()

    def cron(self, *args, check=0, env=None):
        return self.herd("cron", *args, check=check, env={**self.env, **(env or {})})

    def ask(self, *args, answer):
        """The verb on a terminal, ANSWER typed when it asks; what was shown, and its exit status."""
        terminal = Terminal(self, "cron", *args, env=self.env)
        terminal.wait_for("[Y/n]")
        terminal.type(answer)
        status = terminal.wait()
        return terminal.text, status

    def backups(self):
        return sorted(name for name in os.listdir(self.state) if name.startswith("crontab.backup-"))


class Install(CrontabTest):
    def test_another_program_in_our_place(self):
        """Where something is preloaded, cronherd-full works for us; cron shall call us."""
        self.cron("install", env=other_clock(60))
        self.assertIn(f"{PROGRAM} ", self.table())
        self.assertNotIn("cronherd-full", self.table())

    def test_a_line_between_markers_and_none_touched(self):
        self.put("table", MINE)
        done = self.cron("install")
        lines = self.table()[len(MINE):].splitlines()
        self.assertTrue(self.table().startswith(MINE))
        self.assertTrue(lines[0].startswith(BEGIN))
        self.assertEqual(lines[1], f"* * * * * {PROGRAM} -c {self.config} run")
        self.assertEqual(lines[2:], [END])
        self.assertIn(f"installed: {lines[1]}", done.stdout)
        self.assertEqual(self.cron("show").stdout, lines[1] + "\n")

    def test_what_is_there_already_is_not_written_again(self):
        self.cron("install")
        self.assertIn("-", self.calls())
        self.put("calls", "")
        self.assertIn("already installed, unchanged", self.cron("install").stdout)
        self.assertNotIn("-", self.calls())

    def test_the_crontab_as_it_was_is_kept_and_named(self):
        self.put("table", MINE)
        done = self.cron("install")
        path = re.search(r"the crontab as it was: (.*)", done.stdout)[1]
        self.assertEqual(read(path), MINE)
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        self.assertEqual(os.path.dirname(path), self.state)
        for every in (2, 3, 4, 5, 6, 10):
            self.cron("install", "--every", every)
        self.assertEqual(len(self.backups()), 5)
        self.assertIn("*/6 ", read(f"{self.state}/{self.backups()[-1]}"))

    def test_without_a_crontab_there_is_nothing_to_keep(self):
        done = self.cron("install")
        self.assertNotIn("as it was", done.stdout)
        self.assertIn(" run\n", self.table())

    def test_each_so_many_minutes_it_lingers_until_the_next(self):
        for every, when in (("15", "*/15 * * * * "), ("5min", "*/5 * * * * "), ("60", "0 * * * * "), ("1h", "0 * * * * "),
                            ("1", "* * * * * ")):
            self.cron("install", "--every", every)
            line = self.table().splitlines()[1]
            self.assertTrue(line.startswith(when + PROGRAM), line)
            self.assertEqual("--for" in line, every != "1", line)
            self.assertEqual(self.table().count(" run"), 1)

    def test_an_interval_that_cron_has_not(self):
        for every in ("7", "0", "61", "often", "90s", "2h", ""):
            self.assertIn("every", self.cron("install", "--every", every, check=2).stderr, every)
        self.assertEqual(self.table(), None)

    def test_what_the_environment_names_goes_into_the_line(self):
        other = self.write("other's.conf", f'state_dir = "{self.state}"\n')
        done = self.run_plain({"CRONHERD_CONFIG": other}, "install")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(" -c '" + other.replace("'", "'\\''") + "' run\n", self.table())

    def run_plain(self, env, *args):
        """Without -c."""
        return subprocess.run([PROGRAM, "cron", *args], text=True, capture_output=True, stdin=subprocess.DEVNULL,
                              env={**self.env, **env}, timeout=PATIENCE)

    def test_a_configuration_that_cron_would_not_find(self):
        """Cron does not set XDG_CONFIG_HOME."""
        need_root()
        os.makedirs(f"{self.dir}/xdg/cronherd/conf.d")
        config = self.write("xdg/cronherd/cronherd.conf", f'state_dir = "{self.state}"\n')
        for path in (config, os.path.dirname(config), f"{self.dir}/xdg/cronherd/conf.d", f"{self.dir}/crontab.d", self.dir):
            os.chown(path, NOBODY, NOBODY)
        self.env["XDG_CONFIG_HOME"] = f"{self.dir}/xdg"
        done = subprocess.run(as_nobody(PROGRAM, "cron", "install"), text=True, capture_output=True, stdin=subprocess.DEVNULL,
                              env=self.env, timeout=PATIENCE)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(f" -c {config} run\n", self.table())

    def test_a_path_that_no_crontab_can_express(self):
        os.mkdir(f"{self.dir}/a\nb")
        other = self.write("a\nb/x.conf", f'state_dir = "{self.state}"\n')
        done = self.run_plain({"CRONHERD_CONFIG": other}, "install")
        self.assertEqual(done.returncode, 2, done.stdout)
        self.assertIn("control character", done.stderr)
        self.assertEqual(self.table(), None)

    def test_a_broken_configuration_is_said_and_installed_all_the_same(self):
        self.write("cronherd.conf", f'state_dir = "{self.state}"\nnonsense = 1\n')
        done = self.cron("install")
        self.assertIn("rounds will say so until it is mended", done.stderr)
        self.assertIn(f"-c {self.config} run", self.table())


class Remove(CrontabTest):
    def test_it_takes_out_its_own_alone(self):
        self.put("table", MINE)
        self.cron("install")
        self.put("table", self.table() + "# behind\n")
        done = self.cron("remove")
        self.assertIn("removed", done.stdout)
        self.assertEqual(self.table(), MINE + "# behind\n")
        self.assertEqual(len(self.backups()), 2)

    def test_where_there_is_none(self):
        self.put("table", MINE)
        self.assertIn("not installed, nothing to remove", self.cron("remove").stdout)
        self.assertIn("not installed", self.cron("show", check=1).stderr)
        self.assertEqual(self.table(), MINE)
        self.put("none")
        self.assertIn("nothing to remove", self.cron("remove").stdout)
        self.assertIn("not installed", self.cron("show", check=1).stderr)


class Refused(CrontabTest):
    """Nothing is changed where anything is not understood."""

    def assert_refused(self, why, verbs=("install", "remove", "show"), check=3):
        for verb in verbs:
            before = self.table()
            done = self.cron(verb, check=check)
            self.assertIn(why, done.stderr, verb)
            self.assertEqual(self.table(), before, verb)
            self.assertNotIn("-", self.calls(), verb)

    def test_a_crontab_that_cannot_be_read(self):
        self.put("table", MINE)
        self.put("says-l", "\nyou are not allowed to use this program\nask somebody\n")
        self.put("fails-l", "1")
        self.assert_refused("you are not allowed to use this program")

    def test_a_crontab_program_that_dies(self):
        self.put("table", MINE)
        self.put("dies-l")
        self.assert_refused("ended by signal 9")

    def test_no_crontab_program(self):
        self.env["CRONHERD_CRONTAB"] = f"{self.dir}/nowhere"
        self.assert_refused("there is no program")

    def test_a_marker_that_stands_alone(self):
        self.put("table", MINE + END + "\n")
        self.assert_refused("line 4 of the crontab is a marker of ours without its fellow")

    def test_a_nul_byte(self):
        self.put("table", MINE + "\0\n")
        self.assert_refused("NUL byte")

    def test_an_edit_meanwhile(self):
        self.put("table", MINE)
        self.put("edited", MINE + "# and this\n")
        self.assert_refused("edited meanwhile", verbs=["install"])

    def test_no_place_for_the_backup(self):
        self.put("table", MINE)
        self.write("state", "a file where the directory should be")
        self.assert_refused(f"{self.state} (move away what stands in its place", verbs=["install"])
        self.write("cronherd.conf", f'state_dir = "{self.state}/below"\n')
        self.assert_refused("no place for a backup", verbs=["install"])

    def test_a_crontab_that_cannot_be_written(self):
        self.put("fails-", "3")
        self.put("says-", "bad minute\n")
        self.assertRegex(self.cron("install", check=3).stderr, "exit status 3: bad minute")
        os.unlink(f"{self.dir}/crontab.d/fails-")
        self.put("dies-")
        self.assertIn("ended by signal 9: bad minute", self.cron("install", check=3).stderr)

    def test_a_crontab_that_is_not_what_was_written(self):
        self.put("table", MINE)
        self.put("forgets")
        self.assertIn("shows another text than was written", self.cron("install", check=3).stderr)

    def test_a_crontab_that_cannot_be_read_back(self):
        # It can while nothing was written.
        self.script("crontab", CRONTAB.format(dir=self.dir).replace("cat >table", "cat >table; echo 1 >fails-l"))
        self.assertIn("cannot be read back", self.cron("install", check=3).stderr)

    def test_misuse(self):
        for args in ([], ["install", "remove"], ["nonsense"], ["install", "--nonsense"]):
            self.assertIn("cronherd cron --help", self.cron(*args, check=2).stderr, args)
        self.assertEqual(self.calls(), [])


class Asked(CrontabTest):
    def test_the_change_is_shown_and_asked_for(self):
        self.put("table", MINE)
        text, status = self.ask("install", answer="n\n")
        self.assertEqual(status, 1)
        self.assertIn(f"\n+* * * * * {PROGRAM}", text)
        self.assertIn("nothing was changed", text)
        self.assertEqual(self.table(), MINE)
        text, status = self.ask("install", answer="y\n")
        self.assertEqual(status, 0)
        self.assertIn(" run\n", self.table())

    def test_enter_is_yes_and_the_end_is_no(self):
        self.assertEqual(self.ask("install", answer="\x04")[1], 1)
        self.assertEqual(self.table(), None)
        self.assertEqual(self.ask("install", answer="\n")[1], 0)
        text, status = self.ask("install", "--every=5", answer="\n")
        self.assertEqual(status, 0)
        self.assertIn("\n-* * * * *", text)
        self.assertIn("\n+*/5 * * * *", text)

    def test_yes_asks_nothing_but_shows(self):
        terminal = Terminal(self, "cron", "install", "-y", env=self.env)
        self.assertEqual(terminal.wait(), 0)
        self.assertIn("the crontab changes by:\n+* * * * *", terminal.text)
        self.assertNotIn("[Y/n]", terminal.text)

    def test_removing_is_asked_for_too(self):
        self.cron("install")
        before = self.table()
        text, status = self.ask("remove", answer="n\n")
        self.assertEqual(status, 1)
        self.assertIn("\n-* * * * *", text)
        self.assertEqual(self.table(), before)


if __name__ == "__main__":
    main()
