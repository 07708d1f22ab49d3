# SPDX-License-Identifier: ISC
"""The fixture of all black-box tests: a throw-away herd, and waiting with a deadline.

A test file is a unittest module; `python3 tests/blackbox/test_x.py` runs it against the program named by the environment
variable CRONHERD (default: ./cronherd). Nothing here sleeps and hopes: wait_until polls. At the end of a test every process that
bears the mark of the test's own state directory is ended, and nothing else is; so, too, where the test itself is ended by SIGTERM.
"""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

PROGRAM = os.path.abspath(os.environ.get("CRONHERD", "./cronherd"))
# The same objects with the C library loaded, not linked in: something can be preloaded, and what is ours be told from what is its.
DYNAMIC_PROGRAM = os.path.join(os.path.dirname(PROGRAM), "tests", "dynamic", "cronherd")
SOURCES = os.path.abspath(os.environ.get("SRCDIR", os.path.join(os.path.dirname(__file__), "..", "..")))
# A slow and loaded machine gets more time, never a weaker check.
PATIENCE = float(os.environ.get("CRONHERD_TEST_PATIENCE", "60"))

# A build with sanitizers (make check says so). What its program cannot do is said where a test differs.
SANITIZED = os.environ.get("CRONHERD_SANITIZED") == "yes"
# LeakSanitizer looks from a second process, as a tracer, and a process has but one.
STRACE = ["strace", "-E", "ASAN_OPTIONS=detect_leaks=0"] if SANITIZED else ["strace"]


# Where root's herds have their compiled configurations: not below a test's own directory.
SHARED_CACHE = "/usr/local/var/cache/cronherd"


def wait_until(what, probe, seconds=None, pause_s=0.02):
    """Polls PROBE until it gives something true, which is returned; fails, naming WHAT, at the deadline."""
    end = time.monotonic() + (seconds or PATIENCE)
    while True:
        found = probe()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"waited in vain until {what}")
        time.sleep(pause_s)


def read(path, default=""):
    try:
        with open(path, errors="replace") as file:
            return file.read()
    except OSError:
        return default


def stat_fields(pid):
    """Fields of /proc/PID/stat from the state on (index 0 is field 3), or None."""
    text = read(f"/proc/{pid}/stat")
    return text[text.rindex(")") + 2:].split() if ")" in text else None


def alive(pid):
    """Whether PID is a process that has not ended; its first thread may have."""
    fields = stat_fields(pid)
    return bool(fields) and (fields[0] not in "ZX" or fields[17] not in "01")


def is_executing(pid):
    """Whether PID is in the middle of exec(2): whoever began it has been told of that, but it has no words and no environment yet."""
    try:
        return bool(os.readlink(f"/proc/{pid}/exe")) and not read(f"/proc/{pid}/cmdline")
    except OSError:
        return False  # of the kernel's, ended, or not ours to see


def words(pid):
    """Its command line, as a list: once it has one, where it is being executed."""
    wait_until(f"{pid} is executed", lambda: not is_executing(pid), pause_s=0.001)
    return read(f"/proc/{pid}/cmdline").split("\0")[:-1]


def environ(pid):
    text = read(f"/proc/{pid}/environ")
    for _ in range(1000):
        if text or not is_executing(pid):
            break
        time.sleep(0.001)
        text = read(f"/proc/{pid}/environ")
    text = text or read(f"/proc/{pid}/environ")
    if not text and (stat_fields(pid) or "-")[0] == "Z" and alive(pid):
        # Its first thread has left: another one knows.
        text = next(filter(None, (read(f"/proc/{pid}/task/{tid}/environ") for tid in os.listdir(f"/proc/{pid}/task"))), "")
    return dict(item.split("=", 1) for item in text.split("\0") if "=" in item)


def forget_compiled(directory):
    """Removes the compiled configurations of root's herds in DIRECTORY."""
    for name in os.listdir(SHARED_CACHE) if os.access(SHARED_CACHE, os.W_OK) else ():
        path = os.path.join(SHARED_CACHE, name)
        try:
            with open(path, "rb") as file:
                is_theirs = directory.encode() + b"/" in file.read()
            if is_theirs:
                os.unlink(path)
        except OSError:
            pass  # another test's, gone meanwhile


def all_pids():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


