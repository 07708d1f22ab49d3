# SPDX-License-Identifier: ISC
"""What the tests of faults share: the fixture of tests/blackbox, and a cronherd that is stopped right after one of its system calls."""
import os
import re
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "blackbox"))

from boxes import traced  # noqa: E402
from herdtest import PATIENCE, PROGRAM, HerdTest, read, wait_until  # noqa: E402


class FaultTest(HerdTest):
    def setUp(self):
        super().setUp()
        self.write_main("minder = false")

    def injected(self, injection, *args, options=()):
        """cronherd ARGS with INJECTION, an expression of strace's."""
        return subprocess.run([*traced(*options, "-e", f"inject={injection}"), PROGRAM, "-c", self.config, *args], text=True,
                              capture_output=True, check=False, stdin=subprocess.DEVNULL, errors="replace")

    def stopped_after(self, call, *args, options=()):
        """
        A cronherd ARGS that is stopped when it has just made CALL ("NAME:when=N"; a stop, unlike a kill, takes effect behind the
        call); what is returned lets it go on and gives exit status and output. OPTIONS: more of strace's.
        """
        name, _, when = call.partition(":")
        trace = self.dir + "/stopped"
        injection = f"inject={name}:signal=STOP{':' + when if when else ''}"
        said = self.dir + "/stopped-said"
        with open(said, "w") as output:
            process = subprocess.Popen([*traced(*options, "-e", injection, output=trace), PROGRAM, "-c", self.config, *args],
                                       stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        found = wait_until(f"it is stopped after {call}", lambda: re.search(r"(?m)^(\d+) +--- stopped by SIGSTOP", read(trace)))

        def go_on():
            os.kill(int(found[1]), signal.SIGCONT)
            return process.wait(PATIENCE * 2), read(said)
        return go_on
