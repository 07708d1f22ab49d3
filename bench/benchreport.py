# SPDX-License-Identifier: ISC
"""What bench/run found, for people: Markdown tables, the targets, plots by gnuplot."""
import datetime
import math
import os
import platform
import re
import shutil
import subprocess


def output(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL).stdout.strip()
    except OSError:
        return ""


def first_line(path, key):
    try:
        with open(path) as file:
            return next(line.split(":", 1)[1].strip() for line in file if line.startswith(key))
    except (OSError, StopIteration):
        return "?"


def about(program, static):
    """Machine, versions and date."""
    versions = [output(program, "--version")]
    if static:
        versions.append("and its static build")
    for package in ("supervisor", "monit", "runit", "s6", "php-cli", "php-symfony-process", "libc6"):
        version = output("dpkg-query", "-W", "-f=${Version}", package)
        if version:
            versions.append(f"{package} {version}")
    with open("/etc/os-release") as file:
        system = re.search(r'^PRETTY_NAME="?([^"\n]*)', file.read(), re.M)
    return {
        "date": datetime.datetime.now().astimezone().isoformat(timespec="minutes"),
        "machine": f"{os.cpu_count()} × {first_line('/proc/cpuinfo', 'model name')}, {first_line('/proc/meminfo', 'MemTotal')}",
        "system": f"{system[1] if system else '?'}, Linux {platform.release()}",
        "versions": versions,
        "load_at_beginning": os.getloadavg()[0],
    }


# ---- figures ----------------------------------------------------------------------------------

def dig(results, *path):
    """What is at PATH, None where nothing is."""
    for key in path:
        results = results.get(str(key)) if isinstance(results, dict) else None
    return results


def median(value):
    return value["median"] if isinstance(value, dict) and "median" in value else None


def shown(value, factor=1.0):
    """A figure in three digits; how many samples it is of where they are few."""
    if value is None:
        return "–"
    if isinstance(value, dict) and "over_s" in value:
        return f"over {value['over_s']} s"
    few = ""
    if isinstance(value, int) and factor == 1:
        return f"{value:,}"
    if isinstance(value, dict):
        few = f" ({value['n']})" if value["n"] < 20 else ""
        few += f" ({value['lost']} not within 30 s)" if value.get("lost") else ""
        value = value["median"]
    value *= factor
    if not value:
        return f"0{few}"
    digits = max(0, 2 - int(math.floor(math.log10(abs(value)))))
    return f"{value:,.{digits}f}{few}"


def counts_of(part):
    return sorted(part, key=int)


def names_of(part):
    """In the order in which they came first."""
    return list(dict.fromkeys(name for count in counts_of(part) for name in part[count]))


def growth(results, part, name, field, low=100, high=10000):
    """The exponent between LOW and HIGH."""
    a, b = (median(dig(results, part, n, name, field)) for n in (low, high))
    return math.log(b / a) / math.log(high / low) if a and b else None


def table(part, field, unit, factor=1.0, extra=lambda name: ""):
    """A row for each name, a column for each number of workers."""
    counts = counts_of(part)
    rows = [f"| {unit} | " + " | ".join(f"{int(n):,}" for n in counts) + " |", "| --- |" + " --- |" * len(counts)]
    for name in names_of(part):
        cells = []
        for count in counts:
            value = part[count].get(name)
            cells.append(shown(value if value is None or "over_s" in value else value.get(field), factor))
        if set(cells) != {"–"}:
            rows.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(rows)


# ---- targets ----------------------------------------------------------------------------------

def ratio(a, b):
    a, b = (median(v) if isinstance(v, dict) else v for v in (a, b))
    return a / b if a and b else None


