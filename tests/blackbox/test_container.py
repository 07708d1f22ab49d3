# SPDX-License-Identifier: ISC
"""The container of cron/container, as far as the kernel makes one: namespaces of its own, a root of its own, its entrypoint as pid 1 or under tini.

No engine is needed for that. The image is this host's /usr, read only; the entrypoint and the crontab are those of the sample.
"""
import os
import re
import shutil
import signal
import subprocess

from boxes import need, need_root
from herdtest import PATIENCE, PROGRAM, SOURCES, HerdTest, main, read, wait_until

# Cron looks once a minute.
MINUTES = 200

WORKER = """#!/bin/sh
# Says what it does, and has something behind it that nobody waits for.
echo "begun $CRONHERD_ID" >>/var/lib/app/begun
trap 'echo "finished $CRONHERD_ID"; exit 0' TERM
echo "works $CRONHERD_ID"
(sleep 0.1 &)
while :; do
	sleep 0.1
done
"""

# In new namespaces, as pid 1: lays the root out, and becomes what is called. "$1": the root; "$2": the host's name.
SETUP = """
set -e
root=$1
hostname "$2"
shift 2
mount --make-rprivate /
mount --rbind -o ro /usr "$root/usr"
mount -o remount,bind,ro "$root/usr"
mount --bind "$root/../local" "$root/usr/local"
mount --bind "$root/../state" "$root/var/lib/cronherd"
mount --bind "$root/../app" "$root/var/lib/app"
mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/run"
mount -t tmpfs tmpfs "$root/dev"
for device in null zero full random urandom; do
	: >"$root/dev/$device"
	mount --bind "/dev/$device" "$root/dev/$device"
done
ln -s /proc/self/fd "$root/dev/fd"
ln -s /proc/self/fd/1 "$root/dev/stdout"
exec chroot "$root" /usr/bin/env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"
"""

ETC = ("passwd", "group", "shadow", "nsswitch.conf", "ld.so.cache", "pam.conf", "pam.d", "security", "login.defs", "localtime", "alternatives")


def main_file():
    """Where the program looks for its configuration as root."""
    shown = subprocess.run([PROGRAM, "config"], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                           check=False, env={"PATH": os.environ["PATH"]}).stdout
    return re.search(r"(?:# main file |: create )([^\s,]+)", shown)[1]


