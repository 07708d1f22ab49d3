# SPDX-License-Identifier: ISC
"""What tests of the dark corners need: a pid namespace to play in, strace, other users, odd workers.

Nothing is skipped where a tool lacks: need() fails and says what to install.
"""
import functools
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile

from herdtest import PATIENCE, PROGRAM, SANITIZED, SOURCES, STRACE, read, wait_until

NOBODY = 65534
FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"

# Pid 1 of a box: buries whatever falls to it.
INIT = """
import os, signal
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
os.write(1, b"ready\\n")
while True:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass
    signal.sigwait({signal.SIGCHLD})
"""


def need(*tools):
    """Fails where one of TOOLS is not installed."""
    for tool in tools:
        if not shutil.which(tool):
            raise AssertionError(f"this test needs {tool}: ./quickstart.sh installs it")


def need_root():
    if os.geteuid() != 0:
        raise AssertionError("this test needs root (it makes namespaces and changes users): run it as root, in a container if you "
                             "like")


@functools.lru_cache(maxsize=None)
def odd():
    """The path of the compiled odd.c, removed when the tests end."""
    need("cc")
    folder = tempfile.mkdtemp(prefix="cronherd-odd-")
    os.chmod(folder, 0o755)
    path = os.path.join(folder, "odd")
    source = os.path.join(SOURCES, "tests", "blackbox", "odd.c")
    subprocess.run(["cc", "-D_GNU_SOURCE", "-O1", "-pthread", "-o", path, source], check=True)
    import atexit
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return path


def as_nobody(*command):
    """COMMAND as a user without rights."""
    need("setpriv")
    return ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--inh-caps=-all", *command]


def traced(*options, output="/dev/null"):
    """strace's command line; what workers and minders execute is not followed."""
    need("strace")
    return [*STRACE, "-f", "-b", "execve", "-qq", "-o", output, *options]


def other_clock(seconds):
    """The environment in which a program's clock is SECONDS ahead (or back)."""
    need("faketime")
    env = {**os.environ, "LD_PRELOAD": FAKETIME, "FAKETIME": f"{seconds:+d}", "NO_FAKE_STAT": "1",
           "FAKETIME_DONT_FAKE_MONOTONIC": "1", "FAKETIME_NO_CACHE": "1"}
    if SANITIZED:
        env["ASAN_OPTIONS"] = "verify_asan_link_order=0"  # it wants to be the first that is preloaded
    return env


def kill_points(trace, limit, after=None):
    """
    Where to kill a program whose TRACE (strace -f) is given: (syscall, its number in its process), in the order in which a process first comes
    there; at most LIMIT of them, evenly spread ("all": all). AFTER: only those behind the first line that has this in it.
    """
    counts, points, begun = {}, {}, after is None
    for line in trace.splitlines():
        begun = begun or after in line
        match = re.match(r"(\d+) +(\w+)\(", line)
        if not match or match[2] in ("execve", "exit_group"):
            continue
        counts[match[1], match[2]] = number = counts.get((match[1], match[2]), 0) + 1
        if begun:
            points[match[2], number] = True
    points = list(points)
    if limit == "all" or int(limit) >= len(points):
        return points
    return [points[i * len(points) // int(limit)] for i in range(int(limit))]


def pid_of(herd, id, root=""):
    """Number in the first line of ID's pidfile, whatever it names."""
    first = read(root + herd.pidfile(id)).split("\n")[0]
    return int(first) if first.isdigit() else None


def with_sum(record):
    """RECORD, the text of a record that was altered, with the checksum that it needs to be believed."""
    record = "".join(line + "\n" for line in record.splitlines() if not line.startswith("sum "))
    value = 0xcbf29ce484222325
    for byte in record.encode():
        value = (value ^ byte) * 0x100000001b3 & 0xffffffffffffffff
    return record + f"sum {value:016x}\n"


class Box:
    """A pid namespace (with its mounts and its /proc) that ends when the test does, and all in it."""

    def __init__(self, test, init=None):
        need_root()
        need("unshare", "nsenter")
        self.test = test
        self.process = subprocess.Popen(
            ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", *(init or [sys.executable, "-c", INIT])],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        test.addCleanup(self.close)
        path = f"/proc/{self.process.pid}/task/{self.process.pid}/children"
        self.init = int(wait_until("the box has an init", lambda: read(path).split()[:1])[0])
        if not init:
            self.process.stdout.readline()
        else:
            wait_until("init runs", lambda: read(f"/proc/{self.init}/comm").strip() == os.path.basename(init[0])[:15])
        self.root = f"/proc/{self.init}/root"
        self.proc = self.root + "/proc"

    def close(self):
        """Ends the box: its init is killed, and with it everything in it."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        wait_until("the box is empty", lambda: not os.path.exists(f"/proc/{self.init}"))

    def command(self, *command):
        return ["nsenter", "-t", str(self.init), "-p", "-m", "--", *map(str, command)]

    def run(self, *command, check=None, **options):
        options.setdefault("stdin", subprocess.DEVNULL)
        done = subprocess.run(self.command(*command), text=True, capture_output=True, errors="replace",
                              timeout=PATIENCE * 3, **options)
        if check is not None:
            self.test.assertEqual(done.returncode, check, f"{command}: {done.stdout}{done.stderr}")
        return done

    def herd(self, *args, check=None, before=()):
        """cronherd in the box."""
        return self.run(*before, PROGRAM, "-c", self.test.config, *args, check=check)

    def stat(self, pid):
        """As herdtest.stat_fields, of a process by its number in the box."""
        text = read(f"{self.proc}/{pid}/stat")
        return text[text.rindex(")") + 2:].split() if ")" in text else None

    def alive(self, pid):
        fields = self.stat(pid)
        return bool(fields) and fields[0] not in "ZX"

    def pid(self, id):
        """As HerdTest.pid, in the box."""
        pid = pid_of(self.test, id, self.root)
        return pid if pid and self.alive(pid) else None

    def wait_pid(self, id, other_than=None):
        return wait_until(f"{id} runs in the box", lambda: (lambda p: p if p and p != other_than else None)(self.pid(id)))

    def kill(self, pid, sig=signal.SIGKILL):
        self.run("kill", f"-{int(sig)}", pid, check=0)

    def wait_gone(self, pid):
        wait_until(f"{pid} has ended in the box", lambda: not self.alive(pid))
