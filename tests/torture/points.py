# SPDX-License-Identifier: ISC
"""Which calls of a list are worth a try, and what can happen to each: POINTs, as torture.py names them."""
import collections
import errno

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
