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
import hashlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "blackbox"))
from herdtest import read  # noqa: E402
from scenarios import SCENARIOS  # noqa: E402

# What all scenarios together may take, one after the other: twenty minutes where two cores are busy with them.
SECONDS = float(os.environ.get("CRONHERD_TORTURE_SECONDS", "2400"))
# Of each scenario; 0: as many as there is time for.
POINTS = int(os.environ.get("CRONHERD_TORTURE_POINTS", "80"))
# How many go through a scenario's points side by side: more than half of the time of a point is waiting. A sample is drawn by one.
PARTS = int(os.environ.get("CRONHERD_TORTURE_PARTS", "1" if POINTS else "8"))
# At least so many points of a scenario, however slow the machine is.
AT_LEAST = 20
# How much of the time is whose: about what all of its points take, in thousandths.
SHARES = {
    "first-start": 102, "heal": 26, "stranger": 28, "bloated": 70, "rolling": 76, "removed": 61, "steady": 10, "rotate": 14, "stop": 57,
    "start": 50, "restart": 54, "minder": 79, "cron-install": 41, "deliver": 120, "memory-first-start": 19, "memory-heal": 11,
    "memory-stop": 12, "memory-deliver": 170,
}
assert SHARES.keys() == SCENARIOS.keys() and sum(SHARES.values()) == 1000


class Tally:
    def __init__(self, name):
        self.name = name
        self.tried = self.kills = 0
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
    kills, errors, what = plan(scenario, os.environ.get("TORTURE_PLAN"))  # where main() begins is known by that, too
    if args[:1] == ["plan"]:
        return 0
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


def plan(scenario, path):
    """The points: as they are in the file PATH, or, where that is none yet, made and written to it."""
    if path and os.path.exists(path):
        with open(path) as file:
            return scenario.take(json.load(file))
    made = scenario.plan()
    if path:
        with open(path, "w") as file:
            json.dump(made, file)
    return made["kills"], made["errors"], made["what"]


def in_turn(tally, scenario, kills, errors, args, began):
    """Tries them all, or until the time is up, in an order that is the same each time, and hardly another when a call is added; says how many."""
    end = began + float(os.environ.get("TORTURE_SHARE_S", SECONDS * SHARES[tally.name] / 1000))
    is_kill = set(kills)
    part, parts = (int(number) for number in os.environ.get("TORTURE_PART", "0/1").split("/"))
    for point in sorted(kills + errors, key=lambda point: hashlib.sha256(point.encode()).digest())[part::parts]:
        if not args and (tally.tried >= (POINTS or len(kills + errors)) or (tally.tried >= AT_LEAST and time.monotonic() > end)):
            break
        tally.run(scenario, point)
        tally.kills += point in is_kill
    if parts > 1:
        with open(f"{os.environ['TORTURE_PLAN']}.{part}", "w") as file:
            json.dump([tally.kills, tally.tried - tally.kills, len(tally.missed), len(tally.broken)], file)
    return how_many(kills, errors, tally.kills, tally.tried - tally.kills)


def how_many(kills, errors, tried_kills, tried_errors):
    return f"tried {tried_kills:,} of {len(kills):,} kills, {tried_errors:,} of {len(errors):,} failures"


def sum_up(name, path):
    """Says what all parts of the plan in PATH have tried."""
    with open(path) as file:
        plan = json.load(file)
    totals = [0, 0, 0, 0]
    for part in range(PARTS):
        if os.path.exists(f"{path}.{part}"):
            with open(f"{path}.{part}") as file:
                totals = list(map(sum, zip(totals, json.load(file))))
    print(f"{name}: all parts: {plan['what']}; {how_many(plan['kills'], plan['errors'], *totals[:2])}; "
          f"{totals[2]} not reached, {totals[3]} broken", flush=True)


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
    with tempfile.TemporaryDirectory(prefix="cronherd-torture-") as folder:
        environment = {**os.environ, "TORTURE_PLAN": folder + "/plan"}
        program = [sys.executable, HERE + "/torture.py", name]
        planned = subprocess.run([*program, "plan"], env=environment, check=False).returncode if PARTS > 1 else 0
        if planned:
            return [planned]  # 77: this machine is none that is known, which is no failure
        parts = [subprocess.Popen(program, env={**environment, "TORTURE_PART": f"{part}/{PARTS}"}) for part in range(PARTS)]
        statuses = [process.wait() for process in parts]
        if PARTS > 1:
            sum_up(name, folder + "/plan")
        return statuses


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
