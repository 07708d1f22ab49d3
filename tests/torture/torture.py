# SPDX-License-Identifier: ISC
"""The torture: each system call of a command is in turn killed before it, failed once, and failed from then on.

    torture.py SCENARIO                    as `make check` does: some points (CRONHERD_TORTURE_POINTS), or as many as there is time for (CRONHERD_TORTURE_SECONDS)
    torture.py SCENARIO all                every point, however long it takes
    torture.py SCENARIO deep [SEED]        points drawn by SEED (it is printed) until it is interrupted
    torture.py SCENARIO list               the points
    torture.py SCENARIO POINT [POINT …]    these points alone, as a failure prints them

A scenario is a small herd in a known state and a command. A first pass (inject.c) lists the command's system calls by process and number;
from them come the points: ROLE:CALL:N=ACTION, with `kill`, an errno's name, or that with a + for "from then on". For each one the state is
made anew, the command runs with the point, then a whole round runs, or two, and what DESIGN.md promises is looked at:

1. sheep.c, the worker, says when two of one instance live; what lives is counted, too.
2. each signal that the tortured command sends goes to a worker of this herd; this program itself, whose pid a stale pidfile has
   (scenario stranger), gets none.
3, 4. a bystander lives on as the same process, whatever failed.
5. who was held is held and not started; a `stop`, `start` or `restart` that said it was done was.
6. each worker that began was told as started, each that ended as stopped, under one id; the webhook of `deliver` got each id.
7. after two whole rounds at most everything is right, and a later one says nothing and changes nothing (or that one itself did not).
8. sheep.c looks at what it inherits.

All runs in a pid namespace with its own /proc and tmpfs: what it starts ends with it. Needs root. Allocations: scenarios `memory-…`,
with nomem.c preloaded: POINT is N or N+, the N-th allocation of each process (and all behind it).

To begin processes is most of what a point costs. So programs begin at main(), as children of one that is linked already (begin.py); for points
before main() they are executed. The bystander lives on from point to point, as long as nothing has happened to it.
"""
import collections
import errno
import hashlib
import http.server
import json
import os
import random
import re
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "blackbox"))
from begin import Injector, Zygote  # noqa: E402
from boxes import with_sum  # noqa: E402
from herdtest import DYNAMIC_PROGRAM, PATIENCE, PROGRAM, read  # noqa: E402

# What all scenarios together may take, one after the other: twenty minutes where two cores are busy with them.
SECONDS = float(os.environ.get("CRONHERD_TORTURE_SECONDS", "2400"))
# Of each scenario; 0: as many as there is time for.
POINTS = int(os.environ.get("CRONHERD_TORTURE_POINTS", "80"))
# How many go through a scenario's points side by side: half of the time of a point is waiting. A sample is drawn by one.
PARTS = int(os.environ.get("CRONHERD_TORTURE_PARTS", "1" if POINTS else "3"))
# At least so many points of a scenario, however slow the machine is.
AT_LEAST = 20
# How long processes that nothing has happened to serve for one point after the other.
FLOCK_S = 20
# A point takes a few hundredths of a second: nothing is waited for much longer than it takes.
PAUSE_S, PAUSE_MAX_S = 0.0005, 0.02

# ---- points --------------------------------------------------------------------------------------------------------

# What each call can answer that is not its success. Those that cannot fail, or whose failure nobody could bear (the allocator's are
# nomem.c's), are killed before only.
ERRORS = {
    "openat open": "EMFILE EIO EACCES ENOMEM", "read pread64": "EIO EINTR", "getdents64": "EIO", "write pwrite64": "EIO ENOSPC EINTR",
    "close": "EIO", "newfstatat fstat stat lstat statx faccessat faccessat2 access": "EIO ENOMEM", "readlink readlinkat": "EIO",
    "renameat rename renameat2 linkat link symlinkat symlink": "EIO ENOSPC EPERM", "unlinkat unlink rmdir": "EIO EPERM",
    "mkdir mkdirat": "ENOSPC EACCES", "fchmod fchown fchownat utimensat ftruncate": "EIO EPERM", "fsync fdatasync": "EIO ENOSPC",
    "fallocate": "ENOSPC", "mmap": "ENOMEM", "clone clone3 fork vfork": "EAGAIN ENOMEM", "pipe2 pipe socket socketpair": "EMFILE ENOMEM",
    "eventfd2 epoll_create1": "EMFILE", "pidfd_open": "EMFILE ENOSYS EPERM", "pidfd_send_signal": "EPERM ENOSYS", "kill": "EPERM",
    "execve": "ENOMEM EIO", "wait4 waitid": "EINTR", "fcntl": "EINTR ENOLCK", "flock": "EINTR ENOLCK", "lseek": "EIO", "poll ppoll": "EINTR ENOMEM",
    "clock_nanosleep nanosleep": "EINTR", "getrandom": "ENOSYS EAGAIN", "close_range": "ENOSYS", "prctl": "EPERM", "setsid": "EPERM",
    "setresuid setresgid setgroups": "EPERM EAGAIN", "chdir": "EACCES ENOMEM", "dup2 dup3 dup": "EMFILE", "rt_sigaction": "EPERM",
    "prlimit64": "EPERM", "connect sendto recvfrom sendmsg recvmsg": "ECONNRESET EINTR", "setsockopt getsockopt bind": "ENOSYS EPERM",
    "ioctl": "EIO", "uname": "EPERM", "getcwd": "ENOENT",
}
ERRORS_OF = {call: errors.split() for calls, errors in ERRORS.items() for call in calls.split()}
# Nobody can go on for ever being interrupted.
ONCE_ONLY = {"EINTR"}
NOT_KILLED = {"exit", "rt_sigreturn"}
# Of so many calls of one name in a row, the first two and the last two are tried.
ROW = 8
# The shortest of so many lists of calls is taken.
LISTINGS = 3
# By so many calls main() is known.
MAIN_BEGINS = 60


