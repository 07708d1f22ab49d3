# SPDX-License-Identifier: ISC
"""cronherd on a terminal: what it draws is collected as it comes, what a person types is typed."""
import fcntl
import os
import pty
import struct
import subprocess
import termios
import threading

from herdtest import PATIENCE, PROGRAM, wait_until


class Terminal:
    """cronherd ARGS with a terminal of its own on all three descriptors; killed, where it still is, when TEST ends."""

    def __init__(self, test, *args, rows=24, columns=120, env=None):
        self.output = b""
        self.master, slave = pty.openpty()
        self.resize(rows, columns)
        self.process = subprocess.Popen([PROGRAM, "-c", test.config, *map(str, args)], stdin=slave, stdout=slave, stderr=slave,
                                        start_new_session=True, env={**os.environ, "TERM": "xterm", **(env or {})},
                                        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY))
        os.close(slave)
        self.reader = threading.Thread(target=self.collect)
        self.reader.start()
        test.addCleanup(self.close)

    def collect(self):
        try:
            while part := os.read(self.master, 65536):
                self.output += part
        except OSError:
            pass  # nobody has the other side any more

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.reader.join(PATIENCE)
        os.close(self.master)

    def resize(self, rows, columns):
        """The kernel tells whoever is in the foreground (SIGWINCH)."""
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    @property
    def text(self):
        return self.output.decode(errors="replace").replace("\r\n", "\n")

    def wait_for(self, text):
        wait_until(f"{text!r} is on the terminal", lambda: text in self.text)

    def type(self, text):
        os.write(self.master, text.encode())

    def interrupt(self):
        """Ctrl-C."""
        self.type("\x03")

    def send(self, sig):
        os.kill(self.process.pid, sig)

    def wait(self):
        """Its exit status, once all that it printed was collected."""
        status = self.process.wait(PATIENCE * 3)
        self.reader.join(PATIENCE)
        return status