class Engine:
    """One run of a container: from its start to its end."""

    def __init__(self, test, name, *command, output, user=None):
        self.test = test
        self.output = output
        self.init = None
        # Whoever changes his user forgets whose death is his own.
        switch = [] if user is None else ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--pdeathsig", "KILL", "env",
                                          "HOME=/home/app"]
        with open(output, "ab") as file:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "unshare", "--pid", "--mount", "--uts", "--ipc", "--fork", "--kill-child", "sh", "-c", SETUP,
                 "sh", test.root, name, *switch, *command], stdin=subprocess.DEVNULL, stdout=file, stderr=file)
        test.addCleanup(self.close)
        children = f"/proc/{self.process.pid}/task/{self.process.pid}/children"
        self.init = int(wait_until("the container has a pid 1", lambda: read(children).split()[:1], PATIENCE)[0])
        self.proc = f"/proc/{self.init}/root/proc"
        wait_until("its root is laid out", lambda: self.process.poll() is not None or
                   os.path.realpath(f"/proc/{self.init}/root") == test.root and read(self.proc + "/1/comm").strip() not in ("sh", "chroot", "env"))

    def close(self):
        if self.process.poll() is None:
            os.kill(self.init or self.process.pid, signal.SIGKILL)
        self.process.wait()
        wait_until("the container is empty", lambda: not os.path.exists(f"/proc/{self.init}"))

    def exec(self, *command, check=0):
        done = subprocess.run(["nsenter", "-t", str(self.init), "-p", "-m", "-u", "-i", "-r", "-w", "--", "/usr/bin/env", "-i",
                               "PATH=/usr/local/bin:/usr/bin:/bin", *map(str, command)], text=True, capture_output=True, errors="replace",
                              stdin=subprocess.DEVNULL, timeout=PATIENCE * 3, check=False)
        if check is not None:
            self.test.assertEqual(done.returncode, check, f"{command}: {done.stdout}{done.stderr}\n{read(self.output)}")
        return done

    def stop(self, patience=PATIENCE):
        """What `docker stop` does; the exit status."""
        os.kill(self.init, signal.SIGTERM)
        self.process.wait(patience)
        wait_until("the container is empty", lambda: not os.path.exists(f"/proc/{self.init}"))
        return self.process.returncode

    def kill(self):
        os.kill(self.init, signal.SIGKILL)
        self.process.wait(PATIENCE)
        wait_until("the container is empty", lambda: not os.path.exists(f"/proc/{self.init}"))

    # ---- its processes, by their numbers in it

    def stat(self, pid):
        text = read(f"{self.proc}/{pid}/stat")
        return text[text.rindex(")") + 2:].split() if ")" in text else None

    def pids(self):
        try:
            return [int(name) for name in os.listdir(self.proc) if name.isdigit()]
        except OSError:
            return []

    def named(self, name):
        return [pid for pid in self.pids() if read(f"{self.proc}/{pid}/comm").strip() == name]

    def minders(self):
        return [pid for pid in self.pids() if read(f"{self.proc}/{pid}/cmdline").split("\0")[:2] == ["cronherd", "minder"]]

    def zombies(self):
        return [pid for pid in self.pids() if (self.stat(pid) or "-")[0] == "Z"]

    def pid(self, id):
        """Of the living process that ID's pidfile names."""
        first = read(self.test.pidfile(id)).split("\n")[0]
        return int(first) if first.isdigit() and (self.stat(first) or "Z")[0] not in "ZX" else None

    def wait_pid(self, id, other_than=None, seconds=PATIENCE):
        return wait_until(f"{id} runs", lambda: (lambda p: p if p and p != other_than else None)(self.pid(id)), seconds)


class Container(HerdTest):
    IDS = ["app:1", "app:2"]

    def setUp(self):
        super().setUp()
        need_root()
        need("unshare", "nsenter", "setpriv", "cron", "tini")
        self.root = self.dir + "/root"
        self.output = self.dir + "/output"
        for folder in ("usr", "etc", "dev", "proc", "run", "tmp", "home/app", "var/lib/cronherd", "var/lib/app", "var/log",
                       "var/spool/cron/crontabs"):
            os.makedirs(f"{self.root}/{folder}")
        for folder in ("local/bin", "state", "app"):
            os.makedirs(f"{self.dir}/{folder}")
        for link in ("bin", "sbin", "lib", "lib64"):
            os.symlink("usr/" + link, f"{self.root}/{link}")
        os.symlink("/run", self.root + "/var/run")
        self.lay_out_etc()
        for source, name in ((PROGRAM, "cronherd"), (PROGRAM + "-full", "cronherd-full"),
                             (SOURCES + "/cron/container/entrypoint", "entrypoint")):
            shutil.copy(source, f"{self.dir}/local/bin/{name}")
        self.script("local/bin/app", WORKER)
        self.configure(main_file())

    def lay_out_etc(self):
        for name in ETC:
            source = "/etc/" + name
            if os.path.isdir(source):
                shutil.copytree(source, f"{self.root}/etc/{name}", symlinks=True)
            elif os.path.exists(source):
                shutil.copy(source, f"{self.root}/etc/{name}")
        os.mkdir(self.root + "/etc/cron.d")
        self.write("root/etc/crontab", "")
        shutil.copy(SOURCES + "/cron/container/crontab", self.root + "/etc/cron.d/cronherd")

    def configure(self, main, **options):
        """The configuration of the image, where MAIN is its main file."""
        below = "local" + main[len("/usr/local"):] if main.startswith("/usr/local/") else "root" + main
        self.image_conf = os.path.dirname(below)
        os.makedirs(f"{self.dir}/{self.image_conf}/conf.d", exist_ok=True)
        self.write(below, 'state_dir = "/var/lib/cronherd"\n')
        self.define(**options)

    def define(self, name="app", **options):
        settings = {"command": f"/usr/local/bin/app {name}", "directory": "/", "numprocs": 2, "startsecs": 0, **options}
        lines = "".join(f"  {key} = {value if isinstance(value, int) else self.quote(value)}\n" for key, value in settings.items())
        self.write(f"{self.image_conf}/conf.d/{name}.conf", f'worker "{name}" {{\n{lines}}}\n')

    def run_container(self, name="one", command=("entrypoint",), **options):
        return Engine(self, name, *command, output=self.output, **options)

    def begun(self, id):
        return read(self.dir + "/app/begun").splitlines().count("begun " + id)

    def printed(self, text):
        return text in read(self.output)

    def wait_up(self, container, times=1):
        """Pids of the instances, each of which has been begun so often."""
        wait_until("all have begun", lambda: all(self.begun(id) >= times for id in self.IDS))
        return {id: container.wait_pid(id) for id in self.IDS}

    def last_round(self):
        path = self.state + "/lease"
        return os.stat(path).st_mtime if os.path.exists(path) else 0