class Call(collections.namedtuple("Call", "role name number path")):
    @property
    def where(self):
        return f"{self.role}:{self.name}:{self.number}"


def worth_trying(calls, folder):
    """CALLS without most of what is the same again: rows of one call, and what the dynamic loader does before main(). Says how many."""
    kept, left, run = [], 0, []
    is_loading = collections.defaultdict(lambda: True)
    loaded = collections.Counter()

    def flush():
        nonlocal left
        keep = run if len(run) <= ROW else run[:2] + run[-2:]
        kept.extend(keep)
        left += len(run) - len(keep)
        run.clear()
    for call in calls:
        if run and (run[-1].role, run[-1].name) != (call.role, call.name):
            flush()
        if call.name == "execve":
            is_loading[call.role] = True
        elif call.role != "0" and call.number == 1 and call.role not in loaded:
            is_loading[call.role] = False  # a fork of a program that runs
        loaded[call.role] += 1
        if is_loading[call.role] and (call.name in ("rt_sigaction", "umask", "geteuid") or folder in call.path):
            is_loading[call.role] = False
        if is_loading[call.role] and call.name != "execve" and loaded[call.role] % 12:
            left += 1
            continue
        run.append(call)
    flush()
    return kept, left


def points_of(calls):
    """(kills, errors) as POINTs."""
    kills = [f"{call.where}=kill" for call in calls if call.name not in NOT_KILLED]
    errors = []
    for call in calls:
        for error in ERRORS_OF.get(call.name, ()):
            errors.append(f"{call.where}={error}")
            if error not in ONCE_ONLY:
                errors.append(f"{call.where}={error}+")
    return kills, errors


def for_inject(point):
    if point is None:
        return "-"
    where, action = point.split("=")
    if action == "kill":
        return point
    return f"{where}={getattr(errno, action.rstrip('+'))}{'+' if action.endswith('+') else ''}"


# ---- looking -------------------------------------------------------------------------------------------------------

def write(path, text, mode=0o644):
    with open(path, "w") as file:
        file.write(text)
    os.chmod(path, mode)


def alive(pid):
    text = read(f"/proc/{pid}/stat")
    return ")" in text and text[text.rindex(")") + 2] not in "ZX"


def parent(pid):
    text = read(f"/proc/{pid}/stat")
    return int(text[text.rindex(")") + 2:].split()[1]) if ")" in text else 0


# Init, this one, and those by whom others are begun.
mine = {1, os.getpid()}


def others():
    """All processes but MINE, with their command lines."""
    return {pid: read(f"/proc/{pid}/cmdline").split("\0") for pid in other_pids()}


def other_pids():
    return [pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if pid not in mine]


def start_ticks(pid):
    text = read(f"/proc/{pid}/stat")
    return text[text.rindex(")") + 2:].split()[19] if ")" in text else None


class Snapshot:
    """The files below FOLDER, as they are now; put() makes them anew, with the times of then."""

    def __init__(self, folder):
        self.entries = []
        for place, folders, files in os.walk(folder):
            for name in folders + files:
                path = os.path.join(place, name)
                mode, times = os.lstat(path).st_mode, (os.lstat(path).st_atime_ns, os.lstat(path).st_mtime_ns)
                content = os.readlink(path) if stat.S_ISLNK(mode) else None
                if stat.S_ISREG(mode):
                    with open(path, "rb") as file:
                        content = file.read()
                self.entries.append((os.path.relpath(path, folder), mode, content, times))
        self.mode = stat.S_IMODE(os.stat(folder).st_mode)

    def put(self, folder):
        os.mkdir(folder, self.mode)
        for name, mode, content, times in self.entries:
            path = f"{folder}/{name}"
            if stat.S_ISDIR(mode):
                os.mkdir(path, stat.S_IMODE(mode))
            elif stat.S_ISLNK(mode):
                os.symlink(content, path)
            else:
                fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, stat.S_IMODE(mode))
                os.write(fd, content)
                os.close(fd)
                os.utime(path, ns=times)


def wait_until(what, probe):
    """Polls PROBE until it gives something true, which is returned; fails, naming WHAT, at the deadline."""
    end, pause_s = time.monotonic() + PATIENCE, PAUSE_S
    while not (found := probe()):
        if time.monotonic() > end:
            raise AssertionError(f"waited in vain until {what}")
        time.sleep(pause_s)
        pause_s = min(pause_s * 1.5, PAUSE_MAX_S)
    return found


class Broken(AssertionError):
    """A promise was not kept."""


# ---- a herd --------------------------------------------------------------------------------------------------------

