# SPDX-License-Identifier: ISC
"""The static program of `./quickstart.sh static`, alone in a root that has nothing else; on a new kernel and on one that is as 3.10.

CRONHERD_STATIC_PROGRAM names it (default: build-static/cronherd); its tarball lies beside it.
"""
import functools
import glob
import hashlib
import json
import os
import shutil
import signal
import struct
import subprocess
import tarfile
import tempfile

from boxes import NOBODY, Box, need
from herdtest import PATIENCE, SOURCES, HerdTest, main, read, wait_until
from receivers import Authority, Raw, is_signed, make_secret

STATIC = os.path.abspath(os.environ.get("CRONHERD_STATIC_PROGRAM", f"{SOURCES}/build-static/cronherd"))
HOME = "/home/me"
# Where systems keep the certificates of authorities: a bundle in a file, or one in each file, named by its subject's hash.
BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
HASHED = ("/etc/ssl/certs", "/etc/pki/ca-trust/extracted/pem/directory-hash", "/etc/pki/tls/certs")
PT_DYNAMIC, PT_INTERP = 2, 3


def program():
    if not os.path.exists(STATIC):
        raise AssertionError(f"there is no {STATIC}: ./quickstart.sh static builds it")
    return STATIC


@functools.lru_cache(maxsize=None)
def compiled(name):
    """
    The path of NAME.c beside us, compiled into a static program; removed when the tests end. By musl, since what glibc links
    statically does not run where uname(2) tells of an old kernel.
    """
    need("musl-gcc")
    folder = tempfile.mkdtemp(prefix="cronherd-static-")
    import atexit
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    source = os.path.join(SOURCES, "tests", "blackbox", name + ".c")
    multiarch = subprocess.run(["gcc", "-print-multiarch"], capture_output=True, text=True, check=True).stdout.strip()
    # musl brings no kernel headers, and has no sigabbrev_np.
    flags = ["-D_GNU_SOURCE", "-Dsigabbrev_np=strsignal", "-O1", "-static", "-idirafter", f"/usr/include/{multiarch}",
             "-idirafter", "/usr/include"]
    subprocess.run(["musl-gcc", *flags, "-o", f"{folder}/{name}", source], check=True)
    return f"{folder}/{name}"


class Program(HerdTest):
    """The file itself, and what it comes in."""

    def segments(self, path):
        """Types of the program headers of an ELF file."""
        with open(path, "rb") as file:
            elf = file.read()
        self.assertEqual(elf[:4], b"\x7fELF")
        word, order = elf[4], "<" if elf[5] == 1 else ">"
        offset = struct.unpack_from(order + ("I" if word == 1 else "Q"), elf, 28 if word == 1 else 32)[0]
        size, count = struct.unpack_from(order + "HH", elf, 42 if word == 1 else 54)
        return [struct.unpack_from(order + "I", elf, offset + size * i)[0] for i in range(count)]

    def test_it_is_static_and_small(self):
        self.assertIn(PT_INTERP, self.segments("/bin/ls"), "we can tell")
        self.assertFalse({PT_INTERP, PT_DYNAMIC} & set(self.segments(program())))
        size = os.path.getsize(program())
        print(f"{program()}: {size} bytes")
        self.assertLessEqual(size, 4 << 20)

    def test_tarball(self):
        version = subprocess.run([program(), "--version"], text=True, capture_output=True, check=True).stdout.split()[1]
        name = f"cronherd-{version}-{os.uname().machine}"
        path = f"{os.path.dirname(program())}/{name}.tar.xz"
        self.assertEqual(glob.glob(f"{os.path.dirname(program())}/*.tar.xz"), [path])
        with tarfile.open(path) as tarball:
            members = {member.name: member for member in tarball}
            self.assertTrue(all(member.split("/")[0] == name for member in members))
            packed = tarball.extractfile(f"{name}/bin/cronherd").read()
            sources = tarball.extractfile(f"{name}/share/doc/cronherd/SOURCES").read().decode()
        self.assertEqual(members[f"{name}/bin/cronherd"].mode & 0o777, 0o755)
        self.assertEqual({(member.uid, member.gid) for member in members.values()}, {(0, 0)})
        with open(program(), "rb") as file:
            self.assertEqual(hashlib.sha256(packed).digest(), hashlib.sha256(file.read()).digest())
        samples = [os.path.basename(path) for path in glob.glob(f"{SOURCES}/conf.d/*.conf")]
        self.assertTrue(samples)
        for wanted in ("man/man1/cronherd.1", "man/man5/cronherd.conf.5", "bash-completion/completions/cronherd.bash",
                       "zsh/site-functions/_cronherd", "fish/vendor_completions.d/cronherd.fish", "doc/cronherd/README.md",
                       "doc/cronherd/LICENSE", "doc/cronherd/licences/openssl", "doc/cronherd/licences/curl",
                       *(f"doc/cronherd/conf.d/{sample}" for sample in samples)):
            self.assertIn(f"{name}/share/{wanted}", members)
        for library in ("openssl", "curl", "sqlite3", "jansson", "libconfuse"):
            self.assertRegex(sources, rf"(?m)^{library} \d")


