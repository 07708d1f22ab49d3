# SPDX-License-Identifier: ISC
"""The guard of costs fails when it should: what costs.compare and reason_to_skip say of counts that were altered, and what Profile
reads from callgrind's output."""
import copy
import os
import subprocess
import sys
import tempfile
import unittest

import costs

COUNTS = {
    "built": "GNU C17 12.2.0 -g -O2",
    "instructions": {"healthy round": 2000000, "deciding": 180000},
    "calls": {"openat": 100, "read": 100},
    "renewed": [],
}


class Comparing(unittest.TestCase):
    def compared(self, instructions=None, calls=None):
        measured = copy.deepcopy(COUNTS)
        measured["instructions"].update(instructions or {})
        measured["calls"].update(calls or {})
        return costs.compare(COUNTS, measured)

    def test_the_same_is_well(self):
        self.assertEqual(self.compared(), ([], []))

    def test_a_rise_within_the_tolerance_is_well(self):
        self.assertEqual(self.compared({"deciding": 185300}), ([], []))

    def test_a_rise_over_it_fails_and_names_what(self):
        failures, remarks = self.compared({"deciding": 185500})
        self.assertEqual(failures, ["deciding: 180000 instructions before, 185500 now (+3.1%)"])
        self.assertEqual(remarks, [])

    def test_a_fall_is_remarked_upon_when_it_is_large(self):
        self.assertEqual(self.compared({"healthy round": 1810000}), ([], []))
        self.assertEqual(self.compared({"healthy round": 1790000}),
                         ([], ["healthy round: 2000000 instructions before, 1790000 now (-10.5%)"]))

    def test_what_was_not_found_fails(self):
        """A function that was renamed would count nothing."""
        self.assertEqual(len(self.compared({"deciding": 0})[0]), 1)

    def test_what_is_not_in_the_file_fails(self):
        self.assertEqual(len(self.compared({"starting": 1})[0]), 1)

    def test_one_call_more_fails(self):
        self.assertEqual(self.compared(calls={"read": 101}), (["read: 100 calls for 100 workers before, 101 now"], []))

    def test_another_call_fails(self):
        self.assertEqual(self.compared(calls={"fsync": 1}), (["fsync: 0 calls for 100 workers before, 1 now"], []))

    def test_one_call_less_is_remarked_upon(self):
        self.assertEqual(self.compared(calls={"read": 0}), ([], ["read: 100 calls for 100 workers before, 0 now"]))


class Skipping(unittest.TestCase):
    def test_another_build_is_not_compared(self):
        for built in ("GNU C17 12.2.0 -g -O2 -fsanitize=address", "GNU C17 13.1.0 -g -O2", ""):
            with self.subTest(built=built):
                self.assertIn("another build", costs.reason_to_skip(COUNTS, built))

    def test_the_same_build_is(self):
        if not (costs.shutil.which("valgrind") and costs.shutil.which("strace")):
            self.skipTest("valgrind or strace is not installed")
        self.assertIsNone(costs.reason_to_skip(COUNTS, COUNTS["built"]))


PROFILE = """version: 1
events: Ir
ob=(1) /usr/lib/ld-linux-x86-64.so.2
fl=(1) x.c
fn=(1) start
0 5000
ob=(2) /build/cronherd
fl=(2) round.c
fn=(2) round
10 7
cfn=(3) decide.part.0
calls=2 20
11 60
cob=(3) /usr/lib/libc.so.6
cfn=(4) memcpy
calls=1 0
+1 9
fn=(3)
20 20
cob=(3)
cfn=(4)
calls=4 0
* 40
ob=(3)
fn=(4)
0 49
"""


class Reading(unittest.TestCase):
    def setUp(self):
        self.profile = costs.Profile(PROFILE.splitlines(keepends=True))

    def test_a_functions_count_has_what_it_calls_in_it(self):
        self.assertEqual(self.profile.of("decide"), 60)
        self.assertEqual(self.profile.of("round"), 76)

    def test_the_dynamic_linkers_work_does_not_count(self):
        self.assertEqual(self.profile.total(), 7 + 20 + 49)


class Renewing(unittest.TestCase):
    def test_not_without_a_reason(self):
        for args in (["renew"], ["renew", ""], ["renew", "  "]):
            with self.subTest(args=args):
                self.assertNotEqual(subprocess.run([sys.executable, costs.__file__, *args], stdin=subprocess.DEVNULL,
                                                   stderr=subprocess.DEVNULL).returncode, 0)

    def test_the_reason_is_kept_and_the_former_ones_too(self):
        with tempfile.TemporaryDirectory() as dir:
            real = costs.COUNTS, costs.measured
            costs.COUNTS, costs.measured = os.path.join(dir, "counts.json"), lambda: {
                "instructions": COUNTS["instructions"], "calls": COUNTS["calls"]}
            try:
                costs.renew("the first")
                costs.renew(" the second ")
                self.assertEqual([entry["reason"] for entry in costs.load()["renewed"]], ["the first", "the second"])
            finally:
                costs.COUNTS, costs.measured = real


if __name__ == "__main__":
    unittest.main(verbosity=2)
