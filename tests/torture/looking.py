# SPDX-License-Identifier: ISC
"""What the torture sees of processes and files, by itself."""
import os
import stat
import time

from herdtest import PATIENCE, read

# A point takes a few hundredths of a second: nothing is waited for much longer than it takes.
PAUSE_S, PAUSE_MAX_S = 0.0005, 0.02


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