class Scenario:
    """A herd of w (which the command is about), b (a bystander) and h (held), and a command."""
    COMMAND = ("run",)
    MINDER = False
    CACHED = False  # whether the command finds its configuration compiled; the same each time, so that it makes the same calls
    W = {}

    def __init__(self, folder):
        self.folder = folder
        self.state = folder + "/state"
        self.config = folder + "/cronherd.conf"
        self.said = folder + "/said"
        self.bin = folder + "/bin"
        os.makedirs(folder + "/conf.d")
        shutil.copytree(os.environ["TORTURE_HELPERS"], self.bin)
        self.program = shutil.copy(DYNAMIC_PROGRAM, self.bin + "/cronherd")
        self.before = {}
        self.flock = {}
        self.flock_state = self.flock_said = None
        self.flock_until = 0
        self.status = None
        self.before_main = collections.Counter()
        self.round = self.tortured = self.injector = None
        self.configure()
        self.make_template()
        self.make_zygotes()

    # ---- files

    def configure(self, **w):
        write(self.config, f'state_dir = "{self.state}"\npidfile_dir = "{self.state}/pidfiles"\nlog_dir = "{self.folder}/log"\n'
              f'minder = {"true" if self.MINDER else "false"}\n{self.more()}')
        for name in ("b", "h", "w"):
            options = {"startsecs": '"0s"', "restart_delay": '"0s"', "startretries": "100000", "stopwaitsecs": '"1s"', **(({**self.W, **w}) if name == "w" else {})}
            self.write_worker(name, options)

    def write_worker(self, name, options):
        lines = "".join(f"  {key} = {value}\n" for key, value in options.items())
        path = f"{self.folder}/conf.d/{name}.conf"
        write(path, f'worker "{name}" {{\n  command = "{self.bin}/sheep {self.folder}"\n{lines}}}\n')

    def more(self):
        return ""

    def make_template(self):
        """The state before the herd is started: h is held."""
        self.herd("stop", "h")
        self.template = self.folder + "/template"
        os.rename(self.state, self.template)

    PRELOADED = ("zygote.so",)

    def make_zygotes(self):
        for old in (self.round, self.tortured, self.injector):
            if old:
                mine.discard(old.pid)
                old.end()
        self.round = Zygote([self.program, "-c", self.config, "run"], self.ENVIRONMENT, [f"{self.bin}/zygote.so"], f"{self.bin}/round.said")
        self.tortured = Zygote(self.command(), self.ENVIRONMENT, [f"{self.bin}/{name}" for name in self.PRELOADED], f"{self.bin}/tortured.said")
        self.injector = Injector(f"{self.bin}/inject", self.tortured, self.command(), self.ENVIRONMENT)
        mine.update((self.round.pid, self.tortured.pid, self.injector.pid))

    def clear(self):
        if self.injector.process.poll() is not None or self.tortured.process.poll() is not None:
            self.make_zygotes()
        wait_until("nothing runs", self.kill_all)
        for name in os.listdir("/dev/shm"):  # a tmpfs of our own, too: what was said where the state directory could not be written
            os.unlink("/dev/shm/" + name)
        for name in os.listdir(self.folder):
            if name not in ("bin", "conf.d", "cronherd.conf", "template", "log", "fat") and not name.startswith("lock-"):
                path = f"{self.folder}/{name}"
                shutil.rmtree(path) if os.path.isdir(path) else os.unlink(path)
        self.clear_logs()
        if not self.CACHED:  # what was changed a moment ago is not taken from the cache
            for path in (self.config, *(f"{self.folder}/conf.d/{name}" for name in os.listdir(self.folder + "/conf.d"))):
                os.utime(path)

    def clear_logs(self):
        """Who lives on has his open."""
        folder = self.folder + "/log"
        if not self.flock and os.path.exists(folder):
            shutil.rmtree(folder)
        for name in os.listdir(folder) if self.flock else ():
            if name.endswith(".log"):
                os.truncate(f"{folder}/{name}", 0)
            else:
                os.unlink(f"{folder}/{name}")

    def kill_all(self):
        """Whether nobody but the flock was left; a pid namespace of our own."""
        left = [pid for pid in other_pids() if pid not in self.flock]
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        return not left

    def restore(self):
        shutil.copytree(self.template, self.state)

    # ---- the flock: who lives on from point to point

    # Whether the bystander does: to begin processes is most of what a point costs. Where there are minders, nobody does.
    def has_flock(self):
        return not self.MINDER

    def raise_flock(self):
        """Begins those who live on; gives the pids of all that have begun. Here, the bystander alone: w is made anew each time."""
        hidden = self.bin + "/w.conf"
        os.rename(f"{self.folder}/conf.d/w.conf", hidden)
        self.whole_round()
        os.rename(hidden, f"{self.folder}/conf.d/w.conf")
        return {"b:1": self.wait_pid("b:1")}

    def have_flock(self):
        """Makes the state in which the flock was raised. It is raised anew where somebody of it has ended, and when it has become old: what
        is right a quarter of an hour after the last round may be something else."""
        if time.monotonic() > self.flock_until or any(start_ticks(pid) != ticks for pid, ticks in self.flock.items()):
            self.flock = {}
            self.clear()
            self.restore()
            self.before = self.raise_flock()
            self.flock_until = time.monotonic() + FLOCK_S
            self.flock = {pid: start_ticks(pid) for pid in self.before.values() if alive(pid)}
            self.flock_before, self.flock_state, self.flock_said = self.before, Snapshot(self.state), read(self.said)
            return
        self.flock_state.put(self.state)
        write(self.said, self.flock_said)
        self.before = dict(self.flock_before)

    # ---- the program

    ENVIRONMENT = {"PATH": os.environ["PATH"], "HOME": "/", "MAILTO": "root"}

    def herd(self, *args, program=None):
        done = subprocess.run([program or self.program, "-c", self.config, *args], capture_output=True, text=True, errors="replace",
                              stdin=subprocess.DEVNULL, env=self.ENVIRONMENT, timeout=PATIENCE * 3, check=False, close_fds=False)
        return done

    def whole_round(self):
        return self.round.run(PATIENCE * 3)

    def command(self):
        return [self.program, "-c", self.config, *self.COMMAND]

    def inject(self, point, is_listing=False, is_executed=False):
        """Runs the command with POINT; what inject reports."""
        return self.injector.run(PATIENCE, for_inject(point), is_listing, *self.way(point, is_executed))

    # Whether inject.c may set a filter: all that the command leaves behind has ended when it has, or is not under it; the host lets us.
    is_fast = False

    def find_way(self):
        self.is_fast = not self.MINDER
        self.clear()
        self.prepare()
        try:
            self.inject("0:nothing:1=kill")
        except OSError:
            self.is_fast = False
            print("no filter can be set here: it takes longer", flush=True)

    def way(self, point, is_executed):
        where, call = (point or "0:none:0").split(":")[:2]
        if is_executed or self.is_loading(point):
            return ("exec",)
        return "born", int(point is not None and self.is_fast), self.before_main[call]

    def is_loading(self, point):
        """Whether POINT is before main()."""
        if not point or not point.startswith("0:"):
            return False
        _, call, number = point.split("=")[0].split(":")
        return int(number) <= self.before_main[call]

    # ---- what is

    def lines(self, what):
        """[[id, pid, …]] of what the workers said."""
        return [words[1:] for words in map(str.split, read(self.said).splitlines()) if words[:1] == [what]]

    def living(self, id):
        return [int(words[1]) for words in self.lines("begin") if words[0] == id and alive(int(words[1]))]

    def pid(self, id):
        """By its pidfile, if it has said that it has begun."""
        first = read(f"{self.state}/pidfiles/{id.replace(':', '.')}.pid").split("\n")[0]
        return int(first) if first.isdigit() and int(first) in self.living(id) else None

    def is_held(self, id):
        return any(os.path.exists(f"{self.state}/holds/{name}") for name in (id, id.split(":")[0]))

    def wait_pid(self, id):
        return wait_until(f"{id} runs", lambda: self.pid(id))

    def events(self):
        found = []
        for name in sorted(os.listdir(self.state + "/spool")) if os.path.isdir(self.state + "/spool") else ():
            for line in read(f"{self.state}/spool/{name}").splitlines():
                found.append(json.loads(line.split(" ", 1)[1]))
        return found

    # ---- one point

    def prepare(self):
        if self.has_flock():
            self.have_flock()
        else:
            self.restore()
        self.whole_round()
        self.before = {id: self.wait_pid(id) for id in ("w:1", "b:1")}

    def go(self, point):
        report = self.inject(point)
        self.status = next((int(words[1]) for words in report if words[0] == "exit"), None)
        if any(words[0] == "hung" for words in report):
            raise Broken("it hangs")
        ours = {int(words[1]) for words in self.lines("begin")} | {int(words[2]) for words in report if words[0] == "born"}
        for words in report:
            if words[0] == "signal" and abs(int(words[1])) not in ours:  # -PID: its process group
                raise Broken(f"2: signal {words[2]} to the stranger {words[1]}")
        return any(words[0] == "hit" for words in report)

    def once(self, point):
        """Whether POINT was reached."""
        self.clear()
        self.prepare()
        hit = self.go(point)
        self.check_soon(point)
        self.settle()
        self.check(point)
        return hit

    def wanted(self):
        """Ids that must run now."""
        return {"w:1", "b:1"}

    def is_settled(self):
        return all(self.pid(id) for id in self.wanted()) and not self.busy()

    def busy(self):
        return [pid for pid, args in others().items() if os.path.basename(args[0]) == "cronherd" and "minder" not in args and alive(pid)]

    def settle(self):
        """A whole round, or two. Rounds that minders began may be on their way, and workers about to speak."""
        for _ in range(2):
            wait_until("rounds that others began are over", lambda: not self.busy())
            self.is_quiet = self.round_is_quiet()
            wait_until("rounds that others began are over", lambda: not self.busy())
            if self.is_coming() and not self.last.said and not self.last.returncode:
                break
        end = time.monotonic() + PATIENCE
        # A worker that has been started takes a moment to say so.
        while not self.is_settled() and time.monotonic() < end:
            if not self.is_coming():
                raise Broken(f"7: two whole rounds do not mend it: {self.describe()}")
            time.sleep(0.003)
        if not self.is_settled():
            raise Broken(f"it does not settle: {self.describe()}")

    def is_coming(self):
        """Whether the pidfiles of all that must run have a living process."""
        pids = (read(f"{self.state}/pidfiles/{id.replace(':', '.')}.pid").split("\n")[0] for id in self.wanted())
        return all(pid.isdigit() and alive(int(pid)) for pid in pids)

    def describe(self):
        return (f"wanted {sorted(self.wanted())}, said {read(self.said).splitlines()}, files {sorted(os.listdir(self.state + '/pidfiles'))}, "
                f"processes {others()}, said {self.last.said!r}")

    def check_soon(self, point):
        """What must be so right after the command."""

    def check(self, point):
        self.check_processes()
        self.check_events()
        self.check_quiet()
        self.check_litter()

    def check_processes(self):
        for what in ("double", "inherited"):
            if self.lines(what):
                raise Broken(f"{'1' if what == 'double' else '8'}: {what} {self.lines(what)}")
        living = [words for words in self.lines("begin") if alive(int(words[1]))]
        for id, pid in living:
            if id not in self.wanted():
                raise Broken(f"5: {id} runs ({pid})")
            if self.pid(id) != int(pid):
                raise Broken(f"1: {id} runs as {pid}, its pidfile says {self.pid(id)}")
        if "b:1" in self.before and self.before["b:1"] != self.pid("b:1"):
            raise Broken(f"4: the bystander was {self.before['b:1']} and is {self.pid('b:1')}")
        if os.path.exists(self.template + "/holds/h") and not self.is_held("h:1"):
            raise Broken("5: the hold of h is lost")
        sheep = [pid for pid, args in others().items() if args[0].endswith("/sheep")]
        if len(sheep) != len(self.wanted()):
            raise Broken(f"1: {len(sheep)} workers live: {others()}")

    LITTER = re.compile(r"(lease|locks|said|owed|spool/[^.].*|(records|holds)/[bhw](.1)?|pidfiles/[bw].1.pid|exits/\d+-\d+|slots.cache|(.*/)?\.[^/]*)$")

    def check_litter(self):
        """Names that begin with a dot are unfinished files, which are swept when they are old."""
        found = [os.path.relpath(os.path.join(folder, file), self.state) for folder, _, files in os.walk(self.state) for file in files]
        left = [name for name in found if not self.LITTER.match(name)]
        if left:
            raise Broken(f"left behind: {left}")

    def check_events(self):
        facts = collections.defaultdict(set)
        for event in self.events():
            if set(event) != {"id", "type", "source", "subject", "at_ms", "data"} or not event["id"]:
                raise Broken(f"6: a damaged event: {event}")
            facts[event["type"], event["subject"], event["data"].get("pid")].add(event["id"])
        for fact, ids in facts.items():
            # A pid may come again; hardly within one point.
            if fact[0] in ("worker.started", "worker.stopped") and len(ids) > 1:
                raise Broken(f"6: {fact} has {len(ids)} ids")
        for id, pid in self.lines("begin"):
            if ("worker.started", id, int(pid)) not in facts:
                raise Broken(f"6: the start of {id} ({pid}) was not told: {sorted(facts)}")
            if (("worker.stopped", id, int(pid)) in facts) == alive(int(pid)):
                raise Broken(f"6: the end of {id} ({pid}): {'told' if alive(int(pid)) else 'not told'}: {sorted(facts)}")

    def look(self):
        found = {}
        for folder, _, files in os.walk(self.state):
            for name in files:
                if name not in ("lease", "slots.cache"):
                    path = os.path.join(folder, name)
                    found[path] = (os.lstat(path).st_ino, os.lstat(path).st_mtime_ns)
        return found

    def round_is_quiet(self):
        """Whether a whole round says nothing and changes nothing."""
        before = self.look()
        self.last = self.whole_round()
        self.changed = set(self.look().items()) ^ set(before.items())
        return not (self.last.returncode or self.last.said or self.changed)

    def check_quiet(self):
        """Where the one that was to mend it found all well, that was it."""
        if not (self.is_quiet or self.round_is_quiet() or self.round_is_quiet()):
            raise Broken(f"7: a further round: status {self.last.returncode}, {self.last.said}, wrote {self.changed}")

    # ---- all points

    def calls(self):
        if self.CACHED:
            self.clear()
            self.prepare()
            time.sleep(2.5)  # the cache wants files that have settled; whether it is used is no test here
            self.herd("run")
        # Who had to wait once more than another time has made calls that others do not come to.
        calls = min((self.list_calls(is_executed=True) for _ in range(LISTINGS)), key=len)
        if not isinstance(self, Minder):
            self.tell_main(calls, self.list_calls(is_executed=False))
            self.find_way()
        self.status = None
        self.check_soon(None)
        self.settle()
        self.check(None)
        return calls

    def list_calls(self, is_executed):
        self.clear()
        self.prepare()
        report = self.inject(None, is_listing=True, is_executed=is_executed)
        return [Call(words[1], words[2], int(words[3]), words[4]) for words in report if words[0] == "call"]

    def tell_main(self, executed, born):
        """Which of the calls EXECUTED the loader makes: those that are not made by who is BORN at main()."""
        all_names, names = ([call.name for call in calls if call.role == "0"] for calls in (executed, born))
        first = names[:MAIN_BEGINS]
        loading = next((at for at in range(len(all_names)) if all_names[at:at + len(first)] == first), None)
        if loading is None:
            raise AssertionError("who is born at main() does not go the same way as who is executed")
        self.before_main = collections.Counter(all_names[:loading])

    def points(self):
        """(kills, errors, what is said of them)"""
        calls = self.calls()
        kept, left = worth_trying(calls, self.folder)
        return (*points_of(kept), f"{len(calls):,} calls ({left:,} alike are left out)")


