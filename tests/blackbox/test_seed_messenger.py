# SPDX-License-Identifier: ISC
"""Symfony Messenger over Redis, kept by what was supervisord's: two people's files, imported as they stand but for path and user."""
import os
import signal
import subprocess

from consumers import GROUP, USER, ConsumerTest, Redis
from herdtest import alive, main, read, wait_until

# With its comments behind everything.
SUPERVISORD = """#/etc/supervisor/conf.d/supervisord.conf

[program:messenger-consume] # the name of the program
command=php {app}/bin/console messenger:consume async {limit} # command to execute when the supervisor running
user={user} # change it by the user on your server
numprocs=2 # create two worker processes.
autostart=true #his program will start automatically when supervisord is started.
autorestart=true #automatically restart a process if it exits when it's running
process_name=%(program_name)s_%(process_num)02d # name the processes
startsecs=0 #The total number of seconds which the program needs to stay running after a startup to consider the start successful. 
"""

# Written by a container's installation script.
CONTAINER = """
[program:app-worker]
process_name=%(program_name)s_%(process_num)02d
command=php bin/console messenger:consume
directory={app}
user={user}
group={group}
numprocs=3
autostart=true
autorestart=true
stdout_logfile={logs}/app-worker.out.log
stderr_logfile={logs}/app-worker.err.log

"""


class Messenger(ConsumerTest):
    def setUp(self):
        super().setUp()
        self.redis = self.serve(Redis(self))
        # A message that nobody has acknowledged is claimed after 5 s, not after an hour.
        self.dsn(f"redis://{self.redis.socket}?redeliver_timeout=5&claim_interval=500")

    def import_file(self, text, limit="--time-limit=3600"):
        return self.imported(text.format(app=self.app, user=USER, group=GROUP, logs=self.dir + "/logs", limit=limit),
                             name="supervisord.conf")

    def wait_empty(self):
        """All was given to somebody and acknowledged. (What was acknowledged by who was killed then is still in the stream.)"""
        wait_until("no message is stuck", lambda: self.redis.waiting("messages", "symfony") == (0, 0, 0))


