# SPDX-License-Identifier: ISC
"""The scenarios: a command each, and what is to be looked at besides."""
import collections
import http.server
import json
import os
import re
import shutil
import signal
import sqlite3
import stat
import subprocess
import threading

from begin import Zygote
from boxes import with_sum
from herdtest import PATIENCE, PROGRAM, read
from looking import Broken, mine, others, parent, wait_until, write
from scenario import Scenario


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
    ATTACHED = True

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
        """Of those that the same call for in the same way, the first and the last."""
        chains = self.chains()
        by_chain = collections.defaultdict(list)
        for number in sorted(chains):
            by_chain[chains[number]].append(number)
        kept = []
        for numbers in by_chain.values():
            kept.extend(numbers if len(numbers) <= 2 else (numbers[0], numbers[-1]))
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
