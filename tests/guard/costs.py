# SPDX-License-Identifier: ISC
"""What a round costs in instructions and system calls: measured, compared with tests/guard/counts.json, renewed.

    python3 tests/guard/costs.py show                  measures and prints
    python3 tests/guard/costs.py renew "REASON"        measures and writes counts.json; REASON is kept in it
                                                       (`make renew-counts REASON="…"` in the build directory)
Environment: CRONHERD (default ./cronherd), SRCDIR.

Times depend on the machine, counts do not: callgrind counts the instructions of 100 workers' healthy round, of deciding and of the
configuration; strace counts the system calls that 100 workers more cost. What belongs to the host is left out or pinned: the dynamic
linker's own work, glibc's choice among its functions for this CPU (GLIBC_TUNABLES), the environment, the length of paths, where the stack
begins. What stays, as how many digits a pid has, is far below the tolerance (bench/README.md). Counts belong to one compiler with one set of
flags: built_with tells them.
"""
import collections
import datetime
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

SOURCES = os.path.abspath(os.environ.get("SRCDIR", os.path.join(os.path.dirname(__file__), "..", "..")))
sys.path.insert(0, os.path.join(SOURCES, "tests", "blackbox"))
from herdtest import DYNAMIC_PROGRAM, PATIENCE, HerdTest, wait_until  # noqa: E402

COUNTS = os.path.join(SOURCES, "tests", "guard", "counts.json")
WORKERS = 100
RISE_ALLOWED = 0.03  # of instructions; more fails
FALL_PASSED_OVER = 0.10  # more is to be renewed, so that it cannot be lost again unseen

# The functions that are counted by themselves, with what they call.
DECIDING = "decide"
CONFIGURATION = "config_load"

# glibc's plainest functions, whatever the CPU.
TUNABLES = "glibc.cpu.hwcaps=" + ",".join(f"-{feature}" for feature in (
    "AVX", "AVX2", "AVX512F", "AVX512BW", "AVX512VL", "BMI1", "BMI2", "ERMS", "FSRM", "LZCNT", "MOVBE", "POPCNT", "RTM", "SSE3",
    "SSSE3", "SSE4_1", "SSE4_2", "XSAVE", "XSAVEC"))

# How many of these there are depends on sizes of memory and buffers; they are no work done for a worker.
NOT_PER_WORKER = {"brk", "mmap", "munmap", "mremap", "madvise", "mprotect", "getdents64"}


def built_with(program=DYNAMIC_PROGRAM):
    """What the compiler says of itself and its flags in the program's debugging information, a line for each kind."""
    info = subprocess.run(["readelf", "-wi", "--dwarf-depth=1", program], capture_output=True, text=True, errors="replace").stdout
    return "\n".join(sorted(set(re.findall(r"DW_AT_producer\s*:.*?((?:GNU C|clang)[^\n]*)", info))))


def reason_to_skip(counts, built):
    """Why counts of this program cannot be compared with COUNTS; None where they can be."""
    if built != counts["built"]:
        return f"counts are of another build:\n  counts.json: {counts['built']}\n  program:     {built or 'no debugging information'}"
    for tool in ("valgrind", "strace"):
        if not shutil.which(tool):
            return f"{tool} is not installed (quickstart.sh test installs it)"
    return None


def compare(counts, measured):
    """(failures, remarks) of MEASURED beside COUNTS: sentences."""
    failures, remarks = [], []
    for what in sorted(set(counts["instructions"]) | set(measured["instructions"])):
        before, now = (c["instructions"].get(what) for c in (counts, measured))
        if not before or not now:
            failures.append(f"{what}: {before or 'nothing'} instructions in counts.json, {now or 'nothing'} measured")
            continue
        change = now / before - 1
        text = f"{what}: {before} instructions before, {now} now ({change:+.1%})"
        if change > RISE_ALLOWED:
            failures.append(text)
        elif change < -FALL_PASSED_OVER:
            remarks.append(text)
    for name in sorted(set(counts["calls"]) | set(measured["calls"])):
        before, now = (c["calls"].get(name, 0) for c in (counts, measured))
        if now != before:
            text = f"{name}: {before} calls for {WORKERS} workers before, {now} now"
            (failures if now > before else remarks).append(text)
    return failures, remarks


