# SPDX-License-Identifier: ISC
"""What the tests with real consumers share: queue servers of their own, an application of PHP's, and kills of all kinds.

A server is a child of the test and has a pid namespace of its own where it has children: it ends with the test, and by the kernel's
hand when the test is killed.
"""
import json
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess

from boxes import need, need_root
from herdtest import PATIENCE, PROGRAM, SOURCES, alive, read, wait_until
from importing import ImportTest

# Whom the seeds' users become.
USER = "www-data" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
GROUP = "www-data" if os.geteuid() == 0 else USER


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


def ask(port, question, size=64):
    """What answers QUESTION on PORT of 127.0.0.1; empty where nobody does."""
    try:
        with socket.create_connection(("127.0.0.1", port), 5) as connection:
            connection.sendall(question)
            return connection.recv(size)
    except OSError:
        return b""


class Server:
    """A process that ends with us. COMMAND may take ports that somebody else has got meanwhile: then again, with others."""

    def __init__(self, add_cleanup, command, is_ready, log, patience=PATIENCE, **options):
        need("setpriv")
        self.process = None
        add_cleanup(self.end)

        def answers():
            if self.process and self.process.poll() is None:
                return is_ready()
            with open(log, "ab") as output:
                self.process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *command()], stdin=subprocess.DEVNULL, stdout=output,
                                                stderr=output, **options)
            return False
        try:
            wait_until("the server answers", answers, patience)
        except AssertionError as error:
            raise AssertionError(f"{error}:\n{read(log)[-4000:]}") from None

    def end(self):
        if self.process:
            self.process.kill()
            self.process.wait()


class Redis(Server):
    def __init__(self, test):
        need("redis-server", "redis-cli")
        self.socket = test.dir + "/redis.sock"
        super().__init__(test.addCleanup, lambda: [
            "redis-server", "--port", "0", "--unixsocket", self.socket, "--unixsocketperm", "777", "--dir", test.dir, "--save", "",
            "--appendonly", "no"], lambda: self.cli("PING") == "PONG", test.dir + "/redis.log")

    def waiting(self, stream, group):
        """What nobody was given yet, what was given and not acknowledged, what is delayed: how many of each."""
        info = dict(zip(*[iter(self.cli("XINFO", "GROUPS", stream).split("\n"))] * 2))
        new = self.cli("XRANGE", stream, "(" + info["last-delivered-id"], "+", "COUNT", "1")
        return (1 if new else 0, int(info["pending"]), int(self.cli("ZCARD", stream + "__queue")))

    def cli(self, *words):
        return subprocess.run(["redis-cli", "-s", self.socket, *words], text=True, capture_output=True, check=False).stdout.strip()


class Beanstalkd(Server):
    def __init__(self, test):
        need("beanstalkd")
        self.port = None

        def command():
            self.port = free_port()
            return ["beanstalkd", "-l", "127.0.0.1", "-p", str(self.port)]
        super().__init__(test.addCleanup, command, lambda: ask(self.port, b"stats\r\n").startswith(b"OK"), test.dir + "/beanstalkd.log")

    def jobs(self, tube):
        """How many jobs of TUBE are in which state: ready, reserved, delayed, buried."""
        text = ask(self.port, f"stats-tube {tube}\r\n".encode(), 4096).decode()
        return {name: int(count) for name, count in re.findall(r"current-jobs-(ready|reserved|delayed|buried): (\d+)", text)}


class Rabbit(Server):
    """One node, of which nothing is anybody else's: directories, name, ports, epmd."""

    def __init__(self, add_cleanup, folder):
        need_root()
        need("rabbitmq-server", "unshare")
        self.port = None
        self.environment = {
            "PATH": os.environ["PATH"], "LANG": "C.UTF-8", "HOME": folder, "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": f"cronherd-test-{os.getpid()}@localhost", "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_MNESIA_BASE": folder + "/mnesia", "RABBITMQ_LOG_BASE": folder + "/log", "RABBITMQ_LOGS": "-",
            "RABBITMQ_PID_FILE": folder + "/pid", "RABBITMQ_ENABLED_PLUGINS_FILE": folder + "/plugins",
            "RABBITMQ_CONF_ENV_FILE": folder + "/env", "RABBITMQ_CONFIG_FILE": folder + "/config",
            "RABBITMQ_GENERATED_CONFIG_DIR": folder + "/generated", "RABBITMQ_FEATURE_FLAGS_FILE": folder + "/flags",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+sbwt none -kernel inet_dist_use_interface {127,0,0,1}"}

        def command():
            self.port = free_port()
            for name in ("RABBITMQ_DIST_PORT", "ERL_EPMD_PORT"):
                self.environment[name] = str(free_port())
            self.environment["RABBITMQ_NODE_PORT"] = str(self.port)
            return ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "env", "-i",
                    *(f"{key}={value}" for key, value in self.environment.items()), "/usr/lib/rabbitmq/bin/rabbitmq-server"]
        super().__init__(add_cleanup, command, lambda: ask(self.port, b"AMQP\0\0\x09\x01"), folder + "/server.log",
                         # Where others are at work it takes its time to begin.
                         PATIENCE * 5, cwd=folder)


