# SPDX-License-Identifier: ISC
"""The peers that bench/run measures, each over N sleepers in a directory of its own, in the foreground and started by us alone: no
service of the system is touched. end() ends what is left, by pid."""
import os
import shutil
import signal
import subprocess
import tempfile
import time

from benchherd import SLEEPER, TMPFS, TOOLS, is_alive, stamps, wait_gone, wait_up


def schedstat_ms(pids):
    """CPU that PIDS have used, all threads."""
    used = 0
    for pid in pids:
        try:
            for task in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{task}/schedstat") as file:
                    used += int(file.read().split()[0])
        except OSError:
            pass  # ended meanwhile
    return used / 1e6


def write(path, text, mode=0o644):
    with open(path, "w") as file:
        file.write(text)
    os.chmod(path, mode)


class Peer:
    name = None
    program = None
    stop_signal = signal.SIGTERM

    def __init__(self, count):
        self.count = count
        self.names = [f"w{i:05d}" for i in range(count)]
        self.dir = tempfile.mkdtemp(prefix="cronherd-bench-", dir=TMPFS)
        self.up = os.path.join(self.dir, "up")
        self.pidfiles = os.path.join(self.dir, "run")
        self.process = None
        for dir in (self.up, self.pidfiles):
            os.mkdir(dir)
        self.configure()

    @classmethod
    def is_there(cls):
        return shutil.which(cls.program) is not None

    def configure(self):
        """Writes its configuration."""

    def command(self):
        raise NotImplementedError

    def begin(self):
        self.process = subprocess.Popen(self.command(), cwd=self.dir, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)

    def start(self, limit):
        """Seconds until all were up."""
        began = time.monotonic_ns()
        self.begin()
        return (wait_up(self.up, self.names, limit) - began) / 1e9

    def stamp(self, name):
        return stamps(self.up, [name])[name]

    def keepers(self):
        """Its processes: those that descend from it, the sleepers and what they are about to be left out."""
        children = {}
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/stat") as file:
                    children.setdefault(int(file.read().rsplit(") ", 1)[1].split()[1]), []).append(int(pid))
            except OSError:
                pass
        found, todo = [], [self.process.pid]
        while todo:
            pid = todo.pop()
            try:
                is_sleeper = os.readlink(f"/proc/{pid}/exe") == SLEEPER
            except OSError:
                continue
            if not is_sleeper:
                found.append(pid)
                todo += children.get(pid, [])
        return found

    def stop(self, limit=300):
        """Seconds until all have ended, asked gracefully."""
        pids = [pid for pid, _ in stamps(self.up, self.names).values()]
        began = time.monotonic()
        self.process.send_signal(self.stop_signal)
        wait_gone(pids, limit)
        return time.monotonic() - began

    def end(self):
        if self.process:
            keepers = self.keepers()
            if self.process.poll() is None:
                self.process.send_signal(self.stop_signal)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                pass
            # Whoever would start others first.
            for pid in keepers:
                self.kill(pid)
            self.process.wait()
        deadline = time.monotonic() + 10
        while self.left() and time.monotonic() < deadline:
            for pid in self.left():
                self.kill(pid)
            time.sleep(0.05)
        shutil.rmtree(self.dir, ignore_errors=True)

    def left(self):
        """Those of its sleepers that live."""
        found = []
        for pid, _ in stamps(self.up, self.names).values():
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as file:
                    is_ours = self.up.encode() in file.read().split(b"\0")
            except OSError:
                continue
            if is_ours and is_alive(pid):
                found.append(pid)
        return found

    def kill(self, pid):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


class Loop(Peer):
    """bench/startloop: starts, and keeps nothing."""

    name = "bare loop"

    @classmethod
    def is_there(cls):
        return True

    def command(self):
        return [os.path.join(TOOLS, "startloop"), str(self.count), self.pidfiles, self.up, SLEEPER]

    def begin(self):
        self.process = subprocess.Popen(self.command(), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)

    def end(self):
        if self.process:
            self.process.stdin.close()
            self.process.wait()
        shutil.rmtree(self.dir, ignore_errors=True)


class Supervisord(Peer):
    name = "supervisord"
    program = "supervisord"

    def configure(self):
        self.rc = os.path.join(self.dir, "supervisord.conf")
        text = f"""[supervisord]
nodaemon = true
logfile = {self.dir}/supervisord.log
pidfile = {self.dir}/supervisord.pid
childlogdir = {self.dir}
minfds = {max(1024, 8 * self.count)}
[unix_http_server]
file = {self.dir}/sock
[supervisorctl]
serverurl = unix://{self.dir}/sock
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
"""
        text += "".join(f"[program:{name}]\ncommand = {SLEEPER} {name} {self.up}\n" for name in self.names)
        write(self.rc, text)

    def command(self):
        return ["supervisord", "-c", self.rc]

    def status_command(self):
        return f"{shutil.which('supervisorctl')} -c {self.rc} status"


class Monit(Peer):
    """Over processes that a bare loop has started: it takes a quarter of a second for each start of its own."""

    name = "monit"
    program = "monit"
    cycle_s = 1

    def __init__(self, count, starts=False):
        self.starts = starts
        self.loop = None if starts else Loop(count)
        super().__init__(count)

    def configure(self):
        if self.loop:
            shutil.rmtree(self.pidfiles)
            self.pidfiles = self.loop.pidfiles
        self.rc = os.path.join(self.dir, "monitrc")
        self.rc_once = os.path.join(self.dir, "monitrc-once")
        checks = "".join(f"""check process {name} with pidfile {self.pidfiles}/{name}.pid
  start program = "/bin/sh -c '{SLEEPER} {name} {self.up} >/dev/null 2>&1 & echo $! >{self.pidfiles}/{name}.pid'"
  stop program = "/bin/false"
  if totalmem > 128 MB then restart
""" for name in self.names)
        for rc, cycle in ((self.rc, self.cycle_s), (self.rc_once, 3600)):
            write(rc, f"set daemon {cycle}\nset pidfile {rc}.pid\nset statefile {rc}.state\nset idfile {rc}.id\nset logfile {rc}.log\n" +
                  (f"set httpd unixsocket {self.dir}/sock allow u:p\n" if rc == self.rc else "") + checks, 0o600)

    def command(self):
        return ["monit", "-I", "-c", self.rc]

    def start(self, limit):
        if self.loop:
            self.loop.start(limit)
            self.begin()
            return None
        return super().start(limit)

    def validate_command(self):
        return f"{shutil.which('monit')} -c {self.rc_once} validate"

    def status_command(self):
        return f"{shutil.which('monit')} -c {self.rc} summary"

    def end(self):
        super().end()
        if self.loop:
            self.loop.end()


class Tree(Peer):
    """A directory of services, a process for each that keeps it."""

    def configure(self):
        self.services = os.path.join(self.dir, "service")
        for name in self.names:
            os.makedirs(os.path.join(self.services, name))
            write(os.path.join(self.services, name, "run"), f"#!/bin/sh\nexec {SLEEPER} {name} {self.up}\n", 0o755)


class Runit(Tree):
    name = "runit"
    program = "runsvdir"
    stop_signal = signal.SIGHUP  # its services, too

    def command(self):
        return ["runsvdir", self.services]


class S6(Tree):
    name = "s6"
    program = "s6-svscan"

    def command(self):
        return ["s6-svscan", "-c", str(self.count + 10), self.services]
