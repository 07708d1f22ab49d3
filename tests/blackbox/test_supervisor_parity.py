# SPDX-License-Identifier: ISC
"""Debian's supervisord and cronherd, one after the other, with one configuration: supervisord is given the file, cronherd what
`import` made of it. What they start, with what, how they stop it and whether they start it again must be the same."""
import json
import os
import pwd
import random
import signal
import subprocess

from herdtest import PATIENCE, alive, environ, main, read, wait_until
from importing import ImportTest, home_of, start_of

# What they run: it says what it is, and how it was told to end.
PROBE = r'''#!/usr/bin/python3
import json, os, signal, subprocess, sys
out, behaviour = sys.argv[1], sys.argv[2]
with open(os.path.join(out, "starts"), "a") as file:
    file.write(sys.argv[3] + "\n")
mask = os.umask(0)
os.umask(mask)
def end(number, frame):
    with open(os.path.join(out, "ends"), "a") as file:
        file.write(sys.argv[3] + " " + signal.Signals(number).name + "\n")
    os._exit(0)
for name in ("TERM", "INT", "USR1", "USR2", "HUP", "QUIT"):
    signal.signal(getattr(signal, "SIG" + name), end)
child = None
if behaviour == "parent":
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(10000)"]).pid
said = {"argv": sys.argv, "cwd": os.getcwd(), "umask": mask, "environ": dict(os.environ), "uid": os.getuid(), "gid": os.getgid(),
        "groups": sorted(os.getgroups()), "pid": os.getpid(), "child": child, "leads": os.getpgid(0) == os.getpid(),
        "ignored": [n for n in range(1, 32) if n not in (9, 19) and signal.getsignal(n) == signal.SIG_IGN and n not in (13, 25)],
        "descriptors": sorted(int(n) for n in os.listdir("/proc/self/fd") if os.path.exists("/proc/self/fd/" + n))}
with open(os.path.join(out, ".new" + str(os.getpid())), "w") as file:
    json.dump(said, file)
os.rename(file.name, os.path.join(out, "say-" + sys.argv[3].replace("/", "_") + "-" + str(os.getpid())))
if behaviour.startswith("exit"):
    os._exit(int(behaviour[4:]))
while True:
    signal.pause()
'''


WORDS = r"""\"a b" 'c "d"' e\ f "\$HOME \\ \" \`" '' $HOME ~ *.py 50%% a;b a#b -- --x=y"""[1:]