class FirstStart(Scenario):
    """An empty state directory; a minder comes between."""
    MINDER = True

    def make_template(self):
        self.template = self.folder + "/template"

    def configure(self, **w):
        super().configure(**w)
        for name in ("b", "h"):
            os.unlink(f"{self.folder}/conf.d/{name}.conf")

    def prepare(self):
        self.before = {}

    def wanted(self):
        return {"w:1"}


class Heal(Scenario):
    """w was killed, and its pid is this program's now."""

    def prepare(self):
        self.have_flock()

    def raise_flock(self):
        self.whole_round()
        before = {id: self.wait_pid(id) for id in ("w:1", "b:1")}
        os.kill(before["w:1"], signal.SIGKILL)
        wait_until("w is gone", lambda: not os.path.exists(f"/proc/{before['w:1']}"))
        return before


class Stranger(Heal):
    """As heal, and the dead one's number is a stranger's: this program's."""

    def prepare(self):
        super().prepare()
        self.old = self.before["w:1"]
        for path in (f"{self.state}/pidfiles/w.1.pid", f"{self.state}/records/w.1"):
            text = re.sub(rf"^((?:pid )?){self.old}$", rf"\g<1>{os.getpid()}", read(path), flags=re.M)
            write(path, with_sum(text) if "records" in path else text, stat.S_IMODE(os.stat(path).st_mode))

    def check_events(self):
        """The end of the one that we have renamed is told under its new number."""
        text = read(self.said).replace(f"begin w:1 {self.old}\n", "")
        write(self.said, text)
        super().check_events()


