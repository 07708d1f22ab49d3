# SPDX-License-Identifier: ISC
"""Memory and age: who is over a limit is replaced gracefully, one at a time; over the hard one he is killed."""
import os

from boxes import odd
from herdtest import HerdTest, alive, main, read, wait_until

MIB = 1 << 20
REASONS = {"memory_limit": "6", "memory_max": "7", "max_age": "8"}

# Uses as much as the file says, and logs the signals that it gets.
SHEEP = """
import os, signal, sys, time
appetite, log = sys.argv[1:]
def on_term(sig, frame):
    with open(log, "a") as file:
        file.write(f"TERM {os.getpid()}\\n")
    sys.exit(0)
signal.signal(signal.SIGTERM, on_term)
eaten = b""
while True:
    try:
        wanted = int(open(appetite + "." + os.environ["CRONHERD_ID"].split(":")[1]).read() or 0)
    except (OSError, ValueError):
        wanted = 0
    if wanted > len(eaten):
        eaten = b"x" * wanted
        with open(log, "a") as file:
            file.write(f"ate {os.getpid()}\\n")
    time.sleep(0.02)
"""


class Memory(HerdTest):
    def setUp(self):
        super().setUp()
        self.write_main("minder = false")
        self.log = self.dir + "/log.txt"

    def sheep(self, **options):
        path = self.write("sheep.py", SHEEP)
        self.worker("w", f"/usr/bin/python3 {path} {self.dir}/appetite {self.log}", **options)
        self.herd("start", check=0)

    def feed(self, number, mib):
        """Lets instance NUMBER eat; waits until it has."""
        pid = self.pid(f"w:{number}")
        self.write(f"appetite.{number}", str(mib * MIB))
        wait_until("it has eaten", lambda: f"ate {pid}\n" in read(self.log))
        os.unlink(f"{self.dir}/appetite.{number}")
        return pid

    def round_until(self, what, probe):
        def probed():
            self.herd("run", check=0)
            return probe()
        wait_until(what, probed)

    def assert_exit(self, id, reason):
        self.assertEqual(self.record(id).get("exit_reason"), REASONS[reason])


class Limits(Memory):
    def test_within_the_limit_nothing_happens(self):
        self.sheep(memory_limit="200M", memory_max="400M")
        pid = self.feed(1, 20)
        for _ in range(3):
            self.herd("run", check=0)
        self.assertEqual(self.pid("w:1"), pid)

    def test_over_the_limit_one_at_a_time_and_gracefully(self):
        self.sheep(numprocs=3, memory_limit="60M")
        old = {n: self.feed(n, 80) for n in (1, 2, 3)}
        self.herd("run", check=0)
        self.round_until("all have been replaced", lambda: all(self.pid(f"w:{n}") not in (None, old[n]) for n in old))
        for n, pid in old.items():
            self.assertFalse(alive(pid))
            self.assertEqual(read(self.log).count(f"TERM {pid}\n"), 1)
            self.assert_exit(f"w:{n}", "memory_limit")
            self.assertNotIn("failures", self.record(f"w:{n}"))
        # Each had its successor before the next was told to go.
        turns = sorted((int(self.record(f"w:{n}")["exit_wall_ms"]), int(self.record(f"w:{n}")["started_wall_ms"])) for n in old)
        for (_, begun), (end, _) in zip(turns, turns[1:]):
            self.assertLessEqual(begun, end)

    def test_only_the_bloated_one(self):
        self.sheep(numprocs=2, memory_limit="60M")
        other = self.pid("w:2")
        old = self.feed(1, 80)
        self.round_until("it has been replaced", lambda: self.pid("w:1") not in (None, old))
        self.assertEqual(self.pid("w:2"), other)
        self.assert_exit("w:1", "memory_limit")

    def test_over_the_hard_limit_it_is_killed_at_once(self):
        self.sheep(numprocs=2, memory_limit="60M", memory_max="100M")
        old = [self.feed(n, 150) for n in (1, 2)]
        self.round_until("both have been replaced", lambda: all(self.pid(f"w:{n}") not in (None, old[n - 1]) for n in (1, 2)))
        self.assertNotIn("TERM", read(self.log))
        for n in (1, 2):
            self.assert_exit(f"w:{n}", "memory_max")

    def test_only_after_a_time(self):
        self.sheep(memory_limit="60M", memory_limit_for="1h")
        pid = self.feed(1, 80)
        for _ in range(3):
            self.herd("run", check=0)
        self.assertEqual(self.pid("w:1"), pid)
        self.assertIn("over_since_boot_ms", self.record("w:1"))
        self.sheep(memory_limit="60M", memory_limit_for="1s")
        self.round_until("it has been replaced", lambda: self.pid("w:1") not in (None, pid))
        self.assert_exit("w:1", "memory_limit")


class Measures(Memory):
    """What counts: a limit between the two measures tells which one is used."""

    def begun(self):
        """Only a round: start would wait until it is well, which it will not be."""
        self.herd("run", check=0)
        return self.wait_pid("w:1")

    def shared(self, **options):
        """Parent and child share 80 MB: rss is 80 MB, pss 40 MB and uss next to nothing."""
        self.worker("w", f"{odd()} share {80 * MIB}", memory_limit="60M", **options)
        pid = self.begun()
        wait_until("it has forked", lambda: read(f"/proc/{pid}/task/{pid}/children").strip())
        return pid

    def assert_replaced(self, pid):
        self.round_until("it has been replaced", lambda: self.pid("w:1") not in (None, pid))
        self.assert_exit("w:1", "memory_limit")

    def assert_kept(self, pid):
        for _ in range(3):
            self.herd("run", check=0)
        self.assertEqual(self.pid("w:1"), pid)

    def test_rss(self):
        self.assert_replaced(self.shared())

    def test_pss(self):
        self.assert_kept(self.shared(memory_metric="pss"))

    def test_uss(self):
        self.assert_kept(self.shared(memory_metric="uss"))

    def test_pss_of_the_tree(self):
        self.assert_replaced(self.shared(memory_metric="pss", memory_scope="tree"))

    def test_uss_of_one_that_shares_nothing(self):
        self.worker("w", f"{odd()} grow {80 * MIB}", memory_limit="60M", memory_metric="uss")
        self.assert_replaced(self.begun())

    def test_a_childs_memory_counts_with_scope_tree_only(self):
        for scope in ("process", "tree"):
            self.worker("w", f"{odd()} nest {80 * MIB}", memory_limit="60M", memory_scope=scope)
            pid = self.begun()
            if scope == "process":
                self.assert_kept(pid)
            else:
                self.assert_replaced(pid)


class Age(Memory):
    def test_the_old_are_replaced_one_at_a_time(self):
        self.sheep(numprocs=2, max_age="1h")
        old = [self.pid("w:1"), self.pid("w:2")]
        self.herd("run", check=0)
        self.assertEqual([self.pid("w:1"), self.pid("w:2")], old)
        self.sheep(numprocs=2, max_age="3s", startsecs="1s")
        self.round_until("both have been replaced", lambda: all(self.pid(f"w:{n}") not in (None, old[n - 1]) for n in (1, 2)))
        for n in (1, 2):
            self.assertEqual(read(self.log).count(f"TERM {old[n - 1]}\n"), 1)
            self.assert_exit(f"w:{n}", "max_age")


if __name__ == "__main__":
    main()
