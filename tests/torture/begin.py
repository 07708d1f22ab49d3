# SPDX-License-Identifier: ISC
"""How the torture begins programs: at main(), from a child of a program that has been executed and linked once (zygote.c), traced (inject.c) or not.

What they execute in turn is executed as ever.
"""
import collections
import os
import select
import struct
import subprocess

Done = collections.namedtuple("Done", "returncode said")


class Zygote:
    """A program at the door of main()."""
    REQUEST = struct.Struct("=II8I512s")
    NUMBER = struct.Struct("=i")

    def __init__(self, argv, environment, preload, output):
        self.output = output
        request, self.requests = os.pipe()
        self.replies, reply = os.pipe()
        go, self.go = os.pipe()
        given = (request, reply, go)
        self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, pass_fds=given, process_group=0, env={
            **environment, "LD_PRELOAD": ":".join(preload), "ZYGOTE": f"{request} {reply} {go} {output}"})
        for fd in given:
            os.close(fd)
        self.pid = self.process.pid
        # How many allocations there were before main(), where nomem.so counts.
        self.allocations = self.hear(60)

    def hear(self, patience_s):
        if not select.select([self.replies], [], [], patience_s)[0]:
            return None
        heard = os.read(self.replies, self.NUMBER.size)
        if len(heard) < self.NUMBER.size:
            raise OSError("the zygote has ended")
        return self.NUMBER.unpack(heard)[0]

    def run(self, patience_s, allocation=""):
        """Runs it, and waits for its end; ALLOCATION: which one fails, for nomem.so."""
        os.write(self.requests, self.REQUEST.pack(0, 0, *[0] * 8, allocation.encode()))
        pid = self.hear(patience_s)
        status = self.hear(patience_s)
        if status is None:
            os.kill(pid, 9)
            self.hear(patience_s)
            raise AssertionError("it hangs")
        said = ""
        if not allocation and os.stat(self.output).st_size:
            with open(self.output, errors="replace") as file:
                said = file.read()
        return Done(os.waitstatus_to_exitcode(status), said)

    def end(self):
        for fd in (self.requests, self.replies, self.go):
            os.close(fd)
        self.process.kill()
        self.process.wait()


class Injector:
    """inject.c, which follows ZYGOTE's children, or COMMAND, which it executes."""

    def __init__(self, program, zygote, command, environment):
        given = (zygote.requests, zygote.replies, zygote.go)
        self.process = subprocess.Popen([program, "-s", *map(str, given), *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0,
                                        pass_fds=given, process_group=0, env=environment)
        self.pid = self.process.pid

    def run(self, patience_s, point, is_listing, *how):
        """The lines of its report, as words."""
        self.process.stdin.write(" ".join(map(str, (int(patience_s), point, int(is_listing), *how))).encode() + b"\n")
        heard = b""
        while not heard.endswith(b"over\n"):
            # It has a deadline itself.
            more = os.read(self.process.stdout.fileno(), 65536) if select.select([self.process.stdout], [], [], patience_s * 2)[0] else b""
            if not more:
                raise OSError("inject has failed")
            heard += more
        return [line.split() for line in heard.decode(errors="replace").splitlines()]

    def end(self):
        self.process.kill()
        self.process.communicate()
