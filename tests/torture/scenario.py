# SPDX-License-Identifier: ISC
"""What all scenarios have in common: the herd, the command with a point, and the promises that are looked at afterwards."""
import collections
import json
import os
import re
import shutil
import signal
import subprocess
import time

from begin import Injector, Zygote
from herdtest import DYNAMIC_PROGRAM, PATIENCE, read
from looking import Broken, Snapshot, alive, mine, other_pids, others, start_ticks, wait_until, write
from points import LISTINGS, MAIN_BEGINS, Call, for_inject, points_of, worth_trying

# How long processes that nothing has happened to serve for one point after the other.
FLOCK_S = 20


class Scenario:
    """A herd of w (which the command is about), b (a bystander) and h (held), and a command."""
    COMMAND = ("run",)
    MINDER = False
    ATTACHED = False  # whether who is tortured runs already
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

    def compile(self):
        if self.CACHED:
            self.clear()
            self.prepare()
            time.sleep(2.5)  # the cache wants files that have settled; whether it is used is no test here
            self.herd("run")

    def calls(self):
        self.compile()
        # Who had to wait once more than another time has made calls that others do not come to.
        calls = min((self.list_calls(is_executed=True) for _ in range(LISTINGS)), key=len)
        if not self.ATTACHED:
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

    def plan(self):
        """All points, and what else was found out on the way to them, as JSON can have it."""
        kills, errors, what = self.points()
        return {"kills": kills, "errors": errors, "what": what, "before_main": self.before_main, "is_fast": self.is_fast}

    def take(self, plan):
        """The PLAN that another one of this scenario has made."""
        self.compile()
        self.before_main = collections.Counter(plan["before_main"])
        self.is_fast = plan["is_fast"]
        return plan["kills"], plan["errors"], plan["what"]
