# SPDX-License-Identifier: ISC
"""Workers over beanstalkd, as SlmQueue's documentation has them kept: its supervisor files and its units of systemd, imported as they
stand but for paths and user."""
import os
import signal


from consumers import GROUP, USER, Beanstalkd, ConsumerTest
from herdtest import main, wait_until, words

MAIN = """[supervisord]
logfile          = /var/log/supervisord/supervisord.log
logfile_maxbytes = 50MB
logfile_backups  = 10
loglevel         = error

[unix_http_server]
file             = /tmp/supervisor.sock

[supervisorctl]
serverurl        = unix:///tmp/supervisor.sock

"""

ONE = """[program:my-app]
command     = php {app}/public/index.php queue beanstalkd default
user        = {user}
autorestart = true
"""

THREE = """[program:my-app]
user         = {user}
command      = php {app}/public/index.php queue beanstalkd
numprocs     = 3
process_name = my-app-worker-%(process_num)
autorestart  = true
"""


SERVICE = """[Unit]
# Description of the service
Description=MyApp-Worker

# Add some other services / targets that you need before your worker can be started
# e. g. we need the network, mysql & redis server to work!
After=network.target mysqld.service redis-server.service

# If you have enabled auto-restarting (see below) systemd will stop restarting this service if it fails too often
# Setting StartLimitIntervalSec to 0 disables this behavior.
StartLimitIntervalSec=0

[Service]
Type=simple

# Enable auto-restarting
Restart=always

# Wait 1 minute to restart the service after its exit
RestartSec=60

# set the correct user and group for the execution
User={user}
Group={group}

# You have to insert the correct server-specific directory here!
ExecStart=/usr/bin/php {app}/public/index.php queue beanstalkd

[Install]
# Start this target after the multi-user.target is reached (if its enabled)
WantedBy=multi-user.target
"""

TEMPLATE = """[Unit]
# Description of the service with the worker ID in it
Description=MyApp-Worker %i
StartLimitIntervalSec=0

# Make this worker a part of my-app.target
# This means when my-app.target is stopped or restarted, this worker will be stopped or restarted too.
# But if this worker is stopped or restarted, it will not affect each other.
PartOf=my-app.target

[Service]
Type=simple
Restart=always
RestartSec=60
User={user}
Group={group}
ExecStart=/usr/bin/php {app}/public/index.php queue beanstalkd
"""

TARGET = """[Unit]
# Add some other services / targets that you need before your worker can be started
# e. g. we need the network, mysql & redis server to work!
After=network.target mysqld.service redis-server.service

# This target want the workers to be started
# Add as many as you like
Wants=my-app-worker@1.service my-app-worker@2.service my-app-worker@3.service

[Install]
# Start this target after the multi-user.target is reached (if its enabled)
WantedBy=multi-user.target
"""


class Slm(ConsumerTest):
    IDS = [f"my-app:{n}" for n in range(3)]

    def setUp(self):
        super().setUp()
        self.beanstalkd = self.serve(Beanstalkd(self))
        self.configure()

    def configure(self, **more):
        self.dsn(f"beanstalkd://127.0.0.1:{self.beanstalkd.port}", **more)

    def send(self, name, count, seconds=0, *options):
        return super().send(name, count, seconds, "--queue", "default", *options)

    def import_file(self, text):
        return self.imported(text.format(app=self.app, user=USER), name="supervisord.conf")

    def wait_empty(self):
        wait_until("no job is stuck", lambda: set(self.beanstalkd.jobs("default").values()) == {0})