class Parity(ImportTest):
    source = "supervisord"

    def setUp(self):
        super().setUp()
        self.probe = self.script("probe", PROBE)
        self.out = os.path.join(self.dir, "said")
        self.daemon = None
        self.children = []
        # What cronherd gives by itself, so that nothing else has to be left out when environments are compared.
        me = pwd.getpwuid(os.geteuid())
        self.base = {"HOME": home_of(me), "USER": me.pw_name, "LOGNAME": me.pw_name, "SHELL": me.pw_shell or "/bin/sh",
                     "LANG": "C.UTF-8", "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
                     if os.geteuid() == 0 else "/usr/local/bin:/usr/bin:/bin"}
        self.addCleanup(self.end_daemon)

    # ---- running either

    def make_folder(self):
        """Where they say what they are: the same path for both, so that nothing differs by that."""
        os.mkdir(self.out)
        os.chmod(self.out, 0o777)
        for name in ("starts", "ends"):  # of whichever user
            self.write(f"said/{name}", "", 0o666)

    def keep_folder(self, who):
        os.rename(self.out, os.path.join(self.dir, who))

    def conf(self, programs, who):
        """The same programs for both, but for where they say what they are."""
        head = f"""[unix_http_server]
file={self.dir}/socket
[supervisorctl]
serverurl=unix://{self.dir}/socket
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
[supervisord]
logfile={self.dir}/supervisord.log
pidfile={self.dir}/supervisord.pid
childlogdir={self.dir}
"""
        return self.write(f"{who}.conf", head + programs.replace("PROBE", f"{self.probe} {self.out}"))

    def start_daemon(self, programs):
        self.make_folder()
        self.start_supervisord(self.conf(programs, "theirs"))

    def start_supervisord(self, path):
        self.daemon = subprocess.Popen(["/usr/bin/supervisord", "-n", "-c", path], cwd=start_of(pwd.getpwuid(os.geteuid())), env=self.base,
                                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, umask=0o022)

    def end_daemon(self):
        if self.daemon and self.daemon.poll() is None:
            self.daemon.send_signal(signal.SIGTERM)
            try:
                self.daemon.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.daemon.kill()
                self.daemon.wait()
        for pid in self.children:
            # A number that was used again is not ours to kill.
            if alive(pid) and environ(pid).get("OF_PARITY") == self.dir:
                os.kill(pid, signal.SIGKILL)

    def start_ours(self, programs, round_status=0):
        self.keep_folder("theirs")
        self.make_folder()
        path = self.conf(programs, "ours")
        done = self.run_import("supervisord", path, **self.base)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.accept(done)
        self.herd("run", check=round_status)

    def said(self, who, count):
        """What COUNT processes have said, by their label."""
        def all_of_them():
            names = [name for name in os.listdir(self.out) if name.startswith("say-")]
            return names if len(names) >= count else None
        found = {}
        for name in wait_until(f"{count} of {who} have said what they are", all_of_them):
            with open(os.path.join(self.out, name)) as file:
                said = json.load(file)
            found[said["argv"][3]] = said
            self.children += [pid for pid in (said["pid"], said["child"]) if pid]
        return found

    def control(self, *args):
        return subprocess.run(["/usr/bin/supervisorctl", "-c", f"{self.dir}/theirs.conf", *args], capture_output=True, text=True,
                              timeout=PATIENCE).stdout

    def states(self, who):
        if who == "theirs":
            lines = [line.split() for line in self.control("status").splitlines()]
            return {line[0].split(":")[-1]: line[1] for line in lines if len(line) > 1}
        return {instance["worker"]: instance["state"] for instance in self.status()["instances"]}

    # ---- what is started

    def comparable(self, said):
        environment = {key: value for key, value in said["environ"].items() if not key.startswith(("SUPERVISOR_", "CRONHERD_"))}
        argv = [said["argv"][2], *said["argv"][3:]]
        return {"argv": argv, "environ": environment, "groups": sorted({said["gid"], *said["groups"]}),
                **{key: said[key] for key in ("cwd", "umask", "uid", "gid", "leads", "ignored")}}

    def compare(self, programs, count):
        self.start_daemon(programs)
        theirs = self.said("theirs", count)
        self.end_daemon()
        self.start_ours(programs)
        ours = self.said("ours", count)
        self.assertEqual(sorted(ours), sorted(theirs))
        for label in theirs:
            expected = self.comparable(theirs[label])
            if expected["uid"] != os.geteuid():
                # Supervisord leaves environment and directory as they are; ours are that user's.
                user = pwd.getpwuid(expected["uid"])
                expected["cwd"] = start_of(user)
                expected["environ"].update(HOME=home_of(user), USER=user.pw_name, LOGNAME=user.pw_name, SHELL=user.pw_shell,
                                           PATH="/usr/local/bin:/usr/bin:/bin")
            self.assertEqual(self.comparable(ours[label]), expected, label)
            self.assertEqual(ours[label]["descriptors"], theirs[label]["descriptors"], label)

    def test_processes(self):
        os.mkdir(os.path.join(self.dir, "sub"))
        os.mkdir(os.path.join(self.dir, "sub-2"))
        other = "nobody" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        self.compare(f"""environment=GLOBAL="g",BOTH="global",PATHLIKE=/usr/bin:/bin

[program:plain]
command=PROBE stay plain

[program:searched]
command=env PROBE stay searched

[program:words] ; with a comment
command=PROBE stay words {WORDS}   ; and another
  on
  another line

[program:numbered]
command=PROBE stay %(program_name)s-%(process_num)d %(process_num)02d %(numprocs)d %(group_name)s %(host_node_name)s %(ENV_OWN)s
process_name=%(program_name)s_%(process_num)02d
numprocs=3
numprocs_start=1
environment=OWN="port 80%(process_num)02d",NUMBER=%(process_num)d

[program:odd]
command=PROBE stay odd-%(process_num)d %(process_num)3d %(process_num)x
process_name=odd-%(process_num)d
numprocs=2
numprocs_start=15

[program:environment]
command=PROBE stay environment
environment=BOTH="own",A='1,2',B="it's",C="",D="100%%",
   E=plain,F="%(ENV_GLOBAL)s-%(ENV_HOME)s",G="two
   lines"

[program:place]
command=PROBE stay place
directory={self.dir}/sub
umask=077

[program:numberedplace]
command=PROBE stay numberedplace
directory={self.dir}/sub-%(process_num)d
numprocs_start=2
umask=0

[program:here]
command=PROBE stay here %(here)s

[program:someone]
command=PROBE stay someone
user={other}

[program:member]
command=PROBE stay member %(group_name)s

[program:twice]
command=PROBE stay twice-%(group_name)s

[group:first]
programs=member,twice

[group:second]
programs=twice

[program:never]
command=PROBE stay never
autostart=false
""", 16)

    def test_included_files(self):
        os.mkdir(os.path.join(self.dir, "conf.inc"))
        for name in ("b", "a"):
            self.write(f"conf.inc/{name}.conf", f"[program:{name}]\ncommand=%(ENV_INCLUDED_COMMAND)s {name} %(here)s\n"
                                                f"[program:both]\nenvironment=LAST={name}\n")
        self.compare("""environment=INCLUDED_COMMAND="PROBE stay"
[include]
files=conf.inc/*.conf
[program:both]
command=PROBE stay both
""", 3)

    def test_the_way_back(self):
        """Workers of ours, under supervisord with what `export` made of them."""
        self.make_folder()
        self.worker("a", f"{self.probe} {self.out} stay a-%i 'a ; b' \"it's #1\" 100%% %02i 'two\nlines'", numprocs=2, directory=self.dir,
                    environment=["A=x ; y # z", "B=%n %i", "C=a 'quote' within", "D="], umask="027")
        self.worker("b", f"cd /; exec {self.probe} {self.out} stay b $HOME", shell=True, environment=["HOME=/tmp"])
        text = self.herd("export", "supervisord", check=0).stdout
        self.herd("run", check=0)
        ours = self.said("ours", 3)
        self.herd("stop", check=0)
        self.keep_folder("ours")
        self.make_folder()
        path = self.write("theirs.conf", text.replace("[supervisord]", f"[supervisord]\nlogfile={self.dir}/log.txt\npidfile={self.dir}/pid"))
        self.start_supervisord(path)
        theirs = self.said("theirs", 3)
        self.assertEqual({label: self.comparable(said) for label, said in theirs.items()},
                         {label: self.comparable(said) for label, said in ours.items()})

    # ---- how it ends

    def test_stopping(self):
        programs = "".join(f"""
[program:{name}]
command=PROBE {behaviour} {name}
environment=OF_PARITY="{self.dir}"
startsecs=0
{settings}
""" for name, behaviour, settings in (("term", "stay", ""), ("usr", "stay", "stopsignal=USR1"), ("number", "stay", "stopsignal=2"),
                                      ("alone", "parent", ""), ("group", "parent", "stopasgroup=true")))
        self.start_daemon(programs)
        theirs = self.said("theirs", 5)
        self.control("stop", "all")
        self.assertEqual(set(self.states("theirs").values()), {"STOPPED"})
        wait_until("its group has ended", lambda: not alive(theirs["group"]["child"]))
        left = {name: alive(theirs[name]["child"]) for name in ("alone", "group")}
        self.end_daemon()
        self.start_ours(programs)
        ours = self.said("ours", 5)
        self.herd("stop", check=0)
        wait_until("our group has ended", lambda: not alive(ours["group"]["child"]))
        self.assertEqual({name: alive(ours[name]["child"]) for name in ("alone", "group")}, left)
        self.assertEqual(sorted(read(f"{self.dir}/said/ends").splitlines()), sorted(read(f"{self.dir}/theirs/ends").splitlines()))
        self.assertEqual(left, {"alone": True, "group": False})

    def test_starting_again(self):
        """startsecs=0: whatever ends has been RUNNING, so that exit codes decide."""
        cases = {"always0": "exit0\nautorestart=true", "never1": "exit1\nautorestart=false", "expected2": "exit2\nexitcodes=0,2",
                 "unexpected1": "exit1\nexitcodes=0,2", "default0": "exit0", "default3": "exit3", "none0": "exit0\nexitcodes="}
        programs = "".join("""
[program:{0}]
command=PROBE {1} {0}
startsecs=0
startretries=1000
{2}
""".format(name, *(case.split("\n", 1) + [""])[:2]) for name, case in cases.items())
        again = {"always0", "unexpected1", "default3", "none0"}

        def settled(who):
            starts = read(f"{self.out}/starts").splitlines()
            return all(starts.count(name) >= (2 if name in again else 1) for name in cases) and {
                name: state for name, state in self.states(who).items() if name not in again}

        def is_at_rest(who):
            states = settled(who)
            return states and set(states.values()) == {"EXITED"} and states

        self.start_daemon(programs)
        theirs = wait_until("supervisord has started them again", lambda: is_at_rest("theirs"))
        self.end_daemon()
        starts = read(f"{self.out}/starts").splitlines()
        self.start_ours(programs)
        ours = wait_until("cronherd has started them again", lambda: is_at_rest("ours"))
        self.herd("stop")
        self.assertEqual(ours, theirs)
        for name in set(cases) - again:
            self.assertEqual((starts.count(name), read(f"{self.dir}/said/starts").splitlines().count(name)), (1, 1), name)

    def test_failing_to_start(self):
        programs = "\n[program:bad]\ncommand=PROBE exit1 bad\nstartsecs=1000\nstartretries=1\n[program:absent]\ncommand=/no/such\nstartretries=0\n"
        self.start_daemon(programs)
        wait_until("supervisord gives up", lambda: set(self.states("theirs").values()) == {"FATAL"})
        self.end_daemon()
        self.assertEqual(read(f"{self.out}/starts").count("bad"), 2)
        self.start_ours(programs, round_status=1)
        wait_until("cronherd says so too", lambda: set(self.states("ours").values()) == {"FATAL"})
        self.assertEqual(read(f"{self.dir}/said/starts").count("bad"), 2)

    # ---- what is read

    def test_its_own_parser_reads_the_same(self):
        """Many files, made at random; supervisord's parser is asked, nothing is started."""
        rng = random.Random(5)
        told = 0
        for _ in range(60):
            text = random_file(rng)
            path = self.write("source.conf", text)
            theirs = supervisors_processes(path, self.base)
            done = self.run_import("supervisord", path, **self.base)
            if theirs is None:
                self.assertEqual(done.returncode, 2, text + done.stdout)
                continue
            result = self.accept(done)
            ours = sorted((instance["argv"], sorted(instance["environment"].items())) for instance in result.instances.values())
            if done.returncode == 0:
                self.assertEqual(ours, sorted(theirs), text)
                told += 1
            else:  # commands that it finds out about when they are started
                self.assertTrue(all(process in theirs for process in ours), text)
        self.assertGreater(told, 10)