class Life(Container):
    def test_cron_keeps_the_workers(self):
        """Cron is a child of pid 1; with the minder gone nobody but cron can see that a worker has ended."""
        container = self.run_container()
        pids = self.wait_up(container)
        cron = wait_until("cron runs", lambda: container.named("cron"))
        self.assertEqual(container.stat(cron[0])[1], "1")
        wait_until("the logs are printed", lambda: all(self.printed("works " + id) for id in self.IDS))
        self.write(self.image_conf + "/conf.d/broken.conf", "nonsense")
        for pid in container.minders() + list(pids.values()):
            container.exec("kill", "-KILL", pid, check=None)
        wait_until("no zombie is left", lambda: not container.zombies())
        new = {id: container.wait_pid(id, other_than=pids[id], seconds=MINUTES) for id in self.IDS}
        self.wait_up(container, 2)
        self.assertEqual([self.begun(id) for id in self.IDS], [2, 2])
        wait_until("what the round had to say is in the container's output", lambda: self.printed("broken.conf:1:"), MINUTES)
        self.assertEqual(container.stop(), 0)
        self.assertFalse(set(new.values()) & set(pids.values()))
        for id in self.IDS:
            self.assertTrue(self.printed("finished " + id), read(self.output))

    def check_orphans(self, container):
        """Orphans fall to the minder, or, where that was killed, to pid 1."""
        pids = self.wait_up(container)
        wait_until("a minder is their parent", lambda: container.minders() and {container.stat(pid)[1] for pid in pids.values()} ==
                   {str(minder) for minder in container.minders()})
        wait_until("no zombie is left", lambda: not container.zombies())
        for minder in container.minders():
            container.exec("kill", "-KILL", minder)
        wait_until("they have fallen to pid 1", lambda: {(container.stat(pid) or [""] * 2)[1] for pid in pids.values()} == {"1"})
        container.exec("kill", "-KILL", pids["app:1"])
        wait_until("it is buried", lambda: not container.stat(pids["app:1"]))
        self.assertEqual(container.exec("cronherd", "run").stderr, "")
        container.wait_pid("app:1", other_than=pids["app:1"])
        self.assertEqual(container.pid("app:2"), pids["app:2"])

    def test_orphans_are_buried_by_the_entrypoint(self):
        container = self.run_container()
        self.check_orphans(container)
        self.assertEqual(container.stop(), 0)

    def test_orphans_are_buried_by_tini(self):
        container = self.run_container(command=("tini", "--", "entrypoint"))
        self.check_orphans(container)
        self.assertEqual(container.named("tini"), [1])
        self.assertEqual(container.stop(), 0)
        for id in self.IDS:
            self.assertTrue(self.printed("finished " + id), read(self.output))

    def test_orphans_are_buried_by_cron_as_pid_1(self):
        """Without an entrypoint it keeps as well, but its end is not told to anybody: cron as pid 1 does not hear TERM."""
        container = self.run_container(command=("cron", "-f"))
        container.exec("cronherd", "run")
        self.check_orphans(container)
        self.assertEqual(container.named("cron")[:1], [1])
        caught = re.search(r"(?m)^SigCgt:\t(\w+)$", read(container.proc + "/1/status"))[1]
        self.assertFalse(int(caught, 16) & 1 << signal.SIGTERM - 1)

    def test_stopped_while_a_database_is_dropped(self):
        container = self.run_container()
        self.wait_up(container)
        said = container.exec("cronherd", "stop").stdout
        self.assertRegex(said, r"^app:1: stopped.*\napp:2: stopped.*\n$")
        container.exec("cronherd", "run")
        self.assertEqual([container.pid(id) for id in self.IDS], [None, None])
        container.exec("cronherd", "start")
        self.wait_up(container, 2)

    def test_scaled(self):
        container = self.run_container()
        pids = self.wait_up(container)
        container.exec("cronherd", "scale", "app=5")
        for number in range(3, 6):
            container.wait_pid(f"app:{number}")
        container.exec("cronherd", "scale", "app=2")
        wait_until("two are left", lambda: not any(container.pid(f"app:{number}") for number in range(3, 6)))
        self.assertEqual({id: container.pid(id) for id in self.IDS}, pids)

    def test_a_slow_worker_may_finish(self):
        self.define(name="slow", command="sh -c 'trap \"sleep 3; echo slowly finished; exit 0\" TERM; echo slow is there; while :; do sleep 0.1; done'",
                    numprocs=1, stopwaitsecs=60)
        container = self.run_container()
        self.wait_up(container)
        wait_until("the slow one works", lambda: self.printed("slow is there"))
        self.assertEqual(container.stop(), 0)
        self.assertTrue(self.printed("slowly finished"), read(self.output))

    def test_without_cron_there_is_no_container(self):
        container = self.run_container()
        self.wait_up(container)
        cron = wait_until("cron runs", lambda: container.named("cron"))[0]
        container.exec("kill", "-KILL", cron)
        self.assertEqual(container.process.wait(PATIENCE), 1)
        self.assertTrue(self.printed("nobody keeps the workers"))
        self.assertTrue(self.printed("finished app:1"))


