#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What the counters of a build for gcov say: lines and branches by folder (make coverage; doc/reliability.md).

    report.py                      the table, of the build in the current directory
    report.py --files              the same by file, the least covered first
    report.py --missing FILE ...   the lines of these files that were never executed, and branches never taken
    report.py --errors FILE ...    which lines of these files the rule takes for error paths

Ends with status 1 below 95 % of lines or 85 % of branches.

Error paths are not counted: tests/torture fails each call and looks at what becomes of it. What one is, is read from the source,
by a rule and not by marks. An `if` without an inner block, whose body

  1. has errno in it (what a system call said is reported or passed on); or
  2. returns or leaves, where the condition hands `err` to a call (an error is passed on), or asks nothing but whether a system
     call has failed, or whether a descriptor or a pid is none.

Not counted are the lines of the body and the branches of the condition. A refusal of what a person or a file said is none of
that, and is counted where it is made; where its caller passes it on in such a form, it is not. So that nobody has to trust the rule,
the last line of the table counts everything.
"""
import argparse
import collections
import json
import os
import re
import subprocess
import sys

SOURCES = os.path.realpath(os.environ.get("SRCDIR", os.path.join(os.path.dirname(__file__), "..", "..")))
ROOTS = ("pidfiles", "cron", "watchdog")
LEAST = {"lines": 95.0, "branches": 85.0}
SYSTEM_CALLS = """access chdir chmod chown clock_gettime close close_range dup dup2 dup3 execv execve faccessat fchdir fchmod fchmodat
fchown fchownat fcntl fdatasync fdopen fdopendir fgetxattr flock fopen fork fstat fstatat fsync ftruncate getpriority getrandom
getrlimit initgroups inotify_add_watch inotify_init1 ioctl kill linkat lseek lstat mkdir mkdirat mkfifo mmap mount open openat
opendir pidfd_open pidfd_send_signal pipe pipe2 poll prctl pread pwrite read readdir readlink readlinkat realpath rename renameat
renameat2 rmdir sched_setscheduler setgid setgroups setpriority setresgid setresuid setrlimit setsid setuid sigaction sigprocmask
socket stat statvfs syscall symlinkat unlink unlinkat utimensat waitid waitpid wait4 write""".split()
FAILED_CALL = re.compile(r"\b(?:%s)\s*\(" % "|".join(SYSTEM_CALLS))
FAILED_RESULT = re.compile(r"\b(?:\w*fd|\w*pid|fds\[\w+\]|\w+->\w*fd|\w+->\w*pid)\s*(?:<\s*0|==\s*-1)")
LEAVES = re.compile(r"\b(?:return|goto|break|continue|_exit)\b")


def blanked(text):
    """TEXT with comments, strings and character constants as blanks: each character stays where it is."""
    def blank(match):
        return re.sub(r"[^\n]", " ", match[0])
    return re.sub(r'/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', blank, text, flags=re.S)


def closing(text, at):
    """Where the bracket at AT is closed."""
    depth = 0
    pairs = {"(": ")", "{": "}"}
    for i in range(at, len(text)):
        if text[i] == text[at]:
            depth += 1
        elif text[i] == pairs[text[at]]:
            depth -= 1
            if not depth:
                return i
    return len(text) - 1


def has_failed(condition):
    """Whether CONDITION asks that and nothing else of a system call, a descriptor or a pid."""
    if "&&" in condition or "||" in condition or "== 0" in condition or "(!" in condition:
        return False
    return FAILED_CALL.search(condition) or FAILED_RESULT.search(condition)


def error_paths(text):
    """Numbers of the lines of bodies, and of conditions, of error paths."""
    text = blanked(text)
    bodies, conditions = set(), set()
    for match in re.finditer(r"\bif\s*\(", text):
        start = match.end() - 1
        end = closing(text, start)
        condition = text[start:end + 1]
        body_at = end + 1 + re.match(r"\s*", text[end + 1:]).end()
        if text[body_at] == "{":
            body_end = closing(text, body_at)
        else:
            body_end = text.find(";", body_at)
        body = text[body_at:body_end + 1].strip("{}")
        if "{" in body or re.search(r"\b(?:if|for|while|switch)\b", body):
            continue
        is_reported = re.search(r"\berrno\b(?!\s*=[^=])", body)
        is_passed_on = LEAVES.search(body) and (re.search(r"\berr\)", condition) or has_failed(condition))
        if not is_reported and not is_passed_on:
            continue
        line = text.count("\n", 0, start) + 1
        end_line = text.count("\n", 0, end) + 1
        conditions.update(range(line, end_line + 1))
        bodies.update(range(end_line + 1, text.count("\n", 0, body_end) + 2))
    # The bracket that ends a body begins, where there is an else, something else.
    return bodies, conditions - bodies


class Source:
    def __init__(self, name):
        self.name = name
        self.counts = collections.Counter()
        self.branches = {}
        with open(os.path.join(SOURCES, name)) as file:
            self.text = file.read()
        self.bodies, self.conditions = error_paths(self.text)

    def add(self, line):
        number = line["line_number"]
        self.counts[number] += line["count"]
        taken = [branch["count"] for branch in line["branches"]]
        old = self.branches.setdefault(number, taken)
        if old is not taken:
            if len(old) == len(taken):
                self.branches[number] = [a + b for a, b in zip(old, taken)]
            else:
                self.branches[number] = max(old, taken, key=len)

    def figures(self):
        lines = [number for number in self.counts if number not in self.bodies]
        branches = [taken for number, counts in self.branches.items()
                    if number not in self.bodies and number not in self.conditions for taken in counts]
        return Figures(len(lines), sum(self.counts[number] > 0 for number in lines), len(branches), sum(t > 0 for t in branches),
                       sum(number in self.bodies for number in self.counts),
                       sum(number in self.bodies and count > 0 for number, count in self.counts.items()))

    def all_figures(self):
        """As figures(), with nothing left out."""
        branches = [taken for counts in self.branches.values() for taken in counts]
        return Figures(len(self.counts), sum(count > 0 for count in self.counts.values()), len(branches), sum(t > 0 for t in branches),
                       0, 0)

    def missing(self):
        for number, text in enumerate(self.text.splitlines(), 1):
            if number in self.bodies or number not in self.counts:
                continue
            if not self.counts[number]:
                yield f"{self.name}:{number}: never: {text.strip()}"
            elif number not in self.conditions and 0 in self.branches[number]:
                counts = self.branches[number]
                yield f"{self.name}:{number}: {counts.count(0)} of {len(counts)} branches never: {text.strip()}"


class Figures(collections.namedtuple("Figures", "lines hit branches taken error_lines error_hit")):
    def __add__(self, other):
        return Figures(*(a + b for a, b in zip(self, other)))

    @staticmethod
    def percent(part, whole):
        return 100.0 * part / whole if whole else 100.0

    def row(self, name):
        return (f"| {name:32} | {self.lines:6} | {self.percent(self.hit, self.lines):5.1f} | {self.branches:6} |"
                f" {self.percent(self.taken, self.branches):5.1f} | {self.error_lines:5} | {self.percent(self.error_hit, self.error_lines):5.1f} |")


NO_FIGURES = Figures(0, 0, 0, 0, 0, 0)


def read_counters():
    """All files of the product, as gcov tells of the build in the current directory."""
    notes = []
    for root in ROOTS:
        for folder, _, names in os.walk(root):
            notes += [os.path.join(folder, name) for name in names if name.endswith(".gcno")]
    if not notes:
        raise SystemExit("report.py: no .gcno files: this is no build for gcov (configure --enable-coverage)")
    # One gcov for many files says the same thing several times where two objects have one name: one each.
    sources = {}
    for note in sorted(notes):
        done = subprocess.run(["gcov", "--json-format", "--stdout", "--branch-probabilities", note], check=True,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        for file in json.loads(done.stdout)["files"]:
            name = os.path.relpath(os.path.realpath(file["file"]), SOURCES)
            if name.split("/")[0] not in ROOTS:
                continue
            source = sources.get(name) or sources.setdefault(name, Source(name))
            for line in file["lines"]:
                source.add(line)
    return sources


def table(rows, total):
    print(f"| {'':32} | lines  |   %   | branch |   %   | error |   %   |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for name, figures in rows:
        print(figures.row(name))
    print(total.row("all"))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", action="store_true")
    parser.add_argument("--missing", action="store_true")
    parser.add_argument("--errors", action="store_true")
    parser.add_argument("names", nargs="*", metavar="FILE")
    args = parser.parse_args()
    if args.errors:
        for name in args.names:
            source = Source(name)
            for number, text in enumerate(source.text.splitlines(), 1):
                print(f"{'E' if number in source.bodies else '?' if number in source.conditions else ' '} {number:4} {text}")
        return 0
    sources = read_counters()
    if args.missing:
        for name in args.names or sorted(sources):
            for line in sources[name].missing():
                print(line)
        return 0
    groups = collections.defaultdict(lambda: NO_FIGURES)
    for name, source in sources.items():
        groups[name if args.files else os.path.dirname(name)] += source.figures()
    rows = sorted(groups.items())
    if args.files:
        rows.sort(key=lambda row: row[1].percent(row[1].hit, row[1].lines))
    total = sum(groups.values(), NO_FIGURES)
    table(rows, total)
    print(sum((source.all_figures() for source in sources.values()), NO_FIGURES).row("all, and error paths"))
    reached = {"lines": total.percent(total.hit, total.lines), "branches": total.percent(total.taken, total.branches)}
    for what, least in LEAST.items():
        if reached[what] < least:
            print(f"below {least} % of {what}")
    return any(reached[what] < least for what, least in LEAST.items())


if __name__ == "__main__":
    sys.exit(main())