class EmptyRoot(Box):
    """A pid namespace, and in it a root with the program, a worker, /proc, /dev/null, /etc/passwd and a home; nothing else."""

    def __init__(self, test, launcher=(), devices=("null",)):
        super().__init__(test)
        self.launcher = launcher
        self.path = f"{test.dir}/root"
        self.home = self.path + HOME
        for folder in ("bin", "dev", "etc", "proc", HOME[1:] + "/.config/cronherd/conf.d"):
            os.makedirs(f"{self.path}/{folder}")
        shutil.copy(program(), f"{self.path}/bin/cronherd")
        for tool in ("odd", "oldkernel"):
            shutil.copy(compiled(tool), f"{self.path}/bin/{tool}")
        self.write("/etc/passwd", f"root:x:0:0::/root:/bin/sh\nme:x:{NOBODY}:{NOBODY}::{HOME}:/bin/sh\n")
        for folder, _, _ in os.walk(self.home):
            os.chown(folder, NOBODY, NOBODY)
        self.run("mount", "-t", "proc", "proc", f"{self.path}/proc", check=0)
        for device in devices:
            self.write(f"/dev/{device}", "")
            self.run("mount", "--bind", f"/dev/{device}", f"{self.path}/dev/{device}", check=0)

    def write(self, path, text, mode=0o644, owner=0):
        """A file in it, by its path there."""
        os.makedirs(os.path.dirname(self.path + path), exist_ok=True)
        with open(self.path + path, "w") as file:
            file.write(text)
        os.chmod(self.path + path, mode)
        os.chown(self.path + path, owner, owner)

    def herd(self, *args, check=None, uid=NOBODY):
        """cronherd there, as cron would call it."""
        return self.run("chroot", *self.arguments(uid, args), check=check, env=self.environment(uid))

    def helpers(self, *args):
        """How many processes it has begun and seen the end of: a detached courier is begun by one that ends at once."""
        need("strace")
        output = f"{self.path}.trace"
        command = ["strace", "-f", "-q", "-e", "trace=execve", "-o", output, "chroot", *self.arguments(NOBODY, args)]
        strace = subprocess.Popen(self.command(*command), env=self.environment(NOBODY), stdin=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL)

        def ended():
            """Pids that have, the round's own among them; or none, as long as it has not: it is the first that executes anything."""
            lines = read(output).splitlines()
            pids = [line.split()[0] for line in lines if "+++ exited" in line]
            return pids if lines and lines[0].split()[0] in pids else []
        try:
            return len(wait_until("it has ended", ended)) - 1
        finally:
            strace.terminate()
            strace.wait()
            os.unlink(output)

    def begin(self, *args):
        """The same, not waited for."""
        return subprocess.Popen(self.command("chroot", *self.arguments(NOBODY, args)), env=self.environment(NOBODY),
                                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def arguments(self, uid, args):
        return [f"--userspec={uid}:{uid}", "--groups=", self.path, *self.launcher, "/bin/cronherd", *args]

    def environment(self, uid):
        return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": HOME if uid else "/root", "SHELL": "/bin/sh"}


class InAnEmptyRoot(HerdTest):
    launcher = ()
    devices = ("null",)

    def setUp(self):
        super().setUp()
        self.root = EmptyRoot(self, self.launcher, self.devices)
        # By its path outside, where pidfiles are read.
        self.state = f"{self.root.home}/.local/state/cronherd"

    def define(self, text):
        self.root.write(f"{HOME}/.config/cronherd/conf.d/w.conf", text, owner=NOBODY)

    def pid(self, id):
        """In the box."""
        first = read(self.pidfile(id)).split("\n")[0]
        return int(first) if first.isdigit() and self.root.alive(int(first)) else None

    def others(self):
        """Pids in the box but for its init."""
        return [int(name) for name in os.listdir(self.root.proc) if name.isdigit() and int(name) != 1 and self.root.alive(int(name))]

    def comm(self, pid):
        return read(f"{self.root.proc}/{pid}/comm").strip()

    def workers(self):
        return [pid for pid in self.others() if self.comm(pid) == "odd"]

    def states(self):
        found = json.loads(self.root.herd("status", "--json", check=0).stdout)["instances"]
        return {instance["id"]: (instance["state"], instance["pid"]) for instance in found}

    def test_keeps_workers(self):
        self.define('worker "w" {\n command = "/bin/odd pause"\n numprocs = 2\n restart_delay = 0\n startretries = 1000\n}\n')
        ids = ("w:1", "w:2")
        done = self.root.herd("run", check=0)
        self.assertEqual((done.stdout, done.stderr), ("", ""))
        pids = [self.root_wait(id) for id in ids]
        self.assertEqual(sorted(self.workers()), sorted(pids))

        # Its minder sees it end.
        self.root.kill(pids[0])
        pids[0] = self.root_wait("w:1", pids[0])
        wait_until("the minder's round has ended", self.only_minders)

        # Nobody sees it end: the next round does.
        for pid in self.others():
            if self.comm(pid) != "odd":
                self.root.kill(pid)
        wait_until("no minder is left", lambda: sorted(self.others()) == sorted(pids))
        self.root.kill(pids[1])
        self.root.wait_gone(pids[1])
        self.root.herd("run", check=0)
        pids[1] = self.root_wait("w:2", pids[1])
        self.assertEqual(self.root_wait("w:1"), pids[0])
        self.assertEqual(len(self.workers()), 2)

        # What was lost is taken back, not doubled.
        os.unlink(self.pidfile("w:1"))
        self.root.herd("run", check=0)
        self.assertEqual(self.pid("w:1"), pids[0])
        self.assertEqual(len(self.workers()), 2)

        self.root.herd("restart", check=0)
        new = [self.root_wait(id) for id in ids]
        self.assertFalse(set(new) & set(pids))
        self.assertEqual(sorted(self.workers()), sorted(new))
        self.assertEqual(self.states(), {id: ("RUNNING", pid) for id, pid in zip(ids, new)})
        self.assertEqual(self.root.herd("check").returncode, 0)

        done = self.root.herd("stop", "--now", check=0)
        self.assertEqual(done.stdout.count("stopped"), 2)
        self.assertEqual(self.workers(), [])
        self.root.herd("run", check=0)
        self.assertEqual(self.workers(), [], "the hold lasts")
        self.assertEqual(self.states(), {id: ("STOPPED", None) for id in ids})
        self.root.herd("start", check=0)
        self.assertEqual(len(self.workers()), 2)

    def root_wait(self, id, other_than=None):
        return wait_until(f"{id} runs", lambda: (lambda pid: pid if pid and pid != other_than else None)(self.pid(id)))

    def only_minders(self):
        return all(self.comm(pid) == "odd" or "minder" in read(f"{self.root.proc}/{pid}/cmdline") for pid in self.others())

    def test_rounds_that_overlap_double_nobody(self):
        self.root.write(f"{HOME}/.config/cronherd/cronherd.conf", "minder = false\n", owner=NOBODY)
        self.define(f'worker "w" {{\n command = "/bin/odd alone {HOME}/lock-%i"\n numprocs = 4\n restart_delay = 0\n startsecs = 0\n}}\n')
        self.root.herd("start", check=0)
        for _ in range(5):
            for pid in self.workers():
                self.root.kill(pid)
            wait_until("all have ended", lambda: not self.workers())
            rounds = [self.root.begin("run") for _ in range(6)]
            self.assertEqual({round.wait() for round in rounds}, {0})
            self.assertEqual(len({self.root_wait(f"w:{n}") for n in (1, 2, 3, 4)}), 4)
            self.assertEqual(len(self.workers()), 4)
        self.assertEqual(glob.glob(f"{self.root.home}/*.doubled"), [])

    def test_escalates(self):
        """A deaf worker and its children are killed, and none of them is mistaken for another."""
        self.define(f'worker "w" {{\n command = "/bin/odd family {HOME}/kin"\n stopwaitsecs = 1\n}}\n')
        self.root.herd("start", check=0)
        kin = wait_until("the family is there", lambda: (lambda lines: dict(lines) if len(lines) == 5 else None)(
            [line.split() for line in read(f"{self.root.home}/kin").splitlines()]))
        self.root.herd("stop", check=0)
        wait_until("all of it has ended but who has left it", lambda: self.workers() == [int(kin["escaped"])])

    def test_log_is_rotated(self):
        self.define(f'worker "w" {{\n command = "/bin/odd log /proc/self/fd/1"\n log_maxbytes = 5K\n log_backups = 2\n}}\n')
        self.root.herd("start", check=0)
        log = f"{self.state}/log/w.log"
        wait_until("it has said something", lambda: "ready" in read(log))
        with open(log, "a") as file:
            file.write("".join(f"line {n}\n" for n in range(2000)))
        said = read(log)
        self.root.herd("run", check=0)
        self.assertTrue(read(log + ".1"))
        self.assertEqual(read(log + ".1") + read(log), said)

    def test_users_are_those_of_the_passwd_file(self):
        self.root.write("/etc/group", "other:x:7:me\n")
        self.root.write("/etc/cronherd/conf.d/w.conf", 'worker "w" {\n command = "/bin/odd pause"\n user = "me"\n group = "%d"\n}\n' % NOBODY)
        self.root.herd("start", check=0, uid=0)
        pids = self.workers()
        self.assertEqual(len(pids), 1)
        status = dict(line.split(":\t", 1) for line in read(f"{self.root.proc}/{pids[0]}/status").splitlines() if ":\t" in line)
        self.assertEqual(set(status["Uid"].split()), {str(NOBODY)})
        self.assertIn("HOME=" + HOME, read(f"{self.root.proc}/{pids[0]}/environ").split("\0"))
        self.root.herd("stop", check=0, uid=0)

    # ---- telling

    def receive(self, subject="IP:127.0.0.1", behave=None):
        """A TLS receiver outside; the path of its authority's certificate, here."""
        authority = Authority(self.dir)
        self.receiver = Raw(self, behave, tls=authority.server(subject=subject))
        return authority.ca

    def define_webhook(self, url=None, *lines, main=""):
        self.secret = make_secret()
        self.root.write(f"{HOME}/.secret", self.secret + "\n", mode=0o600, owner=NOBODY)
        options = [f'url = "{url or self.receiver.url()}"', f'secret_file = "{HOME}/.secret"', *lines]
        self.root.write(f"{HOME}/.config/cronherd/cronherd.conf", main + 'webhook "hook" {\n' + "\n".join(options) + "\n}\n", owner=NOBODY)

    def put_ca(self, path, ca):
        self.root.write(path, read(ca))
        return path

    def events(self, subject):
        """(type, id) of what came of SUBJECT, each id once, in order; all of it well signed."""
        found = {}
        for request in self.receiver.requests:
            self.assertTrue(is_signed(self.secret, request.headers, request.body))
            event = json.loads(request.body)
            self.assertEqual(event["id"], request.headers["webhook-id"])
            if event.get("subject") == subject:
                found.setdefault(event["id"], event["type"])
        return list(found.values())

    def test_delivers_over_tls(self):
        ca = self.put_ca("/etc/private-ca.pem", self.receive())
        self.define_webhook(None, f'ca_file = "{ca}"')
        self.define('worker "w" {\n command = "/bin/odd pause"\n restart_delay = 0\n startsecs = 0\n}\n')
        self.root.herd("run", check=0)
        first = self.root_wait("w:1")
        wait_until("the start was told", lambda: self.events("w:1") == ["cronherd.worker.started"])
        self.root.kill(first)
        self.root_wait("w:1", first)
        wait_until("end and start were told", lambda: self.events("w:1") ==
                   ["cronherd.worker.started", "cronherd.worker.stopped", "cronherd.worker.started"])
        stopped = json.loads(next(r.body for r in self.receiver.requests if b"worker.stopped" in r.body))
        self.assertEqual((stopped["data"]["pid"], stopped["data"]["signal"]), (first, "KILL"))
        self.root.herd("stop", "--now", check=0)
        lines = self.root.herd("events", "--json", check=0).stdout.splitlines()
        self.assertEqual([json.loads(line)["type"].removeprefix("cronherd.") for line in lines],
                         ["worker.started", "worker.stopped", "worker.started", "worker.stopped"])

    def test_one_courier_at_a_time(self):
        """A healthy round, which has taken no lock and has a ping to send, begins none while one is at work."""
        ca = self.put_ca("/etc/private-ca.pem", self.receive(behave=Raw.hang))
        self.define_webhook(None, f'ca_file = "{ca}"', main='ping "p" { url = "http://127.0.0.1:1/" }\n')
        self.define('worker "w" {\n command = "/bin/odd pause"\n startsecs = 0\n}\n')
        self.root.herd("start", check=0)
        wait_until("a courier is at work", lambda: self.receiver.requests)
        self.assertEqual(self.root.helpers("run"), 0)
        for pid in self.others():
            if "deliver" in read(f"{self.root.proc}/{pid}/cmdline").split("\0"):
                self.root.kill(pid)
                self.root.wait_gone(pid)
        self.assertGreater(self.root.helpers("run"), 0, "we can tell")

    def test_finds_certificates_where_systems_keep_them(self):
        ca = self.receive()
        digest = subprocess.run(["openssl", "x509", "-hash", "-noout", "-in", ca], capture_output=True, text=True, check=True).stdout.strip()
        self.define_webhook()
        for place in (*BUNDLES, *(f"{folder}/{digest}.0" for folder in HASHED)):
            with self.subTest(place):
                before = len(self.receiver.requests)
                self.put_ca(place, ca)
                self.root.herd("deliver", "--test", "hook", check=0)
                self.assertEqual(len(self.receiver.requests), before + 1)
                os.unlink(self.root.path + place)
        before = len(self.receiver.requests)
        done = self.root.herd("deliver", "--test", "hook", check=1)
        self.assertIn("certificate", done.stdout + done.stderr)
        self.assertEqual(len(self.receiver.requests), before, "nobody is trusted")

    def test_trusts_nobody_else(self):
        self.receive()
        self.put_ca(BUNDLES[0], Authority(self.dir, "other").ca)
        self.define_webhook()
        done = self.root.herd("deliver", "--test", "hook", check=1)
        self.assertIn("certificate", done.stdout + done.stderr)
        self.assertEqual(self.receiver.requests, [])

    def test_names_without_nsswitch(self):
        ca = self.put_ca(BUNDLES[0], self.receive(subject="DNS:receiver.test"))
        self.root.write("/etc/hosts", "127.0.0.1 localhost\n127.0.0.1 receiver.test\n")
        self.define_webhook(f"https://receiver.test:{self.receiver.port}/hidden-path", f'ca_file = "{ca}"')
        self.root.herd("deliver", "--test", "hook", check=0)
        self.assertEqual(len(self.receiver.requests), 1)
        self.assertTrue(is_signed(self.secret, self.receiver.requests[0].headers, self.receiver.requests[0].body))


class OnAnOldKernel(InAnEmptyRoot):
    """None of the system calls that came after Linux 3.10; what is random comes from devices, as it did then."""
    launcher = ("/bin/oldkernel",)
    devices = ("null", "urandom", "random")

    def test_the_kernel_is_old(self):
        done = self.root.herd("doctor")
        self.assertRegex(done.stdout, r"(?m)^WARN +pidfds ")
        self.define('worker "w" { command = "/bin/odd pause" }\n')
        self.root.herd("start", check=0)
        self.assertNotIn("\ninode ", read(self.pidfile("w:1")))
        # Workers and minders inherit it.
        for pid in self.others():
            self.assertIn("Seccomp:\t2", read(f"{self.root.proc}/{pid}/status"))


if __name__ == "__main__":
    main()