class Bloated(Scenario):
    """w has more than its memory_limit."""
    W = {"memory_limit": '"12M"'}

    def prepare(self):
        write(self.folder + "/fat", "")
        super().prepare()
        os.unlink(self.folder + "/fat")

    def check(self, point):
        super().check(point)
        if self.pid("w:1") == self.before["w:1"]:
            raise Broken("w was not replaced")


class Rolling(Scenario):
    """The definition of w has changed."""

    def prepare(self):
        self.configure()
        super().prepare()
        self.configure(environment='{"NEW=1"}')

    def check(self, point):
        super().check(point)
        if self.pid("w:1") == self.before["w:1"]:
            raise Broken("w was not replaced")


class Removed(Scenario):
    """The definition of w is gone, and a round some time ago has missed it, too."""

    def prepare(self):
        self.configure()
        super().prepare()
        os.unlink(f"{self.folder}/conf.d/w.conf")
        self.whole_round()
        self.age()

    def age(self):
        """Some time passes since a round has missed the definition."""
        path = f"{self.state}/records/w.1"
        write(path, with_sum(re.sub(r"(?<=missing_since_boot_ms )\d+", lambda since: str(int(since[0]) - 60000), read(path))), 0o600)

    def settle(self):
        """Where the record could not be read, the definition is missed anew, and is gone for good some seconds later."""
        super().settle()
        if os.path.exists(f"{self.state}/records/w.1"):
            self.age()
            super().settle()

    def wanted(self):
        return {"b:1"}

    def check(self, point):
        super().check(point)
        left = [name for name in ("pidfiles/w.1.pid", "records/w.1") if os.path.exists(f"{self.state}/{name}")]
        if left:
            raise Broken(f"left behind: {left}")