class Article(Messenger):
    """A name, numprocs, startsecs = 0 and --time-limit: the file of an article on Messenger."""

    IDS = ["messenger-consume:0", "messenger-consume:1"]

    def start(self, limit="--time-limit=3600"):
        self.assertEqual(self.import_file(SUPERVISORD, limit).said, "")
        self.herd("run", check=0)
        return {id: self.wait_pid(id) for id in self.IDS}

    def test_as_it_stands(self):
        pids = self.start()
        for id, pid in pids.items():
            wait_until("it has been executed", lambda: read(f"/proc/{pid}/cmdline").startswith("php"))
            self.assertEqual(read(f"/proc/{pid}/cmdline").split("\0")[:-1],
                             ["php", self.app + "/bin/console", "messenger:consume", "async", "--time-limit=3600"])
            if os.geteuid() == 0:
                self.assertNotEqual(os.stat(f"/proc/{pid}").st_uid, 0)
        self.wait_done(self.send("a", 10))
        self.wait_empty()
        self.assertIn("been running for 3600s", self.herd("logs", "-n", "50", check=0).stdout)

    def test_messages_outlive_kills_of_workers_minders_and_rounds(self):
        ids = self.send("before", 10, 0.2)
        self.start()
        ids += self.kill_busy_workers(4)
        ids += self.send("rounds", 10, 0.3)
        self.kill_rounds(self.IDS)
        ids += self.send("minders", 4, 0.3)
        for pid in self.minders():
            os.kill(pid, signal.SIGKILL)
            self.wait_gone(pid)
        for pid in [pid for pid in map(self.pid, self.IDS) if pid]:
            os.kill(pid, signal.SIGKILL)
            self.wait_gone(pid)
        ids += self.send("nobody", 4)
        self.herd("run")
        ids += self.send("after", 10)
        self.wait_done(ids)
        self.wait_empty()
        self.assert_at_most_one_each(self.IDS)

    def test_a_killed_instance_begins_with_what_it_had_taken(self):
        """Its name in Redis is CRONHERD_ID: nobody has to claim it."""
        self.dsn(f"redis://{self.redis.socket}?redeliver_timeout=3600")
        self.start()
        ids = self.send("long", 1, 6)
        pid, id = self.wait_busy()
        os.kill(pid, signal.SIGKILL)
        self.wait_pid(id, other_than=pid)
        self.wait_done(ids)
        self.assertEqual(len(self.said("begin")), 2)
        self.assertEqual(len({instance for _, _, instance in self.said("begin")}), 1)
        self.wait_empty()

    def stopped(self):
        return [(event["data"]["reason"], event["data"]["exit_code"]) for event in self.events("worker.stopped")]

    def assert_ends_were_planned(self, count):
        wait_until("the ends are recorded", lambda: len(self.stopped()) >= count)
        self.assertEqual(set(self.stopped()), {("exited", 0)})
        self.assertEqual(self.events("worker.fatal"), [])

    def test_message_limit(self):
        self.start("--limit=2")
        ids = self.send("a", 20)
        self.wait_done(ids)
        for pid in {pid for _, pid, _ in self.said("end")}:
            self.assertLessEqual(len([1 for _, by, _ in self.said("end") if by == pid]), 2)
        self.wait_empty()
        self.assert_ends_were_planned(8)
        for id in self.IDS:
            self.wait_pid(id)
        self.assert_no_backoff(self.IDS)

    def test_time_limit(self):
        old = self.start("--time-limit=1")
        ids = []
        for generation in range(3):
            ids += self.send(f"generation-{generation}", 5, 0.1)
            old = {id: self.wait_pid(id, other_than=old[id]) for id in self.IDS}
        self.wait_done(ids)
        self.wait_empty()
        self.assert_nobody_was_interrupted()
        self.assert_ends_were_planned(6)

    def test_memory_limit_of_its_own(self):
        self.start("--memory-limit=32M")
        ids = self.send("large", 6, 0, "--megabytes", 40)
        self.wait_done(ids)
        self.assertEqual(len({pid for _, pid, _ in self.said("end")}), 6)
        self.wait_empty()
        self.assert_ends_were_planned(6)

    def test_memory_limit_of_cronherds(self):
        self.write_defaults("memory_limit = 200M")
        old = self.start()
        ids = self.send("large", 1, 0, "--megabytes", 250)
        self.wait_done(ids)
        large = self.said("end")[0]
        grown, id = int(large[1]), large[2]
        self.assertIn(grown, old.values())
        ids += self.send("more", 20, 0.1)

        def replaced():
            self.herd("run")
            return not alive(grown)
        wait_until("it is replaced", replaced)
        self.wait_pid(id, other_than=grown)
        other = next(each for each in self.IDS if each != id)
        self.assertEqual(self.pid(other), old[other], "the one that did not grow stays")
        self.wait_done(ids)
        self.wait_empty()
        self.assert_nobody_was_interrupted()
        self.assertEqual([event["subject"] for event in self.events("worker.bloated")], [id])

    def test_stop_workers(self):
        """The word of a deployment: after their message all end, and are there again at once."""
        old = self.start()
        ids = self.send("long", 2, 2)
        wait_until("both are at work", lambda: len(self.said("begin")) == 2)
        self.console("messenger:stop-workers")
        for id in self.IDS:
            self.wait_pid(id, other_than=old[id])
        self.assert_nobody_was_interrupted()
        ids += self.send("after", 10)
        self.wait_done(ids)
        self.wait_empty()
        wait_until("the rounds have ended", lambda: len(self.minders()) <= 2 and all(map(self.pid, self.IDS)))
        self.assert_no_backoff(self.IDS)
        self.assert_ends_were_planned(2)

    def test_scaled_while_messages_flow(self):
        self.start()
        ids = self.send("two", 10, 0.1)
        self.herd("scale", "messenger-consume=5", check=0)
        five = [f"messenger-consume:{n}" for n in range(5)]
        for id in five:
            self.wait_pid(id)
        ids += self.send("five", 20, 0.2)
        wait_until("all five work", lambda: {instance for _, _, instance in self.said("end")} >= set(five))
        ids += self.send("down", 10, 0.2)
        self.herd("scale", "messenger-consume=1", check=0)
        wait_until("one is left", lambda: [id for id in five if self.pid(id)] == [five[0]])
        ids += self.send("one", 4, 0.1)
        self.herd("scale", "messenger-consume=0", check=0)
        wait_until("none is left", lambda: not self.marked())
        ids += self.send("none", 4)
        self.herd("scale", "--reset", "messenger-consume", check=0)
        self.herd("run")
        self.wait_done(ids)
        self.wait_empty()
        self.assert_nobody_was_interrupted()

    def test_what_a_killed_and_removed_instance_had_taken_is_claimed(self):
        self.start()
        ids = self.send("long", 2, 6)
        wait_until("both are at work", lambda: len(self.said("begin")) == 2)
        self.write("state/holds/messenger-consume:1", "")
        os.kill(self.pid("messenger-consume:1"), signal.SIGKILL)
        self.wait_done(ids)
        self.wait_empty()
        self.assertEqual({instance for _, _, instance in self.said("end")}, {"messenger-consume:0"})


class Container(Messenger):
    """Three consumers without the name of a transport, started in their directory, logs of their own."""

    IDS = [f"app-worker:{n}" for n in range(3)]

    def start(self):
        result = self.import_file(CONTAINER)
        self.assertWarned(result, 7, "group", "passes over it", name="supervisord.conf")
        self.herd("start", check=0)
        return {id: self.wait_pid(id) for id in self.IDS}

    def test_kept(self):
        ids = self.send("before", 10, 0.2)
        self.start()
        self.assertEqual({os.readlink(f"/proc/{self.pid(id)}/cwd") for id in self.IDS}, {self.app})
        ids += self.kill_busy_workers(3)
        ids += self.send("rounds", 10, 0.2)
        self.kill_rounds(self.IDS)
        ids += self.send("after", 10)
        self.wait_done(ids)
        self.wait_empty()
        self.assertIn("[OK] Consuming messages from transport", read(self.dir + "/logs/app-worker.err.log"))
        self.assertTrue(os.path.exists(self.dir + "/logs/app-worker.out.log"))

    def test_stopped_while_a_database_is_dropped(self):
        """The article's script stops supervisord in each container; here it is a verb, and a round of cron's changes nothing."""
        self.start()
        ids = self.send("before", 6, 1)
        wait_until("all are at work", lambda: len(self.said("begin")) == 3)
        self.herd("stop", check=0)
        self.assertEqual(self.marked(), [])
        self.assert_nobody_was_interrupted()
        self.herd("run", check=0)
        ids += self.send("meanwhile", 3)
        self.assertEqual(self.marked(), [])
        self.herd("start", check=0)
        self.wait_done(ids)
        self.wait_empty()


if __name__ == "__main__":
    main()
