# SPDX-License-Identifier: ISC
"""What INTERFACE.md promises and an acceptance test found otherwise: each test is one of them, kept since."""
import os

import herdtest
from herdtest import HerdTest, wait_until


class Saying(HerdTest):
    def test_a_fatal_worker_that_is_tried_again_is_complained_of_once(self):
        self.worker("w", "false", startretries=1, restart_delay="50ms", restart_delay_max="1s")
        said = []
        starts = []

        def look():
            done = self.herd("run")
            said.extend(done.stderr.splitlines())
            starts.append(int(self.record("w:1").get("starts", "0")))
            return said and starts[-1] > starts[0] + 6
        wait_until("it was tried again some times", look)
        self.assertEqual(len(said), 1, said)

    def test_another_complaint_of_it_after_it_was_well_is_said(self):
        """To try again is not to be well; to run is."""
        flag = self.write("bad", "")
        self.worker("w", f"sh -c 'test ! -e {flag} && exec sleep 1000'", startretries=0, restart_delay="50ms",
                    restart_delay_max="300ms", startsecs="100ms")
        wait_until("it is complained of", lambda: "does not start" in self.herd("run").stderr)
        os.unlink(flag)
        wait_until("it is well", lambda: self.herd("run").returncode == 0 and self.instance("w:1")["state"] == "RUNNING")
        self.herd("run", check=0)
        self.write("bad", "")
        os.kill(self.pid("w:1"), 9)
        wait_until("it is complained of again", lambda: "does not start" in self.herd("run").stderr)

    def test_what_is_wrong_with_a_whole_file_is_one_line_without_a_line_number(self):
        self.worker("w", "sleep 1000")
        os.chmod(self.conf_dir, 0o777)
        done = self.herd("run", check=2)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        self.assertNotIn(":0:", done.stderr)
        os.chmod(self.conf_dir, 0o755)
        os.chmod(f"{self.conf_dir}/w.conf", 0o666)
        self.assertIn("w.conf: ", self.herd("run", check=2).stderr)
        self.assertNotIn(":0:", self.herd("start").stderr)
        self.assertNotIn(":0:", self.herd("doctor").stdout)


if __name__ == "__main__":
    herdtest.main()