class Supervisord(Slm):
    def start(self):
        result = self.import_file(MAIN + THREE)
        # No format: supervisord itself refuses it, and what it means is plain.
        self.assertWarned(result, 17, "process_name", "my-app-worker-0 is my-app:0", name="supervisord.conf")
        self.herd("run", check=0)
        return {id: self.wait_pid(id) for id in self.IDS}

    def test_one(self):
        self.assertEqual(self.import_file(MAIN + ONE).said, "")
        self.herd("start", check=0)
        pid = self.pid("my-app:1")
        self.assertEqual(words(pid),
                         ["php", self.app + "/public/index.php", "queue", "beanstalkd", "default"])
        self.wait_done(self.send("a", 10))
        self.wait_empty()
        self.herd("stop", check=0)

    def test_messages_outlive_kills_of_workers_minders_and_rounds(self):
        ids = self.send("before", 10, 0.2)
        self.start()
        ids += self.kill_busy_workers(3)
        ids += self.send("rounds", 10, 0.3)
        self.kill_rounds(self.IDS)
        ids += self.send("after", 10)
        self.wait_done(ids)
        self.wait_empty()
        self.assert_at_most_one_each(self.IDS)

    def test_maximum_of_runs(self):
        """What ends with 0 after its runs is started again, as the documentation says; startsecs is supervisord's 1."""
        self.configure(MAX_RUNS="3")
        self.start()
        ids = []
        for wave in range(3):
            ids += self.send(f"wave-{wave}", 9, 0.4)
            self.wait_done(ids)
        self.wait_empty()
        self.assertGreaterEqual(len({pid for _, pid, _ in self.said("end")}), 9)
        self.assertEqual({(event["data"]["reason"], event["data"]["exit_code"]) for event in self.events("worker.stopped")}, {("exited", 0)})
        self.assertEqual(self.events("worker.fatal"), [])
        self.assert_nobody_was_interrupted()

    def test_stop_lets_the_job_be_finished(self):
        self.start()
        ids = self.send("long", 3, 2)
        wait_until("all are at work", lambda: len(self.said("begin")) == 3)
        done = self.herd("stop", check=0)
        self.assertNotIn("killed", done.stdout)
        self.assertEqual(self.done(), set(ids))
        self.wait_empty()

    def test_scaled_while_messages_flow(self):
        self.start()
        ids = self.send("three", 10, 0.1)
        self.herd("scale", "my-app=6", check=0)
        for n in range(6):
            self.wait_pid(f"my-app:{n}")
        ids += self.send("six", 20, 0.2)
        self.herd("scale", "my-app=1", check=0)
        wait_until("one is left", lambda: [n for n in range(6) if self.pid(f"my-app:{n}")] == [0])
        ids += self.send("one", 5)
        self.wait_done(ids)
        self.wait_empty()
        self.assert_nobody_was_interrupted()


class Systemd(Slm):
    IDS = [f"my-app-worker:{n}" for n in (1, 2, 3)]

    def import_units(self, **units):
        paths = [self.write(name, text.format(app=self.app, user=USER, group=GROUP)) for name, text in units.items()]
        done = self.run_import("systemd", *paths)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return self.accept(done)

    def start(self):
        result = self.import_units(**{"my-app.target": TARGET, "my-app-worker@.service": TEMPLATE})
        self.assertEqual(sorted(result.instances), self.IDS)
        self.herd("start", "@my-app", check=0)
        return {id: self.wait_pid(id) for id in self.IDS}

    def wait_well(self):
        wait_until("all run", lambda: all(self.instance(id)["state"] == "RUNNING" for id in self.IDS))

    def test_one(self):
        self.import_units(**{"my-app-worker.service": SERVICE})
        self.herd("start", check=0)
        ids = self.send("a", 5)
        self.wait_done(ids)
        pid = self.pid("my-app-worker:1")
        os.kill(pid, signal.SIGKILL)
        # RestartSec is for whoever fails again and again: this one was well.
        self.wait_pid("my-app-worker:1", other_than=pid)
        self.wait_done(self.send("b", 5))
        self.wait_empty()

    def test_template_and_target(self):
        ids = self.send("before", 6, 0.2)
        self.start()
        self.wait_well()
        # Whoever ends twice in a short time has to wait for a minute, as RestartSec says.
        ids += self.kill_busy_workers(1)
        ids += self.send("after", 5)
        self.wait_done(ids)
        self.wait_empty()
        # One alone, as `systemctl restart my-app-worker@2` has it, and all, by the target.
        two = self.wait_pid("my-app-worker:2")
        self.herd("restart", "my-app-worker:2", check=0)
        self.wait_pid("my-app-worker:2", other_than=two)
        self.herd("stop", "@my-app", check=0)
        self.assertEqual(self.marked(), [])
        ids = self.send("meanwhile", 3)
        self.herd("run", check=0)
        self.assertEqual(self.marked(), [])
        self.herd("start", "@my-app", check=0)
        self.wait_done(ids)
        self.wait_empty()


if __name__ == "__main__":
    main()