# ---- callgrind --------------------------------------------------------------------------------

class Profile:
    """Of a callgrind.out: instructions by object, and those of functions with all that they call."""

    def __init__(self, lines):
        self.by_object = collections.Counter()
        self.inclusive = collections.Counter()
        self._names = {}
        self._object = self._function = None
        is_call = False
        for line in lines:
            if line.startswith("calls="):
                is_call = True
            elif re.match(r"[0-9+*-]", line):
                self._add(int(line.split()[1]), is_call)
                is_call = False
            elif "=" in line:
                self._enter(*line.rstrip("\n").split("=", 1))

    def _enter(self, key, value):
        if key not in ("ob", "fn", "cob", "cfn"):
            return
        kind = key[-2:]
        number, _, name = value.partition(" ")
        if name:
            self._names[kind, number] = name
        if key == "ob":
            self._object = self._names[kind, number]
        elif key == "fn":
            self._function = self._names[kind, number]

    def _add(self, cost, is_call):
        self.inclusive[self._function] += cost
        if not is_call:
            self.by_object[os.path.basename(self._object)] += cost

    def total(self):
        return sum(cost for name, cost in self.by_object.items() if not re.match(r"ld-linux|vgpreload", name))

    def own(self):
        """Without what the C library does: where so little is counted, where the stack happens to be makes as much of a difference there."""
        return self.by_object["cronherd"]

    def of(self, function):
        """The compiler may have made variants of it."""
        return sum(cost for name, cost in self.inclusive.items() if name == function or name.startswith(function + "."))


# ---- the herd ---------------------------------------------------------------------------------