PIECES = ["a", "b0", "/", ".", "-", "=", "@", "$", '"', "'", "\\", " ", ";", "#", "(", ")", "%%", "%(here)s", "%(program_name)s",
          "%(process_num)d", "%(process_num)02d", "%(ENV_HOME)s", "%(group_name)s", "%(numprocs)d", " ;", " #", '""', "\\ ", '"a b"',
          "'c d'", "word ", "ü", "\u00a0", "\t", ":", ",", "{", "~x", "|"]


def random_pairs(rng):
    values = ["1", "a b", '"q,r"', "'s\"t'", '"%(process_num)d"', "/x/y.z", '"%(ENV_HOME)s"', '""', "x@y"]
    pairs = [f"{rng.choice('ABC')}={rng.choice(values)}" for _ in range(rng.randint(0, 3))]
    return rng.choice([",", " , ", ",\n   "]).join(pairs) + rng.choice(["", "", ","])


def random_file(rng):
    lines = ["[supervisord]"]
    names = ["one", "two", "thr.ee"][:rng.randint(1, 3)]
    for name in names:
        lines += [f"[program:{name}]", "command=/bin/echo " + "".join(rng.choice(PIECES) for _ in range(rng.randint(0, 10)))]
        if rng.random() < 0.4:
            lines += [f"numprocs={rng.randint(1, 3)}", "process_name=" + rng.choice(["%(program_name)s_%(process_num)02d", "x%(process_num)s"])]
        if rng.random() < 0.3:
            lines.append(f"numprocs_start={rng.randint(0, 9)}")
        if rng.random() < 0.5:
            lines.append("environment=" + random_pairs(rng))
        if rng.random() < 0.3:
            lines.append(rng.choice(["  ; comment", "# comment", "", "  more", "Key: value", "directory=/tmp/%(program_name)s"]))
    if rng.random() < 0.4:
        lines += ["[group:g]", "programs=" + ",".join(rng.sample(names, rng.randint(1, len(names))))]
    return "\n".join(lines) + "\n"


def supervisors_processes(path, outside):
    """[(ARGV, [(NAME, VALUE)])] of all processes that it would start; None: it refuses the file."""
    program = """
import json, os, shlex, sys, warnings
warnings.simplefilter("ignore")
from supervisor.options import ServerOptions
options = ServerOptions()
options.configfile = sys.argv[1]
options.here = os.path.dirname(sys.argv[1])
try:
    section = options.read_config(sys.argv[1])
except ValueError:
    sys.exit(9)
found = []
for group in section.process_group_configs:
    for process in group.process_configs:
        try:
            found.append((shlex.split(process.command), sorted(process.environment.items())))
        except ValueError:
            pass
print(json.dumps(found))
"""
    done = subprocess.run(["/usr/bin/python3", "-c", program, path], capture_output=True, text=True, timeout=PATIENCE,
                          env={**outside, "PYTHONUTF8": "1"})
    if done.returncode == 9:
        return None
    assert done.returncode == 0, done.stderr
    return [(argv, [tuple(item) for item in environment]) for argv, environment in json.loads(done.stdout)]


if __name__ == "__main__":
    main()