class Recipe(HerdTest):
    """What it names is there, and the script around it does what it says, with a docker that only notes what it was asked."""

    def test_files_that_are_copied(self):
        recipe = read(SOURCES + "/cron/container/Dockerfile")
        sources = re.findall(r"(?m)^COPY --chmod=\d+ (\S+) ", recipe)
        self.assertEqual(len(sources), 3)
        for source in sources:
            self.assertTrue(os.path.isfile(f"{SOURCES}/{source}"), source)

    def stop_workers(self, *command):
        self.script("docker", f"""#!/bin/sh
echo "$@" >>{self.dir}/asked
[ "$1" != ps ] || printf 'one\\ntwo\\n'
""")
        done = subprocess.run([SOURCES + "/cron/container/stop-workers", *command], check=False, stdin=subprocess.DEVNULL,
                              env={"PATH": f"{self.dir}:/usr/bin:/bin"})
        return done.returncode, read(self.dir + "/asked").splitlines()

    def test_all_replicas_are_stopped_meanwhile_and_started_whatever_comes(self):
        listed, stopped, started = ([f"exec {name} cronherd {verb}" for name in ("one", "two")] if verb else
                                    ["ps --quiet --filter name=worker"] for verb in ("", "stop", "start"))
        status, asked = self.stop_workers("sh", "-c", f"echo dropped >>{self.dir}/asked; exit 7")
        self.assertEqual(status, 7)
        self.assertEqual(asked, listed + stopped + ["dropped"] + listed + started)


