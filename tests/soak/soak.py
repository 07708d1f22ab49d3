#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""
A herd in trouble: everything that can go wrong goes wrong at random, while somebody who asks nobody but /proc watches.

    SOAK_SECONDS=180 CRONHERD=./cronherd tests/soak/soak.py      what make check runs
    SOAK_SECONDS=600 ...                                         ten minutes; 3600: an hour
    SOAK_SEED=N ...                                              the choices of an earlier run, in the same order; "random": others

Everything happens in a pid namespace whose pid_max is a few hundred, so that pids are used again within seconds, on a small tmpfs, which is
filled and freed. pid_max is per pid namespace since Linux 6.14; before that it is left alone, and ns_last_pid is set back instead.
Root is needed, who may make namespaces; exit status 77 elsewhere.

What is done, in an order that the seed decides: overlapping rounds, some of them with another clock; rounds, minders, couriers, commands
and workers killed, stopped and continued; pidfiles removed, cut, altered, made to name a stranger; the journal removed and corrupted; the disk filled; the
receiver gone or answering 500; definitions changed, removed, broken; start, stop, restart by hand; strangers (decoys) that are given just
the pids that workers had.

What must never be seen:
    two        two living main processes of one instance
    struck     a decoy that got a signal
    held       a living main process of an instance that `stop` called stopped, until it is started by hand
and when the chaos has an end:
    missing    an instance that should run and does not, within DEADLINE_S
    surplus    one that should not run and does
    untold     a start or an end that the observer saw and no event tells of
    doubled    two starts of one instance and pid under different ids within a second

What may be lost, and is counted as "excused": events that had not been received when the journal was removed or corrupted. That is done in
the first third of the time alone: whatever is seen afterwards must be told.
What is not done: a pidfile is not touched between the moment when a child is let through its gate and its execve(2) (tests/model/keep.pml says
why): the slots' locks are taken for it, and no child of a round may be on its way. Nothing is removed from holds/, records/, spool/.
The observer sees no process that begins and ends between two of its looks.
"""
import fcntl
import http.server
import json
import os
import random
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

PROGRAM = os.path.abspath(os.environ.get("CRONHERD", "./cronherd"))
SECONDS = float(os.environ.get("SOAK_SECONDS", "180"))
SEED = os.environ.get("SOAK_SEED") or "31"
SEED = random.SystemRandom().randrange(1 << 32) if SEED == "random" else int(SEED)
FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"
PID_MAX = 500
DISK_BYTES = 6 << 20
DEADLINE_S = 300
LOSS_SLACK_S = 5  # what was seen a little later may have been on its way
ROUNDS_AT_ONCE = 5
PAUSE_S = 0.04
PORT = 8099

# name: command, options, most instances
WORKERS = {
    "steady": ("/bin/sleep 100000", "", 3),
    "brief": ("/bin/sleep 7", "exitcodes = {0}", 2),
    "crash": ("sh -c 'sleep 4; exit 3'", "", 2),
    "deaf": ("/usr/bin/python3 -S -E -c 'import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(100000)'", "stopwaitsecs = 2s", 2),
    "group": ("sh -c 'sleep 15 & wait'", "killmode = mixed", 2),
}

def read(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


# ---- the receiver: a process of its own -----------------------------------------------------------------------


def receive(path, is_bad):
    """Writes each body that comes, one a line, and answers 204, or 500."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if not is_bad:
                with open(path, "ab") as file:
                    file.write(body.replace(b"\n", b" ") + b"\n")
            self.send_response(500 if is_bad else 204)
            self.end_headers()

        def log_message(self, *_):
            pass
    http.server.ThreadingHTTPServer.allow_reuse_address = True
    http.server.ThreadingHTTPServer(("127.0.0.1", PORT), Handler).serve_forever()


# ---- /proc, read by ourselves ---------------------------------------------------------------------------------


class Seen:
    """One process as /proc shows it."""
    __slots__ = ("pid", "state", "ppid", "session", "start", "id", "exe", "args")

    def __init__(self, pid, state, ppid, session, start):
        self.pid, self.state, self.ppid, self.session, self.start = pid, state, ppid, session, start
        self.id = None
        self.exe = ""
        self.args = []

    def key(self):
        return (self.pid, self.start)