class Herd(HerdTest):
    """A herd of sleepers whose rounds are counted."""
    written = ()  # what the last round that calls() counted did beyond looking

    def runTest(self):
        """unittest wants one; this is none."""

    def setUp(self):
        """In a directory and by a name that are as long everywhere: paths are copied and hashed."""
        tempfile.tempdir = "/tmp"
        super().setUp()
        self.program = os.path.join(self.dir, "cronherd")
        os.symlink(DYNAMIC_PROGRAM, self.program)

    def populate(self, count):
        text = "".join(f'''worker "w{n:03d}" {{
  command = "/bin/sleep 1000000"
  directory = "/"
  autorestart = always
  startsecs = 1
  stopsignal = TERM
  stopwaitsecs = 10
  memory_limit = 128M
  environment = {{"QUEUE=w{n:03d}"}}
}}
''' for n in range(count))
        self.write("conf.d/workers.conf", text)
        cache = os.path.join(self.state, "slots.cache")
        if os.path.exists(cache):
            os.unlink(cache)  # that of fewer workers
        self.herd("run", check=0)
        wait_until("all run", lambda: self.round_is_healthy(count), 3 * PATIENCE)

    def round_is_healthy(self, count):
        """Whether all run, and a round writes nothing, having both caches to read."""
        self.calls()
        cache = os.path.join(self.state, "slots.cache")
        if not os.path.exists(cache) or self.written:
            time.sleep(0.3)
            return False
        states = [instance["state"] for instance in self.status()["instances"]]
        return states == ["RUNNING"] * count

    def environment(self):
        return {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": self.dir, "XDG_CACHE_HOME": self.dir + "/cache", "LC_ALL": "C",
                "GLIBC_TUNABLES": TUNABLES}

    def herd(self, *args, **options):
        return super().herd(*args, env=self.environment(), **options)

    def wrapped(self, *tool, padding=""):
        done = subprocess.run([*tool, self.program, "-c", self.config, "run"], env={**self.environment(), "PADDING": padding},
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600)
        self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)

    def profile(self, *options, padding=""):
        path = os.path.join(self.dir, "callgrind.out")
        self.wrapped("valgrind", "--tool=callgrind", "--quiet", f"--callgrind-out-file={path}", *options, padding=padding)
        with open(path) as file:
            return Profile(file)

    def calls(self):
        """System calls of a round, by name."""
        path = os.path.join(self.dir, "strace.out")
        self.wrapped("strace", "-f", "-qq", "-o", path)
        counted = collections.Counter()
        self.written = []
        with open(path, errors="replace") as file:
            for line in file:
                call = re.match(r"\d+\s+(\w+)\(", line)
                if call:
                    counted[call[1]] += 1
                if "O_CREAT" in line or re.match(r"\d+\s+(rename|unlink|v?fork|clone)", line):
                    self.written.append(line)
        return counted

    def healthy_instructions(self):
        """The least of some rounds, whose stacks begin at other places within a cache line and a page: how memory is copied and compared
        depends on that, and the place on the kernel. And a round that did something besides (a courier; the lease, after a long pause)
        is not the least."""
        profiles = [self.profile(padding="x" * ((1024 + 16) * place)) for place in range(4)]
        return {
            "healthy round": min(p.total() for p in profiles),
            "healthy round: deciding": self.profile(f"--toggle-collect={DECIDING}").own(),
            "healthy round: configuration": min(p.of(CONFIGURATION) for p in profiles),
        }

    def healthy_calls(self):
        """Of a round that wrote nothing."""
        for _ in range(5):
            counted = self.calls()
            if not self.written:
                return counted
        raise AssertionError(f"no round that writes nothing: {self.written}")

    def edit(self):
        """The same text in another file, as an editor leaves it; long enough ago for the caches to be written anew by the next round."""
        with open(os.path.join(self.conf_dir, "workers.conf")) as file:
            path = self.write("conf.d/workers.conf", file.read())
        wait_until("files have settled", lambda: time.time() - os.stat(path).st_ctime > 3)


def measured():
    """{"instructions": {what: count}, "calls": {name: count that WORKERS more workers cost}}"""
    herd = Herd()
    herd.setUp()
    try:
        herd.populate(WORKERS)
        healthy = herd.healthy_instructions()
        few = herd.healthy_calls()
        herd.edit()
        edited = herd.profile()
        herd.populate(2 * WORKERS)
        many = herd.healthy_calls()
    finally:
        herd.doCleanups()
    return {
        "instructions": {
            **healthy,
            "round after an edit": edited.total(),
            "round after an edit: configuration": edited.of(CONFIGURATION),
        },
        "calls": {name: many[name] - few[name] for name in sorted(many | few)
                  if many[name] != few[name] and name not in NOT_PER_WORKER},
    }


# ---- commands ---------------------------------------------------------------------------------

def load():
    with open(COUNTS) as file:
        return json.load(file)


def renew(reason):
    if not reason.strip():
        sys.exit("a reason is needed: what made the counts change, and why that is worth it")
    counts = {"built": built_with(), **measured()}
    try:
        old = load()
    except FileNotFoundError:
        old = {"renewed": [], **counts}
    if old["built"] != counts["built"]:
        print(f"another build than before: {counts['built']}")
    for text in sum(compare(old, counts), []):
        print(text)
    counts["renewed"] = old["renewed"] + [{"date": datetime.date.today().isoformat(), "reason": reason.strip()}]
    with open(COUNTS, "w") as file:
        json.dump(counts, file, indent=1, ensure_ascii=False)
        file.write("\n")


def main():
    if sys.argv[1:] == ["show"]:
        print(json.dumps({"built": built_with(), **measured()}, indent=1))
    elif len(sys.argv) == 3 and sys.argv[1] == "renew":
        renew(sys.argv[2])
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
