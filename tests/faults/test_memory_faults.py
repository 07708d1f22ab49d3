# SPDX-License-Identifier: ISC
"""Faults of measuring memory: doc/faults.md, section 2."""
import json
import os
import shutil
import subprocess

from faulty import FaultTest
from boxes import NOBODY, as_nobody, need_root, odd
from herdtest import PATIENCE, PROGRAM, main


class Unreadable(FaultTest):
    def setUp(self):
        need_root()
        super().setUp()
        os.chown(self.dir, NOBODY, NOBODY)
        shutil.copy(PROGRAM, self.dir + "/cronherd")

    def herd(self, *args, check=None, timeout=None, **options):
        """As the user, who may not look into what is not dumpable."""
        done = subprocess.run(as_nobody(self.dir + "/cronherd", "-c", self.config, *args), text=True, capture_output=True, check=False,
                              stdin=subprocess.DEVNULL, timeout=timeout or PATIENCE * 3, cwd="/", **options)
        if check is not None:
            self.assertEqual(done.returncode, check, done.stdout + done.stderr)
        return done

    def test_is_not_zero(self):
        """B3: smaps_rollup may not be read: then it is judged by what can be, and the limit bites."""
        for metric in ("pss", "uss"):
            with self.subTest(metric):
                self.worker("w", f"{odd()} undumpable", directory="/", memory_limit="1G", memory_metric=metric)
                self.herd("start", check=0)
                shown = json.loads(self.herd("status", "--json", check=0).stdout)["instances"][0]
                self.assertGreater(shown["memory_bytes"], 4096)
                self.assertEqual(shown["memory_bytes"], shown["rss_bytes"])
                pid = shown["pid"]
                self.worker("w", f"{odd()} undumpable", directory="/", memory_max="8K", memory_metric=metric)
                self.herd("run")
                self.wait_gone(pid)
                self.herd("stop", check=0)


if __name__ == "__main__":
    main()