class HerdTest(unittest.TestCase):
    """A herd in a temporary directory: self.dir, with cronherd.conf, conf.d and the state directory."""

    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="cronherd-test-")
        os.chmod(self.dir, 0o755)
        self.state = os.path.join(self.dir, "state")
        self.conf_dir = os.path.join(self.dir, "conf.d")
        self.config = os.path.join(self.dir, "cronherd.conf")
        os.mkdir(self.conf_dir)
        self.write_main()
        self.addCleanup(self.end)
        signal.signal(signal.SIGTERM, self.give_up)

    # ---- files

    def write_main(self, extra=""):
        self.write("cronherd.conf", f"""state_dir = "{self.state}"
pidfile_dir = "{self.state}/pidfiles"
log_dir = "{self.dir}/log"
{extra}
""")

    def write(self, name, text, mode=0o644):
        """Writes a file below self.dir by rename, as an editor does."""
        path = os.path.join(self.dir, name)
        with open(path + ".new", "w") as file:
            file.write(text)
        os.chmod(path + ".new", mode)
        os.rename(path + ".new", path)
        return path

    def worker(self, name, command, file=None, **options):
        """Writes conf.d/FILE.conf with one worker; a value is put as it stands if it is not a str."""
        lines = [f'  command = {self.quote(command)}']
        for key, value in options.items():
            if isinstance(value, bool):
                value = "true" if value else "false"
            elif isinstance(value, (list, tuple)):
                value = "{" + ", ".join(self.quote(item) for item in value) + "}"
            elif isinstance(value, str):
                value = self.quote(value)
            lines.append(f"  {key} = {value}")
        self.write(f"conf.d/{file or name}.conf", f'worker "{name}" {{\n' + "\n".join(lines) + "\n}\n")

    @staticmethod
    def quote(text):
        return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"

    def script(self, name, text):
        """An executable file; its path."""
        return self.write(name, text, 0o755)

    # ---- the program

    def herd(self, *args, check=None, timeout=None, **options):
        """Runs cronherd; CHECK: the exit status that it must have."""
        done = subprocess.run([PROGRAM, "-c", self.config, *map(str, args)], text=True, capture_output=True,
                              stdin=subprocess.DEVNULL, timeout=timeout or PATIENCE * 3, errors="replace",
                              **options)
        if check is not None:
            self.assertEqual(done.returncode, check, f"cronherd {args}: {done.stdout}{done.stderr}")
        return done

    def status(self):
        return json.loads(self.herd("status", "--json", check=0).stdout)

    def instance(self, id):
        return next((i for i in self.status()["instances"] if i["id"] == id), None)

    def pid(self, id):
        """Pid by the pidfile's first line, if that process lives; else None."""
        name, number = id.rsplit(":", 1)
        first = read(f"{self.state}/pidfiles/{name}.{number}.pid").split("\n")[0]
        return int(first) if first.isdigit() and alive(int(first)) else None

    def wait_pid(self, id, other_than=None):
        return wait_until(f"{id} runs", lambda: (lambda p: p if p and p != other_than else None)(self.pid(id)))

    def wait_gone(self, pid):
        wait_until(f"{pid} has ended", lambda: not alive(pid))

    def record(self, id):
        """The record of ID as a dict of strings: only what differs from the initial."""
        name, number = id.rsplit(":", 1)
        lines = read(f"{self.state}/records/{name}.{number}").splitlines()[1:]
        return dict(line.split(" ", 1) for line in lines if " " in line)

    def pidfile(self, id):
        """Path of ID's pidfile."""
        name, number = id.rsplit(":", 1)
        return f"{self.state}/pidfiles/{name}.{number}.pid"

    # ---- processes

    def marked(self, id=None):
        """Living processes of this herd (of instance ID)."""
        found = []
        for pid in all_pids():
            env = environ(pid)
            if env.get("CRONHERD_STATE_DIR") == self.state and (id is None or env.get("CRONHERD_ID") == id) and alive(pid):
                found.append(pid)
        return found

    def mains(self, id):
        """Living main processes of ID: session leaders that bear its mark."""
        return [pid for pid in self.marked(id) if (stat_fields(pid) or [0] * 4)[3] == str(pid)]

    def minders(self):
        """Living cronherd processes that belong to this herd (minders and rounds)."""
        found = []
        for pid in all_pids():
            args = read(f"/proc/{pid}/cmdline").split("\0")
            if "cronherd" in os.path.basename(args[0]) and self.config in args and alive(pid):
                found.append(pid)
        return found

    def give_up(self, sig, _frame):
        """What a test's time limit sends: nothing may stay behind."""
        self.doCleanups()
        self.end()  # it may have been in the middle of that
        os._exit(128 + sig)

    def end(self):
        """Ends what this test's herd started: minders and rounds first, so that nothing comes back."""
        def sweep():
            for pid in self.minders() + self.marked():
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            return not self.minders() and not self.marked()
        wait_until("nothing of the herd is left", sweep)
        forget_compiled(self.dir)
        shutil.rmtree(self.dir, ignore_errors=True)


def main():
    unittest.main(testRunner=unittest.TextTestRunner(stream=sys.stdout, verbosity=2))