class Again(Container):
    """The next container has the same state directory."""

    def again(self, name):
        container = self.run_container(name)
        self.wait_up(container, 2)
        # Whoever had the numbers before is not meant.
        self.assertEqual(container.exec("cronherd", "run").stderr, "")
        for id in self.IDS:
            self.assertEqual(container.exec("cronherd", "status", id).returncode, 0)
        self.assertEqual([self.begun(id) for id in self.IDS], [2, 2])

    def test_after_a_stop(self):
        container = self.run_container()
        self.wait_up(container)
        self.assertEqual(container.stop(), 0)
        self.again("one")

    def test_after_a_stop_on_another_host(self):
        container = self.run_container()
        self.wait_up(container)
        self.assertEqual(container.stop(), 0)
        self.again("two")

    def test_after_a_kill(self):
        container = self.run_container()
        self.wait_up(container)
        container.kill()
        self.again("one")

    def test_killed_in_the_middle_of_a_stop(self):
        """The holds for the container's end are there, and do not outlive it."""
        self.define(name="deaf", command="sh -c 'trap : TERM; echo deaf one; while :; do sleep 0.1; done'", numprocs=1, stopwaitsecs=600)
        container = self.run_container()
        self.wait_up(container)
        wait_until("the deaf one is deaf", lambda: self.printed("deaf one"))
        os.kill(container.init, signal.SIGTERM)
        wait_until("the others have ended", lambda: not any(map(container.pid, self.IDS)))
        self.assertNotEqual(os.listdir(self.state + "/holds"), [])
        container.kill()
        self.again("one")

    def test_what_a_person_has_stopped_stays_stopped(self):
        self.define(name="held", numprocs=1)
        container = self.run_container()
        self.wait_up(container)
        container.wait_pid("held:1")
        container.exec("cronherd", "stop", "held")
        self.assertEqual(container.stop(), 0)
        container = self.run_container("two")
        self.wait_up(container, 2)
        container.exec("cronherd", "run")
        self.assertIsNone(container.pid("held:1"))
        container.exec("cronherd", "start", "held")
        container.wait_pid("held:1")

    def test_two_at_a_time_do_not_share_a_herd(self):
        """Replicas with one state directory: the second one says so, and starts nothing."""
        first = self.run_container()
        pids = self.wait_up(first)
        second = self.run_container("two")
        wait_until("the second one says whose herd it is", lambda: self.printed("is herded from elsewhere: host one"))
        for verb in ("run", "start", "stop"):
            self.assertEqual(second.exec("cronherd", verb, check=None).returncode, 1)
        self.assertEqual([self.begun(id) for id in self.IDS], [1, 1])
        self.assertEqual({id: first.pid(id) for id in self.IDS}, pids)


class Unprivileged(Container):
    """Not root, so without cron: the entrypoint calls rounds that stay."""

    USER = 65534

    def setUp(self):
        super().setUp()
        home = self.root + "/home/app"
        self.state = home + "/.local/state/cronherd"
        os.makedirs(home + "/.config/cronherd/conf.d")
        self.image_conf = "root/home/app/.config/cronherd"
        self.define()
        for folder, _, files in os.walk(home):
            for name in ["", *files]:
                os.chown(os.path.join(folder, name), self.USER, self.USER)
        os.chown(self.dir + "/app", self.USER, self.USER)

    def test_kept(self):
        container = self.run_container(user=self.USER)
        pids = self.wait_up(container)
        wait_until("a round stays", lambda: any("--for" in read(f"{container.proc}/{pid}/cmdline") for pid in container.pids()))
        for pid in container.minders():
            container.exec("kill", "-KILL", pid)
        for pid in pids.values():
            container.exec("kill", "-KILL", pid)
        for id in self.IDS:
            container.wait_pid(id, other_than=pids[id])
        wait_until("no zombie is left", lambda: not container.zombies())
        self.assertEqual(container.stop(), 0)
        for id in self.IDS:
            self.assertTrue(self.printed("finished " + id), read(self.output))


if __name__ == "__main__":
    main()