def targets(results):
    """[(what, target, measured or None, the most that meets it)]"""
    found = []

    def add(what, most, value):
        found.append((what, most, value))

    for n in (10, 100, 1000):
        for files in ("one file", "N files"):
            add(f"healthy round, {n:,} workers in {files} / state floor", 1.3, dig(results, "round", n, f"round, {files}", "to floor state"))
    add("healthy round, 1 worker / /bin/true", 1.4, dig(results, "round", 1, "round, one file", "to /bin/true"))

    def cpu(n, name):
        return dig(results, "round", n, name, "cpu_us")
    add("its CPU at 1,000 / supervisord's idle minute", 1 / 15, ratio(cpu(1000, "round, one file"), cpu(1000, "supervisord, idle minute")))
    add("its CPU at 1,000 / one cycle of monit", 1 / 4, ratio(cpu(1000, "round, one file"), cpu(1000, "monit, one cycle")))
    add("its CPU at 100 / ps, fgrep, grep for each", 1 / 400, ratio(cpu(100, "round, one file"), cpu(100, "kaliop, exec")))
    for what, name in (("healthy round", "round, one file"), ("after an edit", "after an edit, one file")):
        add(f"growth from 100 to 10,000, {what}: exponent", 1.05, growth(results, "round", name, "wall_us"))
    for files in ("one file", "N files"):
        add(f"after an edit, 1,000 workers in {files} / state floor", 3.5,
            dig(results, "round", 1000, f"after an edit, {files}", "to floor state"))

    def start(name):
        return dig(results, "start", 1000, name, "start_s")
    add("first start of 1,000 / bare loop", 1.5, ratio(start("cronherd"), start("bare loop")))
    add("first start of 1,000 / supervisord", 1 / 20, ratio(start("cronherd"), start("supervisord")))
    for n in (100, 1000):
        one, burst = (dig(results, "kill", n, "cronherd", field) or {} for field in ("one_ms", "burst_ms"))
        add(f"replacement, {n:,} workers: median / runit's", 1.0, ratio(one, dig(results, "kill", n, "runit", "one_ms")))
        add(f"replacement, {n:,} workers: p99 / median", 3.0, ratio(one.get("p99"), one))
        add(f"replacement, 100 of {n:,} at once: p99 / median", 3.0, ratio(burst.get("p99"), burst))
        add(f"replacement by run --for, {n:,} workers: median ms", 1.0, median(dig(results, "kill", n, "cronherd run --for", "one_ms")))
    add("memory of keeping 1,000: private MiB", 1.0, ratio(dig(results, "start", 1000, "cronherd", "private_kib"), 1024))
    add("keeper processes of 1,000 between rounds", 1, dig(results, "start", 1000, "cronherd", "processes"))
    add("peak memory of a round at 1,000: MiB", 4.0, ratio(dig(results, "round", 1000, "round, one file", "peak_kib"), 1024))
    add("status --json / supervisorctl status, 1,000", 1 / 20, ratio(dig(results, "round", 1000, "status --json", "wall_us"),
                                                                     dig(results, "round", 1000, "supervisorctl status", "wall_us")))
    return found


def targets_table(results):
    rows = ["| figure | at most | measured | |", "| --- | --- | --- | --- |"]
    for what, most, value in targets(results):
        verdict = "not measured" if value is None else "met" if value <= most else "**not met**"
        limit = f"1/{1 / most:.0f}" if most < 0.5 else f"{most:g}"
        measured = "–" if value is None else f"1/{1 / value:.1f}" if value < 0.5 and most < 0.5 else f"{value:.2f}"
        rows.append(f"| {what} | {limit} | {measured} | {verdict} |")
    return "\n".join(rows)


def growth_table(results):
    rows = ["| exponent | 100 to 1,000 | 100 to 10,000 |", "| --- | --- | --- |"]
    for part, field in (("round", "wall_us"), ("start", "start_s"), ("start", "stop_s"), ("kill", "one_ms")):
        for name in names_of(results.get(part, {})):
            values = [growth(results, part, name, field, high=high) for high in (1000, 10000)]
            if any(v is not None for v in values):
                what = {"start_s": "first start", "stop_s": "stop of all", "one_ms": "replacement"}.get(field)
                rows.append(f"| {what + ': ' if what else ''}{name} | " + " | ".join("–" if v is None else f"{v:.2f}" for v in values) + " |")
    return "\n".join(rows)


# ---- the report -------------------------------------------------------------------------------

