# SPDX-License-Identifier: ISC
"""The ordinary program where none of the system calls is that came after Linux 3.10 (test_static.py has the static one there)."""
import functools
import os
import shutil
import signal
import subprocess
import tempfile

from boxes import need, odd
from herdtest import PATIENCE, PROGRAM, SOURCES, HerdTest, alive, main, read, wait_until


@functools.lru_cache(maxsize=None)
def oldkernel():
    """The path of the compiled oldkernel.c, removed when the tests end."""
    need("cc")
    folder = tempfile.mkdtemp(prefix="cronherd-oldkernel-")
    import atexit
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    subprocess.run(["cc", "-D_GNU_SOURCE", "-O1", "-o", f"{folder}/oldkernel", f"{SOURCES}/tests/blackbox/oldkernel.c"], check=True)
    return f"{folder}/oldkernel"


class OldKernel(HerdTest):
    def command(self, *args):
        return [oldkernel(), "--nameless", PROGRAM, "-c", self.config, *map(str, args)]

    def herd(self, *args, check=None, timeout=None, **options):
        done = subprocess.run(self.command(*args), text=True, capture_output=True, stdin=subprocess.DEVNULL,
                              timeout=timeout or PATIENCE * 3, errors="replace", **options)
        if check is not None:
            self.assertEqual(done.returncode, check, f"cronherd {args}: {done.stdout}{done.stderr}")
        return done

    def end_minders(self):
        """So that nobody sees an end."""
        wait_until("no round is at work", lambda: all("minder" in read(f"/proc/{m}/cmdline") for m in self.minders()))
        for pid in self.minders():
            os.kill(pid, signal.SIGKILL)
        wait_until("no minder is left", lambda: not self.minders())

    def test_the_kernel_is_old(self):
        self.worker("w", f"{odd()} pause", startsecs="100ms")
        self.assertRegex(self.herd("doctor").stdout, r"(?m)^WARN +pidfds ")
        self.herd("start", check=0)
        self.assertNotIn("\ninode ", read(self.pidfile("w:1")))

    def test_keeps_workers(self):
        self.worker("w", f"{odd()} pause", numprocs=2, restart_delay="0", startretries=1000, startsecs="100ms")
        ids = ("w:1", "w:2")
        self.herd("run", check=0)
        pids = [self.wait_pid(id) for id in ids]

        # Its minder sees it end.
        os.kill(pids[0], signal.SIGKILL)
        pids[0] = self.wait_pid("w:1", other_than=pids[0])

        # Nobody sees it end: the next round does.
        self.end_minders()
        os.kill(pids[1], signal.SIGKILL)
        self.wait_gone(pids[1])
        self.herd("run", check=0)
        pids[1] = self.wait_pid("w:2", other_than=pids[1])
        self.assertEqual(self.pid("w:1"), pids[0])

        # What was lost is taken back, not doubled.
        os.unlink(self.pidfile("w:1"))
        self.herd("run", check=0)
        self.assertEqual(self.pid("w:1"), pids[0])
        self.assertEqual(len(self.mains("w:1")), 1)

        self.herd("signal", "CONT", check=0)
        self.herd("restart", check=0)
        new = [self.pid(id) for id in ids]
        self.assertFalse(set(new) & set(pids))
        done = self.herd("stop", check=0)
        self.assertEqual(done.stdout.count("stopped"), 2)
        self.herd("run", check=0)
        self.assertEqual(self.marked(), [], "the hold lasts")

    def test_nothing_is_inherited(self):
        self.worker("w", f"{odd()} pause", startsecs="100ms")
        with open(self.config) as first, open(self.config) as second:
            os.set_inheritable(first.fileno(), True)
            os.set_inheritable(second.fileno(), True)
            self.herd("start", check=0, close_fds=False)
        self.assertEqual(sorted(os.listdir(f"/proc/{self.pid('w:1')}/fd"), key=int), ["0", "1", "2"])
        # A minder closes what it was given first of all it does, but it has its name before.
        wait_until("no minder has it open", lambda: self.minders() and not any(
            os.path.realpath(f"/proc/{pid}/fd/{fd}") == self.config for pid in self.minders() for fd in os.listdir(f"/proc/{pid}/fd")))

    def test_rounds_that_overlap_double_nobody(self):
        """Locks are a process's own there: the gate keeps a child from running that nobody knows."""
        self.write_main("minder = false")
        self.worker("w", f"{odd()} alone {self.dir}/lock-%i", numprocs=4, restart_delay="0", startsecs="0")
        self.herd("start", check=0)
        for _ in range(3):
            for pid in self.marked():
                os.kill(pid, signal.SIGKILL)
            wait_until("all have ended", lambda: not self.marked())
            rounds = [subprocess.Popen(self.command("run"), stdin=subprocess.DEVNULL) for _ in range(4)]
            for process in rounds:
                process.wait(PATIENCE)
            self.assertEqual(len({self.wait_pid(f"w:{n}") for n in (1, 2, 3, 4)}), 4)
            wait_until("all execute", lambda: len(self.marked()) == 4)
        self.assertEqual([name for name in os.listdir(self.dir) if name.endswith(".doubled")], [])

    def test_a_program_that_is_not_there_is_said(self):
        self.worker("w", f"{self.dir}/nowhere")
        self.assertIn("nowhere", self.herd("start", check=1).stdout)
        self.assertEqual(self.marked(), [])

    def test_a_deaf_one_and_its_children_are_killed(self):
        self.worker("w", f"{odd()} family {self.dir}/kin", stopwaitsecs="1", startsecs="100ms")
        self.herd("start", check=0)
        kin = wait_until("the family is there", lambda: (lambda lines: dict(lines) if len(lines) == 5 else None)(
            [line.split() for line in read(f"{self.dir}/kin").splitlines()]))
        self.herd("stop", check=0)
        for name, pid in kin.items():
            if name != "escaped":
                wait_until(f"{name} has ended", lambda p=int(pid): not alive(p))

    def test_a_log_is_rotated(self):
        self.worker("w", f"{odd()} pause", startsecs="100ms", log_maxbytes="5K", log_backups=2)
        self.herd("start", check=0)
        log = f"{self.dir}/log/w.log"
        said = "".join(f"line {n}\n" for n in range(2000))
        with open(log, "a") as file:
            file.write(said)
        self.herd("run", check=0)
        self.assertEqual((read(log + ".1"), read(log)), (said, ""))


if __name__ == "__main__":
    main()
