# SPDX-License-Identifier: ISC
"""status as a person sees it: the table, what is said beside it, and --watch on a terminal."""
import re
import signal

from herdtest import HerdTest, main, read, wait_until
from terminal import Terminal

HOME, LEAVE = "\033[H", "\033[?25h\033[?1049l"
COLOR = re.compile(r"\033\[3\dm")


class StatusTest(HerdTest):
    def keep(self, **options):
        self.worker("w", "sleep 1000", startsecs="10ms", **options)
        self.herd("start", check=0)

    def give_away(self):
        """As if another host herded here."""
        lease = re.sub(r"(?m)^host .*", "host elsewhere", read(f"{self.state}/lease"))
        self.write("state/lease", re.sub(r"(?m)^boot .*", "boot 11111111-2222-3333-4444-555555555555", lease), 0o600)


class Table(StatusTest):
    def test_it_has_a_line_for_each_and_nothing_for_a_terminal(self):
        self.keep(numprocs=2)
        done = self.herd("status", check=0)
        rows = done.stdout.splitlines()
        self.assertEqual([row.split()[:3] for row in rows[1:]],
                         [[id, "RUNNING", str(self.pid(id))] for id in ("w:1", "w:2")])
        self.assertNotIn("\033", done.stdout)
        self.assertEqual(done.stderr, "")

    def test_on_a_terminal_it_has_color_and_a_summary(self):
        self.keep()
        self.herd("run", check=0)
        terminal = Terminal(self, "status")
        self.assertEqual(terminal.wait(), 0)
        self.assertRegex(terminal.text, COLOR)
        self.assertIn("1 RUNNING; last round", terminal.text)

    def test_no_color_where_it_is_not_wanted(self):
        self.keep()
        for env in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
            terminal = Terminal(self, "status", env=env)
            self.assertEqual(terminal.wait(), 0)
            self.assertIn("RUNNING", terminal.text)
            self.assertNotRegex(terminal.text, COLOR, env)
        terminal = Terminal(self, "status", env={"NO_COLOR": ""})
        self.assertEqual(terminal.wait(), 0)
        self.assertRegex(terminal.text, COLOR)

    def test_what_is_wrong_is_said_beside_it_and_costs_no_status(self):
        self.keep()
        self.write("conf.d/broken.conf", "worker \"b\" {\n  nonsense = 1\n}\n")
        self.herd("scale", "w=2", check=0)
        done = self.herd("status", check=0)
        self.assertRegex(done.stderr, r"broken\.conf:2: .*nonsense")
        self.assertRegex(done.stderr, r"(?m)^cronherd: w is scaled to 2 ")
        self.assertNotIn("nonsense", done.stdout)
        self.assertEqual(self.herd("-q", "status", check=0).stderr, "")

    def test_a_herd_of_another_host_is_said(self):
        self.keep()
        self.give_away()
        done = self.herd("status", check=0)
        self.assertIn("elsewhere", done.stderr)
        self.assertIn("UNKNOWN", done.stdout)

    def test_a_herd_of_nobody_is_said(self):
        done = self.herd("status", check=0)
        self.assertIn("no instance to show", done.stderr)

    def test_misuse_is_none_of_its_states(self):
        self.keep()
        for args in (["nobody"], ["--nonsense"], ["--json", "--html"], ["--watch"], ["--watch", "--json"]):
            done = self.herd("status", *args, check=2)
            self.assertEqual(done.stdout, "", args)
            self.assertNotEqual(done.stderr, "", args)
        self.assertIn("--watch needs a terminal", self.herd("status", "--watch", check=2).stderr)

    def test_a_configuration_that_cannot_be_read(self):
        self.write("cronherd.conf", "nonsense = 1\n")
        self.assertIn("cronherd.conf:1", self.herd("status", check=2).stderr)


class Watch(StatusTest):
    def watch(self, *args, **options):
        terminal = Terminal(self, "status", "--watch", *args, **options)
        terminal.wait_for(HOME)
        return terminal

    def frames(self, terminal):
        return terminal.text.split(HOME)[1:]

    def assert_left(self, terminal, status=0):
        self.assertEqual(terminal.wait(), status)
        self.assertTrue(terminal.text.endswith(LEAVE), terminal.text[-80:])

    def test_it_draws_what_changes_until_ctrl_c(self):
        self.keep()
        terminal = self.watch()
        terminal.wait_for("RUNNING")
        self.herd("stop", check=0)
        terminal.wait_for("STOPPED")
        self.assertIn("1 STOPPED", terminal.text)
        terminal.interrupt()
        self.assert_left(terminal)

    def test_any_signal_that_ends_gives_the_screen_back(self):
        self.keep()
        for sig in (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
            terminal = self.watch()
            terminal.send(sig)
            self.assert_left(terminal)

    def test_nothing_is_wider_or_longer_than_the_terminal(self):
        self.keep(numprocs=9)
        terminal = self.watch(rows=30, columns=200)
        terminal.wait_for("w:9")
        terminal.resize(5, 30)
        wait_until("it is drawn smaller", lambda: "w:9" not in self.frames(terminal)[-1] and "w:3" in self.frames(terminal)[-1])
        terminal.interrupt()
        self.assert_left(terminal)
        lines = re.sub(r"\033\[[?\d;]*[a-zA-Z]", "", self.frames(terminal)[-1].replace("^C", "")).splitlines()
        self.assertLess(len(lines), 5)
        for line in lines:
            self.assertLessEqual(len(line), 30, line)
        self.assertTrue(any(line.endswith("…") for line in lines), lines)

    def test_targets_alone_are_drawn(self):
        self.keep(numprocs=2)
        terminal = self.watch("w:2")
        terminal.wait_for("w:2")
        terminal.interrupt()
        self.assert_left(terminal)
        self.assertNotIn("w:1", terminal.text)

    def test_what_is_wrong_is_drawn_below(self):
        self.keep()
        terminal = self.watch()
        self.write("conf.d/broken.conf", "worker \"b\" {\n  nonsense = 1\n}\n")
        self.herd("scale", "w=0", check=0)
        terminal.wait_for("broken.conf:2")
        terminal.wait_for("scale")
        self.give_away()
        terminal.wait_for("elsewhere")
        terminal.interrupt()
        self.assert_left(terminal)

    def test_a_configuration_that_breaks_meanwhile_is_said_until_it_is_mended(self):
        self.keep()
        terminal = self.watch()
        terminal.wait_for("RUNNING")
        good = read(self.config)
        self.write("cronherd.conf", "nonsense = 1\n")
        terminal.wait_for("cronherd.conf:1")
        self.write("cronherd.conf", good)
        wait_until("the table is back", lambda: "RUNNING" in self.frames(terminal)[-1])
        terminal.interrupt()
        self.assert_left(terminal)

    def test_what_cannot_be_shown_at_all_is_said_and_not_watched(self):
        self.keep()
        terminal = Terminal(self, "status", "--watch", "nobody")
        self.assertEqual(terminal.wait(), 2)
        self.assertIn("nobody", terminal.text)
        self.assertNotIn(HOME, terminal.text)


if __name__ == "__main__":
    main()
