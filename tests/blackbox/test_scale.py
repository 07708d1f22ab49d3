# SPDX-License-Identifier: ISC
"""scale: how many there are, by a person's word; those that stay are not touched; it lasts; rounds know of it."""
import os
import subprocess

from herdtest import PROGRAM, HerdTest, alive, main, read, wait_until


class Scale(HerdTest):
    def setUp(self):
        super().setUp()
        self.worker("w", "sleep 1000", numprocs=2, startsecs="0", stopwaitsecs="5s")

    def pids(self, *numbers):
        return [self.pid(f"w:{n}") for n in numbers]

    def ids(self):
        return [i["id"] for i in self.status()["instances"]]

    def test_up_and_down_touches_nobody_else(self):
        self.herd("run", check=0)
        first = self.pids(1, 2)
        done = self.herd("scale", "w=4", check=0)
        self.assertEqual([line.split(" (")[0] for line in done.stdout.splitlines()],
                         ["w:1: already running", "w:2: already running", "w:3: started", "w:4: started"])
        grown = self.pids(1, 2, 3, 4)
        self.assertEqual(grown[:2], first)
        self.assertTrue(all(grown))
        done = self.herd("scale", "w=1", check=0)
        self.assertEqual(done.stdout.splitlines()[1:], ["w:2: stopped", "w:3: stopped", "w:4: stopped"])
        self.assertEqual(self.pid("w:1"), first[0])
        self.assertFalse(any(map(alive, grown[1:])))
        self.assertEqual(self.ids(), ["w:1"])
        self.herd("scale", "--reset", check=0)
        self.assertEqual(self.ids(), ["w:1", "w:2"])
        self.assertEqual(self.pid("w:1"), first[0])
        self.assertFalse(os.path.exists(f"{self.state}/scale"))

    def test_rounds_keep_it_and_bring_back_what_dies(self):
        self.herd("scale", "w=3", check=0)
        self.herd("run", check=0)
        third = self.pid("w:3")
        os.kill(third, 9)
        self.herd("run", check=0)
        self.wait_pid("w:3", other_than=third)
        # The caches of a healthy round know of it.
        for _ in range(3):
            self.herd("run", check=0)
        self.assertEqual(self.ids(), ["w:1", "w:2", "w:3"])

    def test_down_to_none_and_back(self):
        self.herd("run", check=0)
        self.herd("scale", "w=0", check=0)
        self.assertEqual(self.ids(), [])
        self.herd("run", check=0)
        self.assertEqual(self.marked(), [])
        self.herd("scale", "w=1", check=0)
        self.assertTrue(self.pid("w:1"))

    def test_a_round_under_way_follows(self):
        """`run --for` laid its slots out before."""
        process = subprocess.Popen([PROGRAM, "-c", self.config, "run", "--for", "1h"], stdin=subprocess.DEVNULL)
        self.addCleanup(lambda: (process.kill(), process.wait()))
        self.wait_pid("w:2")
        self.herd("scale", "w=3", check=0)
        third = self.wait_pid("w:3")
        os.kill(third, 9)
        self.wait_pid("w:3", other_than=third)
        self.herd("scale", "w=1", check=0)
        wait_until("one is left", lambda: len(self.mains("w:1")) == 1 and not self.mains("w:2") and not self.mains("w:3"))

    def test_it_is_shown(self):
        self.herd("scale", "w=3", check=0)
        self.assertRegex(self.herd("scale", check=0).stdout, r"^w=3 by \S+ \(defined: 2\)\n$")
        self.assertIn("w is scaled to 3 (defined: 2)", self.herd("status", check=0).stderr)
        scale, = self.status()["scales"]
        self.assertEqual((scale["worker"], scale["numprocs"], scale["defined"]), ("w", 3, 2))

    def test_wrong_words_change_nothing(self):
        self.herd("run", check=0)
        before = self.pids(1, 2)
        for args in (["nobody=1"], ["w"], ["w="], ["w=x"], ["w=-1"], ["w=10001"], ["w=1", "w=2"], ["w=1", "nobody=2"],
                     ["--reset", "w=1"], ["--reset", "nobody"]):
            with self.subTest(args=args):
                done = self.herd("scale", *args, check=2)
                self.assertTrue(done.stderr)
        self.assertFalse(os.path.exists(f"{self.state}/scale"))
        self.assertEqual(self.pids(1, 2), before)

    def test_a_worker_that_can_be_but_one_stays_one(self):
        self.worker("w", "sleep 1000", type="forking", pidfile=f"{self.dir}/own.pid")
        done = self.herd("scale", "w=2", check=2)
        self.assertIn("pidfile", done.stderr)

    def test_held_ones_stay_held(self):
        self.herd("run", check=0)
        self.herd("stop", "w", check=0)
        done = self.herd("scale", "w=3", check=0)
        self.assertEqual(done.stdout.count("held: not started"), 3)
        self.assertEqual(self.marked(), [])

    def test_a_hold_on_nobody_holds_who_comes(self):
        self.herd("scale", "w=0", check=0)
        self.herd("stop", "w", check=0)
        self.herd("scale", "w=1", check=0)
        self.assertEqual(self.marked(), [])
        self.herd("start", "w", check=0)
        self.assertTrue(self.pid("w:1"))

    def test_many_at_once_lose_nothing(self):
        for n in range(8):
            self.worker(f"x{n}", "sleep 1000", startsecs="0")
        self.herd("run", check=0)
        running = [subprocess.Popen([PROGRAM, "-c", self.config, "scale", f"x{n}=2"], stdin=subprocess.DEVNULL,
                                    stdout=subprocess.DEVNULL) for n in range(8)]
        self.assertEqual([process.wait() for process in running], [0] * 8)
        self.assertEqual(len(read(f"{self.state}/scale").splitlines()), 8)
        self.assertTrue(all(self.pid(f"x{n}:2") for n in range(8)))

    def test_nonsense_in_the_file_is_passed_over(self):
        self.herd("run", check=0)
        with open(f"{self.state}/scale", "w") as file:
            file.write("w 3\nw\n\nnobody 4\n../x 2\nw -1\nw 99999999999\n")
        os.chmod(f"{self.state}/scale", 0o600)
        self.herd("run", check=0)
        self.assertEqual(self.ids(), ["w:1", "w:2", "w:3"])

    def test_what_cannot_be_read_stops_nobody(self):
        self.herd("run", check=0)
        before = self.pids(1, 2)
        os.symlink("/etc/passwd", f"{self.state}/scale")
        done = self.herd("run", check=3)
        self.assertIn("scale", done.stderr)
        self.assertEqual(self.pids(1, 2), before)


main()