class ConsumerTest(ImportTest):
    """A herd beside tests/consumers: self.app is a copy of it, which belongs to USER where that is to write."""

    source = "supervisord"
    DEFAULTS = ""  # what the main file says of all workers

    def setUp(self):
        super().setUp()
        need("php")
        self.write_defaults()
        self.app = self.dir + "/app"
        self.log = self.app + "/var/handled.log"
        shutil.copytree(os.path.join(SOURCES, "tests", "consumers"), self.app)
        for folder in (self.app + "/var", self.dir + "/logs"):
            os.mkdir(folder)
            shutil.chown(folder, USER, GROUP)

    def write_defaults(self, more=""):
        self.write_main(f"defaults {{ {self.DEFAULTS} {more} }}")

    def serve(self, server):
        """SERVER, which is ended only when the herd has been."""
        # It was added last, and would be the first.
        self._cleanups.insert(0, self._cleanups.pop())
        return server

    def dsn(self, dsn, **more):
        self.write("app/.env", f'MESSENGER_TRANSPORT_DSN="{dsn}"\n' + "".join(f'{key}="{value}"\n' for key, value in more.items()))

    def console(self, *args):
        """bin/console, as the workers' user."""
        user = ["setpriv", f"--reuid={USER}", f"--regid={GROUP}", "--clear-groups"] if os.geteuid() == 0 else []
        done = subprocess.run([*user, "php", self.app + "/bin/console", "--no-interaction", *map(str, args)], text=True,
                              capture_output=True, check=False, cwd=self.app, stdin=subprocess.DEVNULL, timeout=PATIENCE)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def send(self, name, count, seconds=0, *options):
        """Sends COUNT tasks; their ids."""
        ids = [f"{name}-{n}" for n in range(count)]
        self.console("app:send", "--seconds", seconds, *options, "--", *ids)
        return ids

    # ---- what the handlers said

    def said(self, what):
        """Lines "begin ID PID INSTANCE" or "end …", each a list without its first word."""
        return [line.split()[1:] for line in read(self.log).splitlines() if line.startswith(what + " ")]

    def done(self):
        return {id for id, *_ in self.said("end")}

    def wait_done(self, ids):
        wait_until("all tasks are done", lambda: self.done() >= set(ids), PATIENCE * 2)

    def wait_busy(self, but=()):
        """Pid and instance of a worker in the middle of a task; none of BUT."""
        def busy():
            ended = {(id, pid) for id, pid, _ in self.said("end")}
            for id, pid, instance in reversed(self.said("begin")):
                if (id, pid) not in ended and int(pid) not in but and self.pid(instance) == int(pid):
                    return int(pid), instance
            return None
        return wait_until("a worker is in the middle of a task", busy)

    def assert_nobody_was_interrupted(self):
        """Who began a task has ended it."""
        self.assertEqual(sorted(self.said("begin")), sorted(self.said("end")))

    # ---- what cronherd says

    def events(self, type):
        lines = self.herd("events", "--json", check=0).stdout.splitlines()
        return [event for event in map(json.loads, lines) if event["type"] == "cronherd." + type]

    def assert_no_backoff(self, ids):
        for id in ids:
            instance = self.instance(id)
            self.assertIn(instance["state"], ("RUNNING", "STARTING"), instance)
            self.assertIsNone(instance["next_start_at"])
            self.assertEqual(self.record(id).get("failures", "0"), "0")

    def assert_at_most_one_each(self, ids):
        for id in ids:
            self.assertLessEqual(len(self.mains(id)), 1, id)

    # ---- kills

    def kill_busy_workers(self, count):
        """SIGKILL to workers in the middle of a task; each is back by its minder. The ids of the tasks that were sent for that."""
        ids = []
        killed = set()
        for number in range(count):
            ids += self.send(f"kill-{number}", 3, 1)
            pid, id = self.wait_busy(killed)
            os.kill(pid, signal.SIGKILL)
            killed.add(pid)
            self.wait_pid(id, other_than=pid)
        return ids

    def kill_all_at_once(self):
        """Workers, minders and rounds, so that none of them sees another's end."""
        victims = self.minders() + self.marked()
        for sig in (signal.SIGSTOP, signal.SIGKILL):
            for pid in victims:
                try:
                    os.kill(pid, sig)
                except ProcessLookupError:
                    pass
        for pid in victims:
            wait_until("it is buried", lambda: not os.path.exists(f"/proc/{pid}"))

    def kill_rounds(self, ids, ages_ms=(1, 2, 4, 8, 16, 32)):
        """Everything is killed, and then the round that is to bring it back, at different ages; the last one is left in peace."""
        # Whoever ends so often waits, by rights, longer than a test can.
        self.write_defaults("startretries = 1000 restart_delay = 0s")
        for age in ages_ms:
            self.kill_all_at_once()
            round = subprocess.Popen([PROGRAM, "-c", self.config, "run"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                     stderr=subprocess.DEVNULL)
            try:
                round.wait(age / 1000)
            except subprocess.TimeoutExpired:
                round.kill()
                round.wait()
            self.assert_at_most_one_each(ids)
        self.herd("run")
        for id in ids:
            self.wait_pid(id)
        self.assert_at_most_one_each(ids)