def look(pid):
    text = read(f"/proc/{pid}/stat")
    end = text.rfind(b")")
    if end < 0:
        return None
    fields = text[end + 2:].split()
    return Seen(pid, fields[0].decode(), int(fields[1]), int(fields[3]), int(fields[19]))


def is_living(seen):
    return seen is not None and seen.state not in "ZX"


class Observer:
    """Watches the namespace; knows nothing of what cronherd writes."""

    def __init__(self, state_dir):
        self.mark = b"CRONHERD_STATE_DIR=" + state_dir.encode()
        self.known = {}  # key: id of a marked process
        self.mains = {}  # key: Seen, main processes that live
        self.all = []
        self.generations = []  # (id, pid, start, seen_at, ended_at)
        self.open = {}  # key: index in generations
        self.pids_of = {}  # pid: number of generations that had it
        self.looks = 0

    def id_of(self, seen):
        if seen.key() in self.known:
            return self.known[seen.key()]
        env = read(f"/proc/{seen.pid}/environ").split(b"\0")
        if self.mark not in env:
            return None
        for item in env:
            if item.startswith(b"CRONHERD_ID="):
                self.known[seen.key()] = item[12:].decode()
                return self.known[seen.key()]
        return None

    def scan(self):
        """One look at all; what ended and what began since the last one."""
        self.looks += 1
        now = time.monotonic()
        self.all = []
        mains = {}
        for name in os.listdir("/proc"):
            if not name.isdigit():
                continue
            seen = look(int(name))
            if not seen or seen.pid == 1 or seen.ppid == 0 and seen.pid != 1:
                continue
            self.all.append(seen)
            if not is_living(seen):
                continue
            seen.id = self.id_of(seen)
            # The leader of a session of its own, whose process has passed execve(2): that is what the mark tells.
            if seen.id and seen.session == seen.pid:
                mains[seen.key()] = seen
        began = [seen for key, seen in mains.items() if key not in self.open]
        ended = []
        for key, index in list(self.open.items()):
            if key not in mains and not is_living(self.again(key)):
                generation = self.generations[index]
                generation[4] = now
                ended.append(generation)
                del self.open[key]
        for seen in began:
            self.open[seen.key()] = len(self.generations)
            self.generations.append([seen.id, seen.pid, seen.start, now, None])
            self.pids_of[seen.pid] = self.pids_of.get(seen.pid, 0) + 1
        self.mains = mains
        return began, ended

    @staticmethod
    def again(key):
        seen = look(key[0])
        return seen if seen and seen.start == key[1] else None

    def doubles(self):
        """Pairs of main processes of one instance that lived at the same moment."""
        by_id = {}
        for seen in self.mains.values():
            by_id.setdefault(seen.id, []).append(seen)
        for id, all in by_id.items():
            for other in all[1:]:
                # The first one lives still after the other one was seen; and the other one afterwards.
                if is_living(self.again(all[0].key())) and is_living(self.again(other.key())):
                    yield id, all[0], other

    def programs(self):
        """cronherd's own living processes."""
        found = []
        for seen in self.all:
            if not is_living(seen) or seen.id:
                continue
            try:
                seen.exe = os.path.basename(os.readlink(f"/proc/{seen.pid}/exe"))
            except OSError:
                continue
            if seen.exe.startswith("cronherd"):
                seen.args = read(f"/proc/{seen.pid}/cmdline").decode(errors="replace").split("\0")
                found.append(seen)
        return found


# ---- the driver: pid 1 of the namespace -----------------------------------------------------------------------


