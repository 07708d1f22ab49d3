# SPDX-License-Identifier: ISC
"""kill -9 at every system call of a round, of a stop and of the courier, in turn: no start and no stop goes untold, none has two ids,
and what is sent twice is the same. Acceptance case 5.

What really ran is known from the workers themselves: each adds its pid to a file before it does anything else. CRONHERD_TORTURE: how many
points of a kind are tried, or "all".
"""
import collections
import os
import shutil
import signal
import subprocess

import herdtest
from boxes import kill_points, need, odd, traced
from herdtest import PROGRAM, read, wait_until
from telling import FULL, TellingTest, kind


class Crash(TellingTest):
    COUNT = os.environ.get("CRONHERD_TORTURE")

    def setUp(self):
        super().setUp()
        need("strace")
        self.webhook("all")
        self.worker("w", f"sh -c 'echo $$ >> {self.dir}/ran; exec {odd()} alone {self.dir}/lock'", restart_delay="0s", startretries=100000)

    def ran(self):
        """Pids, in order; numbers come again."""
        return read(self.dir + "/ran").split()

    def clear(self):
        """Nothing runs."""
        def sweep():
            for pid in self.minders() + self.marked():
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            return not self.minders() and not self.marked()
        wait_until("nothing runs", sweep)

    def rounds(self):
        """Rounds on their way: neither minders nor couriers."""
        return [pid for pid in self.minders() if not {"minder", "deliver"} & set(read(f"/proc/{pid}/cmdline").split("\0"))]

    def wait_up(self):
        wait_until("it is up, has said so, and nothing else is going on",
                   lambda: self.herd("run") and str(self.pid("w:1")) in self.ran()[-1:] and not self.rounds())

    def points(self, prepare, command, count, after=None):
        """The points at which COMMAND, a whole one, can be killed, sampled; says how many."""
        prepare()
        trace = self.dir + "/trace"
        subprocess.run([*traced(output=trace), *command], check=False, capture_output=True, stdin=subprocess.DEVNULL)
        found = kill_points(read(trace), self.COUNT or count, after)
        print(f"{len(found)} of {len(kill_points(read(trace), 'all', after))} points", flush=True)
        self.assertGreater(len(found), min(20, count - 1))
        return found

    def kill_at(self, point, *command):
        syscall, number = point
        subprocess.run([*traced("-e", f"inject={syscall}:signal=KILL:when={number}"), *command], check=False, capture_output=True,
                       stdin=subprocess.DEVNULL)
        self.assertLessEqual(len(self.mains("w:1")), 1)

    def pids(self, what, events):
        return [str(event["data"]["pid"]) for event in events if kind(event) == what]

    def assert_told(self, events):
        """
        EVENTS have each process that ran, once, and one id each. What they have besides ended before it could say that it ran: the point was
        in the process that was to become the worker, or it was left at its gate by a round that was killed, and nobody saw how it ended.
        """
        ran = collections.Counter(self.ran())
        for what in ("worker.started", "worker.stopped"):
            told = collections.Counter(self.pids(what, events))
            self.assertEqual(ran - told, {}, f"lost: {what}")
            for pid in told - ran:
                ends = [event["data"] for event in events if kind(event) == "worker.stopped" and str(event["data"]["pid"]) == pid]
                self.assertEqual([data["exit_code"] for data in ends], [None], f"told twice: {what} {pid}")
                self.assertIn(ends[0]["signal"], (None, "KILL"))
        ids = [event["id"] for event in events]
        self.assertEqual(len(set(ids)), len(ids))
        self.assertFalse(os.path.exists(f"{self.dir}/lock.doubled"))

    def wait_all_told(self):
        """The end of a story: all is stopped, and all of it was told."""
        self.herd("stop", check=0)
        self.herd("run", check=0)

        def is_told():
            events, told = self.events(), self.told("all")
            if [e["id"] for e in events] == [e["id"] for e in told]:
                return told
            self.herd("deliver", "--now")
            return None
        told = wait_until("all is told, in order", is_told)
        self.assert_told(told)
        ran = self.ran()
        self.assertEqual([pid for pid in self.pids("worker.started", told) if pid in ran], ran, "in order")
        # Starts and stops alternate.
        kinds = [kind(event) for event in told if event["subject"] == "w:1"]
        self.assertEqual(kinds, ["worker.started", "worker.stopped"] * (len(kinds) // 2))

    def test_a_round_that_starts_for_the_first_time(self):
        """Nothing is remembered: each time another state directory."""
        def prepare():
            self.clear()
            shutil.rmtree(self.state, ignore_errors=True)
        run = [PROGRAM, "-c", self.config, "run"]
        for point in self.points(prepare, run, 24):
            with self.subTest(point=point):
                prepare()
                before = len(self.ran())
                self.kill_at(point, *run)
                self.wait_up()
                ran = self.ran()[before:]
                wait_until("each that ran was told", lambda: set(self.pids("worker.started", self.told("all"))) >= set(ran))
                events = self.events()
                told = [pid for pid in self.pids("worker.started", events) if pid in ran]
                self.assertEqual(told, ran, "each once, in order")
                ids = [event["id"] for event in events]
                self.assertEqual(len(ids), len(set(ids)))
        self.assertFalse(os.path.exists(f"{self.dir}/lock.doubled"))

    def test_a_round_that_heals(self):
        def prepare():
            self.herd("run")
            self.wait_up()
            pid = self.pid("w:1")
            # Whoever would see it first: so that the round does.
            for victim in [m for m in self.minders() if "minder" in read(f"/proc/{m}/cmdline")] + [pid]:
                os.kill(victim, signal.SIGKILL)
            self.wait_gone(pid)
        run = [PROGRAM, "-c", self.config, "run"]
        for point in self.points(prepare, run, 45):
            with self.subTest(point=point):
                prepare()
                self.kill_at(point, *run)
        self.wait_up()
        self.wait_all_told()

    def test_a_stop(self):
        def prepare():
            self.herd("start", check=0)
            self.wait_up()
        stop = [PROGRAM, "-c", self.config, "stop"]
        for point in self.points(prepare, stop, 30):
            with self.subTest(point=point):
                prepare()
                self.kill_at(point, *stop)
                self.herd("stop", check=0)
        self.wait_all_told()

    def test_the_courier(self):
        """Of what rounds have left in the spool. The rounds' program is a copy that finds no courier to begin: the test does that."""
        alone = self.dir + "/alone"
        os.mkdir(alone)
        shutil.copy(PROGRAM, alone)
        self.write_main("minder = false")
        self.webhook("other", format="cloudevents-binary")

        def run(verb):
            subprocess.run([f"{alone}/cronherd", "-c", self.config, verb], check=False, capture_output=True, stdin=subprocess.DEVNULL)

        def prepare():
            if self.pid("w:1"):
                os.kill(self.pid("w:1"), signal.SIGKILL)
                self.wait_gone(int(self.ran()[-1]))
            wait_until("it is up", lambda: run("run") or str(self.pid("w:1")) in self.ran()[-1:])
            self.assertEqual([pid for pid in self.minders() if "deliver" in read(f"/proc/{pid}/cmdline")], [], "nobody else delivers")
        deliver = [FULL, "-c", self.config, "deliver", "--now"]
        for point in self.points(prepare, deliver, 45, after=self.config):
            with self.subTest(point=point):
                prepare()
                self.kill_at(point, *deliver)
                subprocess.run(deliver, check=True, capture_output=True, stdin=subprocess.DEVNULL)
                self.assertEqual(self.pids("worker.started", self.told("all")), self.ran())
        run("stop")
        subprocess.run(deliver, check=True, capture_output=True, stdin=subprocess.DEVNULL)
        self.wait_all_told()
        # Of the other one only headers say what it is: each id came, and each time with the same body.
        ids = {request["headers"]["ce-id"] for request in self.requests("other")}
        self.assertEqual(ids, {event["id"] for event in self.events()})


if __name__ == "__main__":
    herdtest.main()
