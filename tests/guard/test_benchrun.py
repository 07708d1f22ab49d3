# SPDX-License-Identifier: ISC
"""bench/run's command line, and what its report makes of figures; that it measures is for people to see (it takes minutes)."""
import os
import subprocess
import sys
import unittest

SOURCES = os.path.abspath(os.environ.get("SRCDIR", os.path.join(os.path.dirname(__file__), "..", "..")))
sys.path.insert(0, os.path.join(SOURCES, "bench"))
import benchreport  # noqa: E402


def figure(median, n=20):
    return {"median": median, "p99": 2 * median, "n": n, "samples": []}


def look(wall_us, cpu_us, to_floor):
    return {"wall_us": figure(wall_us), "cpu_us": figure(cpu_us), "peak_kib": 2048, "to floor state": to_floor, "to /bin/true": 1.2}


RESULTS = {
    "round": {
        "100": {"round, one file": look(1200, 1000, 1.2), "kaliop, exec": look(800000, 500000, 700)},
        "1000": {"round, one file": look(9000, 8000, 1.5), "supervisord, idle minute": {"cpu_us": figure(200000)},
                 "monit": {"over_s": 120}},
        "10000": {"round, one file": look(120000, 110000, 1.2)},
    },
    "start": {"1000": {"cronherd": {"start_s": figure(0.5), "stop_s": figure(1, 5), "private_kib": 150, "pss_kib": 300, "processes": 1},
                       "bare loop": {"start_s": figure(0.2), "stop_s": None}, "supervisord": {"over_s": 120}}},
    "kill": {"1000": {"cronherd": {"one_ms": figure(2.0), "burst_ms": {**figure(30), "lost": 3}}, "runit": {"one_ms": figure(2.5, 5), "burst_ms": figure(40)},
                      "s6": {"one_ms": {"over_s": 120}}}},
}


class Targets(unittest.TestCase):
    def setUp(self):
        self.rows = {row.split(" | ")[0].lstrip("| "): row for row in benchreport.targets_table(RESULTS).splitlines()}

    def assert_verdict(self, what, measured, verdict):
        self.assertEqual(self.rows[what].split(" | ")[2:], [measured, f"{verdict} |"])

    def test_met(self):
        self.assert_verdict("healthy round, 100 workers in one file / state floor", "1.20", "met")
        self.assert_verdict("replacement, 1,000 workers: median / runit's", "0.80", "met")
        self.assert_verdict("memory of keeping 1,000: private MiB", "0.15", "met")
        self.assert_verdict("its CPU at 1,000 / supervisord's idle minute", "1/25.0", "met")
        self.assert_verdict("growth from 100 to 10,000, healthy round: exponent", "1.00", "met")

    def test_not_met(self):
        self.assert_verdict("healthy round, 1,000 workers in one file / state floor", "1.50", "**not met**")

    def test_not_measured(self):
        self.assert_verdict("first start of 1,000 / supervisord", "–", "not measured")


class Tables(unittest.TestCase):
    def test_few_samples_are_told(self):
        text = benchreport.table(RESULTS["kill"], "one_ms", "ms")
        self.assertIn("| cronherd | 2.00 |", text)
        self.assertIn("| runit | 2.50 (5) |", text)

    def test_who_did_not_come_back_is_told(self):
        self.assertIn("| cronherd | 30.0 (3 not within 30 s) |", benchreport.table(RESULTS["kill"], "burst_ms", "ms"))

    def test_what_took_too_long_is_told(self):
        self.assertIn("| monit | – | over 120 s | – |", benchreport.table(RESULTS["round"], "wall_us", "ms", 1e-3))

    def test_a_report_of_anything_is_made(self):
        about = {"date": "d", "machine": "m", "system": "s", "versions": [], "load_at_beginning": 0.0}
        for results in (RESULTS, {}, {"events": "| a |"}):
            self.assertIn("### Targets", benchreport.report(about, results))


class CommandLine(unittest.TestCase):
    def run_it(self, *args):
        return subprocess.run(["/usr/bin/python3", os.path.join(SOURCES, "bench", "run"), *args], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True)

    def test_help_has_examples(self):
        done = self.run_it("--help")
        self.assertEqual(done.returncode, 0)
        self.assertIn("examples:", done.stdout)

    def test_nonsense_starts_nothing(self):
        for args in (["--only", "nothing"], ["-n", "x"], ["-n", "0"], ["-n", "10001"], ["--what"]):
            with self.subTest(args=args):
                self.assertEqual(self.run_it(*args).returncode, 2)


if __name__ == "__main__":
    unittest.main(verbosity=2)