class Soak:
    def __init__(self, outside):
        self.outside = outside  # where what must not be lost is written
        self.random = random.Random(SEED)
        self.disk = outside + "/disk"
        self.state = self.disk + "/state"
        self.conf_dir = outside + "/conf.d"
        self.config = outside + "/cronherd.conf"
        self.received = outside + "/received"
        self.children = {}  # pid: what it is, and what is called when it ends
        self.rounds = set()
        self.decoys = {}
        self.stopped = {}  # pid: when it is to be continued
        self.held = {}  # id: whether by a hold on its whole worker alone
        self.busy = set()  # workers that a person's command is at work on
        self.numprocs = {name: most for name, (_, _, most) in WORKERS.items()}
        self.intact = {name: True for name in WORKERS}
        self.generation = {name: 0 for name in WORKERS}
        self.receiver = None
        self.full_until = 0
        self.receiver_until = 0
        self.mend_until = 0
        self.losses = []  # when the journal was removed or corrupted
        self.counts = {}
        self.lines = []  # the timeline: (when, id or None, text)
        self.violations = []
        self.begun = time.monotonic()
        self.observer = Observer(self.state)
        self.is_over = None
        self.courier_over = True
        self.seen_count = {}

    # ---- keeping track

    def count(self, what, by=1):
        self.counts[what] = self.counts.get(what, 0) + by

    def note(self, text, id=None):
        self.lines.append((time.monotonic() - self.begun, id, text))
        if len(self.lines) > 20000:
            del self.lines[:10000]

    def violation(self, kind, text, id=None, at=None):
        """AT: seconds after the beginning, where it is not about now."""
        if (kind, text) in self.violations:
            return
        self.violations.append((kind, text))
        print(f"VIOLATION {kind}: {text}", flush=True)
        if len(self.violations) > 10:
            return
        print(f"  the timeline{' of ' + id if id else ''}, {'the last of it' if at is None else f'around {at:.1f}'}:")
        own = [line for line in self.lines if id is None or line[1] in (None, id, id.split(":")[0])]
        for when, whose, line in own[-60:] if at is None else [line for line in own if at - 15 < line[0] < at + 30]:
            print(f"  {when:9.3f} {whose or '-':10} {line}")
        if id:
            name, number = id.split(":")
            for path in (f"pidfiles/{name}.{number}.pid", f"records/{name}.{number}"):
                print(f"  {path}: {read(self.state + '/' + path).decode(errors='replace')!r}")
        for seen in self.observer.programs():
            print(f"  {seen.pid} {seen.state} parent {seen.ppid} {' '.join(seen.args)[:100]}")
        sys.stdout.flush()

    # ---- processes

    def spawn(self, argv, what, done=None, env=None, out=None):
        """Begins a child; DONE is called with its wait status."""
        target = out or "/dev/null"
        pid = os.posix_spawn(argv[0], argv, env or {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": self.outside, "LANG": "C.UTF-8"},
                             file_actions=[(os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
                                           (os.POSIX_SPAWN_OPEN, 1, target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
                                           (os.POSIX_SPAWN_OPEN, 2, self.outside + "/stderr", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)])
        self.children[pid] = (what, done)
        return pid

    def reap(self):
        """Pid 1 buries all; a decoy that was ended or stopped by a signal has been struck."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG | os.WUNTRACED)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid in self.decoys and not (os.WIFEXITED(status) and os.WEXITSTATUS(status) == 0):
                self.violation("struck", f"decoy {pid} got signal {os.WTERMSIG(status) if os.WIFSIGNALED(status) else status}; "
                               f"its pid was that of {self.decoys[pid]}")
            if os.WIFSTOPPED(status):
                continue
            self.decoys.pop(pid, None)
            self.rounds.discard(pid)
            self.stopped.pop(pid, None)
            what, done = self.children.pop(pid, (None, None))
            if done:
                done(status)

    def cronherd(self, arguments, what, done=None, clock_s=0, out=None):
        env = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": self.outside, "LANG": "C.UTF-8"}
        if clock_s:
            env |= {"LD_PRELOAD": FAKETIME, "FAKETIME": f"{clock_s:+d}", "NO_FAKE_STAT": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1",
                    "FAKETIME_NO_CACHE": "1"}
        return self.spawn([PROGRAM, "-c", self.config, *arguments], what, done, env, out)

    def kill(self, pid, sig):
        try:
            os.kill(pid, sig)
        except ProcessLookupError:
            return False
        return True

    # ---- the configuration

    def write(self, name, text):
        with open(f"{self.outside}/{name}.new", "w", encoding="utf-8") as file:
            file.write(text)
        os.rename(f"{self.outside}/{name}.new", f"{self.outside}/{name}")

    def define(self, name):
        command, options, _ = WORKERS[name]
        self.write(f"conf.d/{name}.conf", f'''worker "{name}" {{
  command = "{command}"
  directory = "/"
  numprocs = {self.numprocs[name]}
  startsecs = 1s
  log_tail = 0
  stdout_logfile = none
  stderr_logfile = none
  environment = {{"GENERATION={self.generation[name]}"}}
  restart_delay_max = 8s
  {options}
}}
''')
        self.intact[name] = True

    def prepare(self):
        os.mkdir(self.disk)
        os.mkdir(self.conf_dir)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", self.disk], check=True)
        self.write("cronherd.conf", f'state_dir = "{self.state}"\npidfile_dir = "{self.state}/pidfiles"\nlog_dir = "{self.outside}/log"\n')
        self.write("conf.d/telling.conf", f'webhook "soak" {{\n  url = "http://127.0.0.1:{PORT}/"\n  timeout = 5s\n}}\n')
        for name in WORKERS:
            self.define(name)
        self.listen(False)

    def listen(self, is_bad):
        self.hush()
        argv = ["/usr/bin/python3", os.path.abspath(__file__), "--receive", self.received, "bad" if is_bad else "good"]
        self.receiver = self.spawn(argv, "receiver")

    def hush(self):
        if self.receiver:
            self.kill(self.receiver, signal.SIGKILL)
        self.receiver = None

    # ---- chaos: each takes its choices from R before it looks at anything, so that the order of choices is the seed's

    def pick(self, all, fraction):
        return sorted(all, key=lambda seen: (seen.pid, seen.start))[int(fraction * len(all))] if all else None

    def do_worker_signal(self, r):
        fraction, kind, for_s = r.random(), r.choice(["KILL", "KILL", "TERM", "STOP"]), r.uniform(0.2, 3)
        victim = self.pick(list(self.observer.mains.values()), fraction)
        if victim and is_living(self.observer.again(victim.key())):
            self.hit(victim, kind, for_s, victim.id)
            self.count(f"workers {kind}")

    def do_program_signal(self, r):
        fraction, kind, for_s = r.random(), r.choice(["KILL", "KILL", "STOP", "STOP", "TERM"]), r.uniform(0.1, 2)
        victim = self.pick(self.observer.programs(), fraction)
        if victim:
            verb = next((a for a in victim.args[1:] if a in ("run", "minder", "deliver", "start", "stop", "restart")), "?")
            self.hit(victim, kind, for_s, None, verb)
            self.count(f"{'minders' if verb == 'minder' else 'couriers' if verb == 'deliver' else 'rounds' if verb == 'run' else 'commands'}"
                       f" {kind}")

    def hit(self, victim, kind, for_s, id, what=""):
        self.note(f"{kind} to {victim.pid} {what}", id)
        if self.kill(victim.pid, getattr(signal, "SIG" + kind)) and kind == "STOP":
            self.stopped[victim.pid] = time.monotonic() + for_s

    def do_round_storm(self, r):
        for _ in range(r.randrange(2, 5)):
            self.round(0)
        self.count("storms")

    def do_clock(self, r):
        self.round(r.choice([-3600, -5, 5, 60, 3600]))
        self.count("rounds with another clock")

    def do_pidfile(self, r):
        kind, fraction, junk = r.choice(["remove", "cut", "junk", "stranger"]), r.random(), r.randbytes(80)
        names = sorted(n for n in os.listdir(self.state + "/pidfiles") if n.endswith(".pid")) if os.path.isdir(self.state + "/pidfiles") else []
        if not names:
            return
        name = names[int(fraction * len(names))]
        path = f"{self.state}/pidfiles/{name}"
        fd = os.open(self.state + "/locks", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.fcntl(fd, 37, struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0))  # F_OFD_SETLK
        except OSError:
            os.close(fd)  # somebody is at work
            return
        try:
            if not self.is_somebody_at_the_door():
                self.spoil_pidfile(path, kind, junk)
                self.note(f"pidfile: {kind}", name[:-4].replace(".", ":"))
                self.count(f"pidfiles {kind}")
        except OSError:
            pass  # the disk is full, or it has gone
        finally:
            os.close(fd)

    def is_somebody_at_the_door(self):
        self.observer.scan()
        return any(p.session == p.pid and "minder" not in p.args and "deliver" not in p.args for p in self.observer.programs())

    def spoil_pidfile(self, path, kind, junk):
        text = read(path)
        if kind == "remove":
            os.unlink(path)
            return
        if kind == "cut":
            text = text[:len(text) // 2]
        elif kind == "junk":
            text = junk
        elif self.decoys:
            text = b"%d\n" % min(self.decoys) + text.split(b"\n", 1)[-1]
        with open(path + ".soak", "wb") as file:
            file.write(text)
        os.rename(path + ".soak", path)

    def do_journal(self, r):
        kind, fraction, junk = r.choice(["remove", "corrupt"]), r.random(), r.randbytes(r.choice([16, 600, 5000]))
        path = self.state + "/journal.db"
        if time.monotonic() - self.begun > SECONDS / 3:
            return  # what happens from now on must all be told
        try:
            if kind == "remove":
                os.unlink(path)
            else:
                size = os.path.getsize(path)
                with open(path, "r+b") as file:
                    file.seek(int(fraction * max(size - len(junk), 1)))
                    file.write(junk)
        except OSError:
            return
        self.losses.append(time.monotonic())
        self.note(f"journal: {kind}")
        self.count(f"journals {kind}")

    def lose_journal(self):
        try:
            os.unlink(self.state + "/journal.db")
        except OSError:
            pass
        self.losses.append(time.monotonic())
        self.note("journal: removed for the last time")

    def do_fill(self, r):
        for_s = r.uniform(0.5, 5)
        if self.full_until:
            return
        self.full_until = time.monotonic() + for_s
        try:
            with open(self.disk + "/fill", "wb") as file:
                while True:
                    file.write(bytes(4096))
                    file.flush()
        except OSError:
            pass
        self.note("the disk is full")
        self.count("disks filled")

    def do_receiver(self, r):
        is_bad, for_s = r.random() < 0.4, r.uniform(1, 8)
        if self.receiver_until:
            return
        self.receiver_until = time.monotonic() + for_s
        if is_bad:
            self.listen(True)
        else:
            self.hush()
        self.count("receivers bad" if is_bad else "receivers gone")

    def do_definition(self, r):
        name, kind, numprocs = r.choice(sorted(WORKERS)), r.choice(["numprocs", "numprocs", "option", "remove", "break"]), r.random()
        if kind == "numprocs":
            self.numprocs[name] = 1 + int(numprocs * WORKERS[name][2])
        elif kind == "option":
            self.generation[name] += 1
        path = f"{self.conf_dir}/{name}.conf"
        if kind == "remove":
            if self.intact[name]:
                os.unlink(path)
            self.intact[name] = False
        elif kind == "break":
            self.write(f"conf.d/{name}.conf", f'worker "{name}" {{\n  command = \n')
            self.intact[name] = False
        else:
            self.define(name)
        self.mend_until = self.mend_until or time.monotonic() + 6
        self.note(f"definition: {kind} {self.numprocs[name]}", name)
        self.count(f"definitions {kind}")

    def do_person(self, r):
        verb = r.choice(["stop", "start", "start", "restart", "stop now"])
        name, which, is_whole = r.choice(sorted(WORKERS)), r.random(), r.random() < 0.3
        if name in self.busy:
            return
        ids = [f"{name}:{n + 1}" for n in range(WORKERS[name][2])]
        target = name if is_whole else ids[int(which * len(ids))]
        self.command(verb, name, target, ids if is_whole else [target])

    def command(self, verb, name, target, ids):
        out = f"{self.outside}/out.{name}"
        self.busy.add(name)
        if verb in ("start", "restart"):  # both lift holds
            # Of the hold on a whole worker that one of its instances is taken out of, only instances that it has now keep a part.
            own = [f"{name}:{n + 1}" for n in range(WORKERS[name][2])]
            for id in ids + [id for id in own if self.held.get(id)]:
                self.held.pop(id, None)

        def done(status):
            self.busy.discard(name)
            said = read(out).decode(errors="replace")
            self.note(f"{verb} {target}: status {status}: {said.strip()[:120]!r}", name)
            if not verb.startswith("stop") or status != 0:
                return
            for line in said.splitlines():
                id, _, word = line.partition(": ")
                if word.startswith(("stopped", "not running, held")) and "since" not in word:
                    self.held[id] = self.held.get(id, True) and target == name
        argv = ["stop", "--now", target] if verb == "stop now" else [verb, target]
        self.note(f"{verb} {target}", name)
        self.cronherd(argv, verb, done, out=out)
        self.count(f"commands {verb}")

    def do_decoy(self, r):
        fraction = r.random()
        if len(self.decoys) >= 12:
            return
        gone = [g for g in self.observer.generations[-60:] if g[4] is not None]
        pid = gone[int(fraction * len(gone))][1] if gone else None
        if pid is None or os.path.exists(f"/proc/{pid}"):
            return
        try:
            with open("/proc/sys/kernel/ns_last_pid", "w", encoding="ascii") as file:
                file.write(str(pid - 1))
        except OSError:
            return
        got = self.spawn(["/bin/sleep", "20"], "decoy")
        owner = next(g[0] for g in reversed(gone) if g[1] == pid)
        self.decoys[got] = owner if got == pid else "nobody"
        if got == pid:
            self.count("decoys at a worker's pid")
            self.note(f"decoy at {pid}", owner)

    CHAOS = ([do_worker_signal] * 10 + [do_program_signal] * 10 + [do_round_storm] * 4 + [do_clock] * 2 + [do_pidfile] * 5 + [do_journal] +
             [do_fill] * 2 + [do_receiver] * 2 + [do_definition] * 4 + [do_person] * 6 + [do_decoy] * 8)

    # ---- the loop

    def round(self, clock_s):
        if len(self.rounds) >= ROUNDS_AT_ONCE:
            return
        self.rounds.add(self.cronherd(["run"], "round", clock_s=clock_s))
        self.count("rounds begun")

    def watch(self):
        """One look, and what must never be seen in it."""
        began, ended = self.observer.scan()
        for seen in began:
            self.note(f"lives: {seen.pid} (since tick {seen.start})", seen.id)
        for generation in ended:
            self.note(f"has ended: {generation[1]}", generation[0])
        for id, one, other in self.observer.doubles():
            self.violation("two", f"{id} has {one.pid} (since tick {one.start}) and {other.pid} (since tick {other.start})", id)
        for seen in self.observer.mains.values():
            if seen.id in self.held and is_living(self.observer.again(seen.key())):
                self.violation("held", f"{seen.id} runs as {seen.pid} and is held", seen.id)

    def mend(self, all=False):
        """What has lasted long enough, or all of it."""
        now = time.monotonic()
        for pid in [p for p, until in self.stopped.items() if all or until <= now]:
            self.kill(pid, signal.SIGCONT)
            del self.stopped[pid]
        if self.full_until and (all or self.full_until <= now):
            self.full_until = 0
            try:
                os.unlink(self.disk + "/fill")
            except OSError:
                pass
        if self.receiver_until and (all or self.receiver_until <= now):
            self.receiver_until = 0
            self.listen(False)
        if self.mend_until and (all or self.mend_until <= now):
            self.mend_until = 0
            for name, is_intact in self.intact.items():
                if not is_intact:
                    self.define(name)

    def rage(self):
        end = self.begun + SECONDS
        next_round = next_chaos = 0
        is_clean = False
        while time.monotonic() < end and not self.violations:
            now = time.monotonic()
            self.reap()
            self.watch()
            self.mend()
            if self.losses and not is_clean and now - self.begun > SECONDS / 3:
                # What is corrupt and was not noticed yet is not to cost what is told from now on.
                is_clean = True
                self.lose_journal()
            if now >= next_round:
                self.round(0)
                next_round = now + 0.25
            if now >= next_chaos:
                self.random.choice(self.CHAOS)(self, self.random)
                self.count("choices")
                next_chaos = now + 0.15
            time.sleep(PAUSE_S)

    # ---- afterwards

    def expected(self):
        return {f"{name}:{n + 1}" for name in WORKERS for n in range(self.numprocs[name])} - set(self.held)

    def wait_for(self, what, probe, each):
        """Polls PROBE, doing EACH once a second; whether it came true before the deadline."""
        end = time.monotonic() + DEADLINE_S
        next_each = 0
        while True:
            self.reap()
            self.watch()
            if probe():
                return True
            now = time.monotonic()
            if now > end:
                return False
            if now >= next_each:
                each()
                next_each = now + 1
            time.sleep(PAUSE_S)

    def release(self):
        """Everything is well again; what is held stays so, and what may be held is started or stopped."""
        self.note("the chaos has ended")
        self.watch()
        self.mend(all=True)
        for seen in self.observer.all:
            if seen.state == "T":
                self.kill(seen.pid, signal.SIGCONT)
        self.wait_for("commands", lambda: not self.busy, lambda: self.round(0))
        # What a command that was killed has left, held or not, is settled by hand.
        for name in WORKERS:
            started = set()
            # To start one of a worker that is held as a whole leaves the others unsure.
            while unsure := [id for id in (f"{name}:{n + 1}" for n in range(self.numprocs[name])) if id not in self.held and id not in started]:
                started.add(unsure[0])
                self.command("start", name, unsure[0], [unsure[0]])
                self.wait_for(f"start {unsure[0]}", lambda: not self.busy, lambda: self.round(0))

    def settle(self):
        def is_settled():
            alive = [seen.id for seen in self.observer.mains.values()]
            return set(alive) == self.expected() and len(alive) == len(set(alive))
        if self.wait_for("all that should run runs", is_settled, lambda: self.round(0)):
            return
        alive = {seen.id for seen in self.observer.mains.values()}
        for id in sorted(self.expected() - alive):
            self.violation("missing", f"{id} does not run {DEADLINE_S} s after the end of the chaos", id)
        for id in sorted(alive - self.expected()):
            self.violation("surplus", f"{id} runs, and should not", id)

    def stop_all(self):
        self.note("stop of all")
        self.is_over = None

        def done(status):
            self.is_over = status
        self.cronherd(["stop", "--now"], "stop", done)
        self.wait_for("the last stop", lambda: self.is_over is not None, lambda: None)
        if not self.wait_for("nobody is left", lambda: not self.observer.mains, lambda: self.round(0)):
            self.violation("surplus", f"{sorted(s.id for s in self.observer.mains.values())} run after all were stopped")

    # ---- telling

    def events(self):
        """Every event that came, by type, instance and pid: times by id."""
        found = {}
        deliveries = 0
        for line in read(self.received).splitlines():
            try:
                event = json.loads(line)
            except ValueError:
                self.violation("untold", f"a body that is no JSON: {line[:200]!r}")
                continue
            deliveries += 1
            key = (event.get("type"), event.get("subject"), (event.get("data") or {}).get("pid"))
            found.setdefault(key, {})[event["id"]] = event["time"]
        self.counts["deliveries"] = deliveries
        self.counts["events received"] = sum(map(len, found.values()))
        return found

    def untold(self):
        """Starts and ends that were seen and not told, excused ones apart."""
        events = self.events()
        self.seen_count = seen_count = {}
        lacking, excused = [], 0
        last_loss = max(self.losses, default=0)
        by_key = {}
        for generation in self.observer.generations:
            id, pid, _, seen_at, ended_at = generation
            by_key.setdefault(("cronherd.worker.started", id, pid), []).append(seen_at)
            if ended_at:
                by_key.setdefault(("cronherd.worker.stopped", id, pid), []).append(ended_at)
        for key, times in by_key.items():
            missing = len(times) - len(events.get(key, {}))
            seen_count[key] = len(times)
            if missing <= 0:
                continue
            # What was seen before a loss may have been in the journal then, and not received yet.
            may = min(missing, sum(1 for t in times if t <= last_loss + LOSS_SLACK_S))
            excused += may
            if missing > may:
                lacking.append((key, times))
        self.counts["events excused"] = excused
        self.counts["starts and ends seen"] = sum(seen_count.values())
        return lacking

    def check_telling(self):
        def deliver():
            self.round(0)
            if self.courier_over:
                self.courier_over = False

                def done(_):
                    self.courier_over = True
                self.cronherd(["deliver", "--now"], "deliver", done)
        self.courier_over = True
        if not self.wait_for("all is told", lambda: not self.untold(), deliver):
            for (kind, id, pid), times in self.untold()[:10]:
                at = ", ".join(f"{t - self.begun:.1f}" for t in times)
                self.violation("untold", f"{id}: {kind} of {pid} (seen at {at}): {len(self.events().get((kind, id, pid), {}))} events", id,
                               times[0] - self.begun)
        for (kind, id, pid), ids in self.events().items():
            if kind != "cronherd.worker.started":
                continue
            times = sorted(ids.values())
            for one, other in zip(times, times[1:]):
                if one[:19] == other[:19] and len(ids) > self.seen_count.get((kind, id, pid), 0):
                    self.violation("doubled", f"{id}: two starts of pid {pid} at {one}", id)

    def report(self):
        o = self.observer
        reused = sum(count - 1 for count in o.pids_of.values())
        print(f"soak: seed {SEED}, {time.monotonic() - self.begun:.0f} s, of which {SECONDS:.0f} s of chaos; pid_max "
              f"{read('/proc/sys/kernel/pid_max').decode().strip()}")
        print(f"  {o.looks} looks, {len(o.generations)} processes of workers seen, {reused} of them at a pid that another one had had")
        for what in sorted(self.counts):
            print(f"  {what}: {self.counts[what]}")
        print(f"violations: {len(self.violations)}")
        sys.stdout.flush()

    def run(self):
        print(f"soak: seed {SEED}", flush=True)
        self.prepare()
        self.rage()
        if not self.violations:
            self.release()
            self.settle()
        if not self.violations:
            self.stop_all()
            self.check_telling()
        self.report()
        return 1 if self.violations else 0


def set_pid_max():
    """Only where it is the namespace's own, and ours to set."""
    release = os.uname().release.split(".")
    if (int(release[0]), int(release[1].split("-")[0])) >= (6, 14):
        try:
            with open("/proc/sys/kernel/pid_max", "w", encoding="ascii") as file:
                file.write(str(PID_MAX))
            return
        except OSError:
            pass
    print("soak: pid_max is not ours to set, and left alone; decoys still get workers' pids, by ns_last_pid")


def inside(outside):
    with socket.socket() as any_socket:  # "lo" is to be up (SIOCSIFFLAGS, IFF_UP)
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh14x", b"lo", 1))
    set_pid_max()
    return Soak(outside).run()


def main():
    if sys.argv[1:2] == ["--receive"]:
        receive(sys.argv[2], sys.argv[3] == "bad")
        return 0
    if sys.argv[1:2] == ["--inside"]:
        return inside(sys.argv[2])
    if not os.path.exists(FAKETIME):
        print("soak: SKIPPED: faketime is not installed")
        return 77
    unshare = ["unshare", "--pid", "--mount", "--mount-proc", "--net", "--fork", "--kill-child"]
    # In a user namespace of one user a root's herd starts nobody: setgroups(2) is refused.
    if os.geteuid() != 0 or subprocess.run([*unshare, "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True,
                                           check=False).returncode:
        print("soak: SKIPPED: it needs root, and namespaces: nothing was tried")
        return 77
    outside = tempfile.mkdtemp(prefix="cronherd-soak-")
    os.chmod(outside, 0o755)
    try:
        return subprocess.run([*unshare, sys.executable, os.path.abspath(__file__), "--inside", outside], stdin=subprocess.DEVNULL,
                              check=False).returncode
    finally:
        errors = read(outside + "/stderr").decode(errors="replace").splitlines()
        if errors:
            print(f"  {len(errors)} lines of messages, the last of them: {errors[-1][:150]}")
        shutil.rmtree(outside, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