class Steady(Scenario):
    """All is well."""
    CACHED = True

    def prepare(self):
        self.have_flock()

    def raise_flock(self):
        self.whole_round()
        return {id: self.wait_pid(id) for id in ("w:1", "b:1")}

    def check(self, point):
        super().check(point)
        if self.pid("w:1") != self.before["w:1"]:
            raise Broken("4: w is another one")


class Rotate(Steady):
    """The log of w has outgrown its log_maxbytes. A round that is killed in between may have copied it once too often: hence the third backup."""
    W = {"log_maxbytes": '"1k"', "log_backups": "3"}

    def prepare(self):
        super().prepare()
        for name, word in (("w.log", "newest"), ("w.log.1", "older")):
            write(f"{self.folder}/log/{name}", f"{word}\n" * 300, 0o640)

    def check(self, point):
        super().check(point)
        logs = {name: read(f"{self.folder}/log/{name}") for name in os.listdir(self.folder + "/log")}
        for word in ("newest", "older"):
            if sum(text.count(word) for text in logs.values()) < 300:
                raise Broken(f"of the log, {word} is lost: {sorted(logs)}")
        if "newest" in logs.get("w.log", ""):
            raise Broken("it was not rotated")


class Verb(Scenario):
    """A person's word: what was said to be done is done, and lasts."""

    def wanted(self):
        return {id for id in ("w:1", "b:1") if not self.is_held(id)}

    def check_soon(self, point):
        self.was_held = self.is_held("w:1")

    def check(self, point):
        super().check(point)
        if self.is_held("w:1") != self.was_held:
            raise Broken("5: the hold of w has changed by itself")


class Stop(Verb):
    COMMAND = ("stop", "w")

    def check_soon(self, point):
        super().check_soon(point)
        if self.status == 0 and (self.living("w:1") or not self.was_held):
            raise Broken("5: it said that w is stopped")


class Start(Verb):
    COMMAND = ("start", "w")

    def make_template(self):
        self.herd("stop", "w")
        super().make_template()

    def prepare(self):
        self.have_flock()

    def raise_flock(self):
        self.whole_round()
        return {"b:1": self.wait_pid("b:1")}

    def check_soon(self, point):
        super().check_soon(point)
        if self.status == 0 and self.was_held:
            raise Broken("5: it said that w is started")
        # Who is killed after it was let go to execute is a worker that dies.
        if self.status == 0 and not (point or "").startswith("0."):
            self.wait_pid("w:1")


class Restart(Verb):
    COMMAND = ("restart", "w")

    def check_soon(self, point):
        super().check_soon(point)
        if self.was_held:
            raise Broken("5: w is held")
        if self.status == 0 and self.before["w:1"] in self.living("w:1"):
            raise Broken("it said that w was restarted")


class Minder(Scenario):
    """The minder's way when its child ends: note, grave, round."""
    MINDER = True

    def prepare(self):
        super().prepare()
        self.minder = parent(self.before["w:1"])
        wait_until("the minder rests", lambda: "minder" in others().get(self.minder, ()) and
                   read(f"/proc/{self.minder}/syscall").startswith("128 "))

    def way(self, point, is_executed):
        return "minder", self.minder, self.before["w:1"]


class CronInstall(Scenario):
    """Our line in the crontab of somebody who has lines of their own."""
    COMMAND = ("cron", "install", "--yes")
    MINE = "# mine\n" + "5 5 5 5 * /bin/true # % odd\n" * 30

    def make_template(self):
        self.ENVIRONMENT = {**self.ENVIRONMENT, "CRONHERD_CRONTAB": self.bin + "/crontab"}

    def prepare(self):
        write(self.folder + "/table", self.MINE)

    def settle(self):
        wait_until("crontab has ended", lambda: not others())
        self.table = read(self.folder + "/table")
        self.last = self.tortured.run(PATIENCE * 3)

    def check(self, point):
        if not self.table.startswith(self.MINE):
            raise Broken(f"the crontab is damaged: {self.table[:200]!r}")
        table = read(self.folder + "/table")
        if self.last.returncode or not table.startswith(self.MINE) or table.count(" run") != 1:
            raise Broken(f"the second time: {self.last.said}{table}")
        if self.status == 0 and self.table != table:
            raise Broken("it said that it was done")


class Receiver(http.server.BaseHTTPRequestHandler):
    got = []

    def do_POST(self):
        self.got.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *args):
        pass