def ratios_table(part):
    rows = ["| to the state floor, same turn | " + " | ".join(f"{int(n):,}" for n in counts_of(part)) + " |",
            "| --- |" + " --- |" * len(part)]
    for name in names_of(part):
        values = [dig(part, n, name, "to floor state") for n in counts_of(part)]
        if any(values) and name != "floor state":
            rows.append(f"| {name} | " + " | ".join("–" if v is None else f"{v:.2f}" for v in values) + " |")
    return "\n".join(rows)


def report(about, results):
    lines = [f"Measured {about['date']} on {about['machine']}; {about['system']}; load {about['load_at_beginning']:.1f} before, "
             f"{about.get('load_at_end', 0):.1f} after; {about.get('took_s', 0)} s{', cut short' if about.get('cut_short') else ''}. {', '.join(about['versions'])}.",
             "Medians; in brackets of how many, where of fewer than 20. –: not measured.", ""]

    def section(title, *tables):
        lines.extend([f"### {title}", ""])
        for text in tables:
            lines.extend([text, ""])

    section("Targets", targets_table(results))
    if "round" in results:
        part = results["round"]
        section("A look at all workers", table(part, "wall_us", "wall, ms", 1e-3), table(part, "cpu_us", "CPU, ms", 1e-3), ratios_table(part),
                table(part, "peak_kib", "peak memory, MiB", 1 / 1024), table(part, "calls", "system calls"))
    if "start" in results:
        part = results["start"]
        section("First start of all, memory of keeping, stop of all", table(part, "start_s", "start, s"),
                table(part, "private_kib", "private memory, MiB", 1 / 1024), table(part, "pss_kib", "proportional memory, MiB", 1 / 1024),
                table(part, "processes", "keeper processes"), table(part, "stop_s", "stop, s"))
    if "kill" in results:
        part = results["kill"]
        p99 = {n: {name: {field: {**value, "median": value["p99"]} for field, value in row.items() if "p99" in value}
                   for name, row in part[n].items()} for n in part}
        section("From kill -9 to the replacement's first line", table(part, "one_ms", "one at a time, median ms"),
                table(p99, "one_ms", "one at a time, p99 ms"), table(part, "burst_ms", "100 at once, median ms"),
                table(p99, "burst_ms", "100 at once, p99 ms"))
    if "events" in results:
        section("What telling adds", results["events"].strip())
    text = growth_table(results)
    if text.count("\n") > 1:
        section("Growth", text)
    return "\n".join(lines)


# ---- plots ------------------------------------------------------------------------------------

PLOTS = (
    ("round", "wall_us", 1e-3, "a look at all workers", "ms", r"floor state|round, (one|static)|monit validate|kaliop, exec|supervisorctl|status --json|/bin/true"),
    ("start", "start_s", 1, "first start of all", "s", ""),
    ("start", "pss_kib", 1 / 1024, "memory of keeping (proportional)", "MiB", ""),
    ("kill", "one_ms", 1, "from kill -9 to the replacement", "ms", ""),
)


def plot(results, dir):
    """An SVG for each of PLOTS that has two points on a line; nothing without gnuplot."""
    if not shutil.which("gnuplot"):
        return
    for part, field, factor, title, unit, wanted in PLOTS:
        lines = []
        for name in names_of(results.get(part, {})):
            points = []
            for count in counts_of(results[part]):
                value = dig(results, part, count, name, field)
                value = median(value) if isinstance(value, dict) else value
                if value:
                    points.append((int(count), value * factor))
            if len(points) > 1 and re.search(wanted, name):
                lines.append((name, points))
        if not lines:
            continue
        script = [f'set terminal svg size 800,500 font "sans,12" background "white"\nset output "{dir}/{part}-{field.rsplit("_", 1)[0]}.svg"',
                  f'set title "{title}"\nset xlabel "workers"\nset ylabel "{unit}"\nset logscale xy\nset grid\nset key outside right\n'
                  'set linetype cycle 8']
        for number, (name, points) in enumerate(lines):
            script.append(f"$d{number} << END\n" + "\n".join(f"{x} {y:g}" for x, y in points) + "\nEND")
        script.append("plot " + ", ".join(f'$d{number} with linespoints title "{name}" noenhanced' for number, (name, _) in enumerate(lines)))
        subprocess.run(["gnuplot"], input="\n".join(script) + "\n", text=True, check=False)
