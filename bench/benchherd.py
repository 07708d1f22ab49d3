# SPDX-License-Identifier: ISC
"""What the benchmarks share: a throw-away herd of sleepers on tmpfs, and what was measured of it."""
import os
import shutil
import subprocess
import sys
import tempfile
import time

BUILD = os.path.abspath(os.environ.get("BUILD", "."))
PROGRAM = os.path.join(BUILD, "cronherd")
TOOLS = os.path.join(BUILD, "bench")


class Herd:
    """N workers of one instance each: in one file, or in a file each."""

    def __init__(self, count, files=1):
        self.count = count
        self.program = PROGRAM
        self.dir = tempfile.mkdtemp(prefix="cronherd-bench-", dir="/dev/shm" if os.path.isdir("/dev/shm") else None)
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

    def start(self):
        """Seconds until every worker was up, by what they wrote."""
        began = time.monotonic_ns()
        done = self.run("run")
        if done.returncode:
            sys.exit(f"cronherd run: {done.returncode}: {done.stderr}")
        deadline = time.monotonic() + 300
        while len(os.listdir(self.up)) < self.count:
            if time.monotonic() > deadline:
                sys.exit("not all workers came up")
            time.sleep(0.01)
        return (max(up for _, up in (self.stamp(n) for n in self.names)) - began) / 1e9

    def stamp(self, name):
        """(pid, nanoseconds of CLOCK_MONOTONIC at which it was up) of the present process of NAME."""
        with open(os.path.join(self.up, name)) as file:
            pid, up = file.read().split()
        return int(pid), int(up)

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
        deadline = time.monotonic() + 60
        while self.keepers() and time.monotonic() < deadline:
            time.sleep(0.05)
        shutil.rmtree(self.dir, ignore_errors=True)


def quantile(values, q):
    values = sorted(values)
    return values[min(len(values) - 1, int(q * len(values)))]