class Deliver(Scenario):
    """Starts and stops in the spool, one webhook: each comes under its id, and again only as it was."""
    COMMAND = ("deliver", "--now")

    def more(self):
        return f'webhook "all" {{\n  url = "http://127.0.0.1:{self.server.server_address[1]}/"\n  format = "cloudevents"\n}}\n'

    def __init__(self, folder):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.full = folder + "/bin/cronherd-full.other"
        self.courier = None
        super().__init__(folder)

    def command(self):
        return [self.full, "-c", self.config, *self.COMMAND]

    def make_template(self):
        self.herd("run")
        for id in ("w:1", "b:1"):
            self.wait_pid(id)
        self.herd("stop")
        self.spooled = self.events()
        assert len(self.spooled) >= 4, self.spooled
        self.template = self.folder + "/template"
        os.rename(self.state, self.template)
        shutil.copy(os.path.dirname(PROGRAM) + "/cronherd-full", self.full)

    def make_zygotes(self):
        super().make_zygotes()
        if not self.courier:
            self.courier = Zygote(self.command(), self.ENVIRONMENT, [f"{self.bin}/zygote.so"], f"{self.bin}/courier.said")
            mine.add(self.courier.pid)

    def prepare(self):
        self.restore()
        del Receiver.got[:]

    def settle(self):
        wait_until("couriers are over", lambda: not others())
        spooled = {event["id"] for event in self.spooled}
        # What could not be sent is tried again; a queue is one after the other.
        for _ in range(3):
            self.last = self.courier.run(PATIENCE * 3)
            if self.last.returncode:
                raise Broken(f"a later courier: {self.last.returncode} {self.last.said}")
            if {body["id"] for body in Receiver.got} == spooled:
                break

    def check(self, point):
        spooled = {event["id"] for event in self.spooled}
        bodies = {}
        for body in Receiver.got:
            if bodies.setdefault(body["id"], body) != body:
                raise Broken(f"6: {body['id']} came in two versions")
        if set(bodies) != spooled:
            raise Broken(f"6: of {len(spooled)} events came {len(spooled & set(bodies))}, and {len(set(bodies) - spooled)} others")
        with sqlite3.connect(f"file:{self.state}/journal.db?mode=ro", uri=True) as journal:
            if journal.execute("PRAGMA integrity_check").fetchone() != ("ok",):
                raise Broken("the journal is corrupt")
        if self.events():
            raise Broken("the spool is not empty")


class Memory(Scenario):
    """Mixed into another: allocations, instead of system calls. POINT: N or N+."""

    PRELOADED = ("zygote.so", "nomem.so")

    def go(self, point):
        hit = self.folder + "/hit"
        if int(point.rstrip("+")) > self.tortured.allocations:
            self.status = self.tortured.run(PATIENCE * 3, f"{point} {hit}").returncode
            return os.path.exists(hit)
        self.status = self.execute(f"{point} {hit}")
        return os.path.exists(hit)

    def execute(self, allocation):
        environment = {**self.ENVIRONMENT, "LD_PRELOAD": ":".join(f"{self.bin}/{name}" for name in self.PRELOADED), "TORTURE": allocation}
        return subprocess.run(self.command(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment,
                              timeout=PATIENCE * 3, check=False).returncode

    def chains(self):
        """{number: who calls for it, in each process that comes so far}"""
        self.clear()
        self.prepare()
        path = self.folder + "/list"
        self.execute(f"list {path}")
        chains = collections.defaultdict(tuple)
        for pid, number, chain in sorted(map(str.split, read(path).splitlines()), key=lambda words: words[0]):
            chains[int(number)] += (chain,)
        return chains

    def points(self):
        """Of those that the same call for in the same way, the first two and the last two."""
        chains = self.chains()
        by_chain = collections.defaultdict(list)
        for number in sorted(chains):
            by_chain[chains[number]].append(number)
        kept = []
        for numbers in by_chain.values():
            kept.extend(numbers if len(numbers) <= 4 else numbers[:2] + numbers[-2:])
        count = max(chains)
        return ([str(n) for n in kept], [f"{n}+" for n in kept],
                f"{count:,} allocations by {len(by_chain):,} call chains ({count - len(kept):,} by the same are left out)")


class MemoryHeal(Memory, Heal):
    pass


class MemoryFirstStart(Memory, FirstStart):
    pass


class MemoryStop(Memory, Stop):
    pass


class MemoryDeliver(Memory, Deliver):
    pass


SCENARIOS = {re.sub(r"(?<=[a-z])(?=[A-Z])", "-", kind.__name__).lower(): kind for kind in (
    FirstStart, Heal, Stranger, Bloated, Rolling, Removed, Steady, Rotate, Stop, Start, Restart, Minder, CronInstall, Deliver,
    MemoryFirstStart, MemoryHeal, MemoryStop, MemoryDeliver)}

# How much of the time is whose: about what all of its points take, in thousandths.
SHARES = {
    "first-start": 41, "heal": 12, "stranger": 12, "bloated": 78, "rolling": 88, "removed": 52, "steady": 6, "rotate": 8, "stop": 78,
    "start": 24, "restart": 106, "minder": 41, "cron-install": 12, "deliver": 155, "memory-first-start": 7, "memory-heal": 7,
    "memory-stop": 49, "memory-deliver": 224,
}
assert SHARES.keys() == SCENARIOS.keys() and sum(SHARES.values()) == 1000

# ---- running -------------------------------------------------------------------------------------------------------


class Tally:
    def __init__(self, name):
        self.name = name
        self.tried = 0
        self.missed = []
        self.broken = []

    def run(self, scenario, point):
        self.tried += 1
        try:
            if not scenario.once(point):
                self.missed.append(point)
        except (AssertionError, OSError, subprocess.SubprocessError, sqlite3.Error, ValueError) as failure:
            self.broken.append(point)
            print(f"{self.name}: {point}: {failure}\n    again: CRONHERD=$PWD/build/cronherd python3 tests/torture/torture.py {self.name} {point}", flush=True)


def inside(name, args):
    # clear() kills all that it can.
    if os.getppid() != 1 or not read("/proc/1/cmdline").split("\0")[0].endswith("/inject"):
        print("this is no pid namespace of its own", file=sys.stderr)
        return 1
    folder = tempfile.mkdtemp(prefix="cronherd-torture-")
    for place, mode in ((folder, "755"), ("/dev/shm", "1777")):
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"mode={mode}", "none", place], check=True)
    tally = Tally(name)
    scenario = SCENARIOS[name](folder)
    signal.signal(signal.SIGTERM, lambda *_: tally.broken.append("2: this program got a signal"))
    began = time.monotonic()
    kills, errors, what = scenario.points()  # where main() begins is known by that, too
    if args and args[0] not in ("all", "deep", "list"):
        for point in args:
            tally.run(scenario, point)
        return finish(tally, "by name")
    if args[:1] == ["list"]:
        print("\n".join(kills + errors))
        return 0
    if args[:1] == ["deep"]:
        return deep(tally, scenario, kills + errors, int(args[1]) if args[1:] else random.randrange(1 << 32))
    return finish(tally, f"{what}; {in_turn(tally, scenario, kills, errors, args, began)}")


