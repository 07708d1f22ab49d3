# SPDX-License-Identifier: ISC
"""What the benchmarks share: a throw-away herd of sleepers on tmpfs that cronherd keeps, and what was measured of it."""
import os
import shutil
import subprocess
import sys
import tempfile
import time

SOURCES = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(SOURCES, "tests", "blackbox"))
from herdtest import forget_compiled  # noqa: E402
BUILD = os.path.abspath(os.environ.get("BUILD", os.path.join(SOURCES, "build")))
PROGRAM = os.path.join(BUILD, "cronherd")
STATIC_PROGRAM = os.environ.get("CRONHERD_STATIC_PROGRAM", os.path.join(SOURCES, "build-static", "cronherd"))
TOOLS = os.path.join(BUILD, "bench")
SLEEPER = os.path.join(TOOLS, "sleeper")
TMPFS = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


class TooLate(Exception):
    """Something took longer than it may."""


def stamps(up, names):
    """{name: (pid, nanoseconds of CLOCK_MONOTONIC at which it was up)} of those of NAMES that are."""
    found = {}
    for name in names:
        try:
            with open(os.path.join(up, name)) as file:
                pid, at = file.read().split()
        except (OSError, ValueError):
            continue
        found[name] = int(pid), int(at)
    return found


def wait_up(up, names, limit):
    """Waits until all are up; the time at which the last was."""
    deadline = time.monotonic() + limit
    while sum(not name.startswith(".") for name in os.listdir(up)) < len(names):
        if time.monotonic() > deadline:
            raise TooLate
        time.sleep(0.01)
    return max(at for _, at in stamps(up, names).values())


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(") ", 1)[1][0] not in "ZX"
    except OSError:
        return False


def wait_gone(pids, limit):
    deadline = time.monotonic() + limit
    while any(map(is_alive, pids)):
        if time.monotonic() > deadline:
            raise TooLate
        time.sleep(0.002)


def rollup(pids):
    """Private and proportional KiB of PIDS together."""
    private = pss = 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/smaps_rollup") as file:
                for line in file:
                    key, _, rest = line.partition(":")
                    if key in ("Private_Clean", "Private_Dirty"):
                        private += int(rest.split()[0])
                    elif key == "Pss":
                        pss += int(rest.split()[0])
        except OSError:
            pass  # ended meanwhile
    return private, pss


class Herd:
    """N workers of one instance each: in one file, or in FILES."""

    def __init__(self, count, files=1, program=None):
        self.count = count
        self.program = program or PROGRAM
        self.lasting = None  # `run --for`, where that keeps them
        self.dir = tempfile.mkdtemp(prefix="cronherd-bench-", dir=TMPFS)
        self.up = os.path.join(self.dir, "up")
        self.pidfiles = os.path.join(self.dir, "state", "pidfiles")
        os.mkdir(self.up)
        os.mkdir(os.path.join(self.dir, "conf.d"))
        self.config = os.path.join(self.dir, "cronherd.conf")
        with open(self.config, "w") as file:
            file.write(f'state_dir = "{self.dir}/state"\npidfile_dir = "{self.pidfiles}"\nlog_dir = "{self.dir}/log"\n')
        names = [f"w{i:05d}" for i in range(count)]
        for part in range(files):
            with open(os.path.join(self.dir, "conf.d", f"{part:05d}.conf"), "w") as file:
                for name in names[part::files]:
                    file.write(f'''worker "{name}" {{
  command = "{TOOLS}/sleeper {name} {self.up}"
  directory = "/"
  priority = 100
  autorestart = always
  startsecs = 1
  stopsignal = TERM
  stopwaitsecs = 10
  memory_limit = 128M
  stdout_logfile = none
  environment = {{"QUEUE={name}"}}
}}
''')
        self.names = names

    def run(self, *args):
        return subprocess.run([self.program, "-c", self.config, *args], stdin=subprocess.DEVNULL, capture_output=True, text=True)

    def start(self, limit=300, lasting=False):
        """Seconds until every worker was up, by what they wrote. LASTING: by a `run --for` that goes on."""
        began = time.monotonic_ns()
        if lasting:
            self.lasting = subprocess.Popen([self.program, "-c", self.config, "run", "--for", "1d"], stdin=subprocess.DEVNULL,
                                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        else:
            done = self.run("run")
            if done.returncode:
                sys.exit(f"cronherd run: {done.returncode}: {done.stderr}")
        return (wait_up(self.up, self.names, limit) - began) / 1e9

    def stop(self, limit=300):
        """Seconds of a graceful stop of all."""
        pids = [pid for pid, _ in stamps(self.up, self.names).values()]
        began = time.monotonic()
        self.run("stop")
        wait_gone(pids, limit)
        return time.monotonic() - began

    def stamp(self, name):
        """(pid, nanoseconds of CLOCK_MONOTONIC at which it was up) of the present process of NAME."""
        return stamps(self.up, [name])[name]

    def settle(self):
        """Rounds until the workers count as running and files are old enough for the caches."""
        for _ in range(3):
            time.sleep(2.2)
            self.run("run")

    def keepers(self):
        """Pids of cronherd processes of this herd."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as file:
                    args = file.read().decode(errors="replace").split("\0")
            except OSError:
                continue
            if args and os.path.basename(args[0]) == "cronherd" and self.config in args:
                found.append(int(pid))
        return found

    def end(self):
        self.run("stop", "--now")
        if self.lasting:
            self.lasting.kill()
            self.lasting.wait()
            self.run("stop", "--now")  # what it was about to begin again
        deadline = time.monotonic() + 60
        while self.keepers() and time.monotonic() < deadline:
            time.sleep(0.05)
        forget_compiled(self.dir)
        shutil.rmtree(self.dir, ignore_errors=True)