def in_turn(tally, scenario, kills, errors, args, began):
    """Tries them all, or until the time is up, in an order that is the same each time, and hardly another when a call is added; says how many."""
    end = began + float(os.environ.get("TORTURE_SHARE_S", SECONDS * SHARES[tally.name] / 1000))
    is_kill = set(kills)
    tried = collections.Counter()
    part, parts = (int(number) for number in os.environ.get("TORTURE_PART", "0/1").split("/"))
    for point in sorted(kills + errors, key=lambda point: hashlib.sha256(point.encode()).digest())[part::parts]:
        if not args and (tally.tried >= (POINTS or len(kills + errors)) or (tally.tried >= AT_LEAST and time.monotonic() > end)):
            break
        tally.run(scenario, point)
        tried[point in is_kill] += 1
    return f"tried {tried[True]:,} of {len(kills):,} kills, {tried[False]:,} of {len(errors):,} failures"


def deep(tally, scenario, points, seed):
    print(f"{tally.name}: seed {seed}", flush=True)
    source = random.Random(seed)
    try:
        while True:
            tally.run(scenario, source.choice(points))
    except KeyboardInterrupt:
        return finish(tally, f"seed {seed}")


def finish(tally, what):
    print(f"{tally.name}: {what}; {tally.tried:,} points, {len(tally.missed)} not reached, {len(tally.broken)} broken", flush=True)
    if tally.missed:
        print(f"    not reached: {' '.join(sorted(tally.missed)[:40])}")
    if tally.tried >= AT_LEAST and len(tally.missed) > tally.tried // 2:
        print("most points were not reached: the calls are not the same each time")
        return 1
    return 1 if tally.broken else 0


def build_helpers(folder):
    """FOLDER, with what is written in C."""
    os.mkdir(folder)
    for name, *flags in (("inject",), ("sheep", "-static"), ("crontab", "-static"), ("nomem.so", "-shared", "-fPIC"), ("zygote.so", "-shared", "-fPIC")):
        source = f"{HERE}/{name.removesuffix('.so')}.c"
        subprocess.run(["cc", "-D_GNU_SOURCE", "-O1", *flags, "-o", f"{folder}/{name}", source], check=True)
    return folder


def outside(name, args):
    """Makes the pid namespace, and runs `inside` there."""
    if os.uname().machine != "x86_64":
        print("inject.c knows x86_64 only: nothing is tried here", file=sys.stderr)
        return 77
    if os.geteuid() != 0:
        print("this test needs root: it makes a pid namespace", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory(prefix="cronherd-torture-") as folder:
        helpers = os.environ.get("TORTURE_HELPERS") or build_helpers(folder + "/helpers")
        process = subprocess.Popen(["unshare", "--pid", "--mount", "--fork", "--mount-proc", "--kill-child", helpers + "/inject", "-i",
                                    sys.executable, HERE + "/torture.py", name, *args],
                                   env={**os.environ, "TORTURE_INSIDE": "1", "TORTURE_HELPERS": helpers, "TMPDIR": folder})
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:
                pass  # a terminal tells those inside, too: they say how far they came


def side_by_side(name):
    """Exit statuses of PARTS programs, each of which has its part of NAME's points."""
    parts = [subprocess.Popen([sys.executable, HERE + "/torture.py", name], env={**os.environ, "TORTURE_PART": f"{part}/{PARTS}"})
             for part in range(PARTS)]
    return [process.wait() for process in parts]


def several(*names):
    """The exit status of all NAMES, one after the other. What one leaves of its time is the others'."""
    left, worst = SECONDS * sum(SHARES[name] for name in names) / 1000, 0
    with tempfile.TemporaryDirectory(prefix="cronherd-torture-") as folder:
        os.environ["TORTURE_HELPERS"] = build_helpers(folder + "/helpers")
        for at, name in enumerate(names):
            os.environ["TORTURE_SHARE_S"] = str(left * SHARES[name] / sum(SHARES[other] for other in names[at:]))
            began = time.monotonic()
            worst = max([worst, *side_by_side(name)])
            left -= time.monotonic() - began
    return worst


def main():
    name = sys.argv[1] if sys.argv[1:] else ""
    if name not in SCENARIOS:
        print(f"usage: torture.py SCENARIO [all | deep [SEED] | list | POINT …]; scenarios: {' '.join(SCENARIOS)}", file=sys.stderr)
        return 64
    if os.environ.pop("TORTURE_INSIDE", None):
        return inside(name, sys.argv[2:])
    return outside(name, sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
