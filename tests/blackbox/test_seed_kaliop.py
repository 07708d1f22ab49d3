# SPDX-License-Identifier: ISC
"""Consumers over RabbitMQ, named and listed in a parameters.yml as for Kaliop's watchdog, and called as it calls them.

Options have their long names: Symfony's console takes "-m=5", which the watchdog makes of "m: 5", for "=5", and so for none.
"""
import os
import shutil
import tempfile

from consumers import USER, ConsumerTest, Rabbit
from herdtest import main, read, wait_until


PARAMETERS = """parameters:
    # Used when no driver is specified, f.e. on the command line
    kaliop_queueing.default.driver: rabbitmq

    # To be configured in a bundle depending on this one (or in the application):
    # worker processes to be monitored via watchdog console command
    kaliop_queueing.default.workers.list:
{workers}
    kaliop_queueing.default.allowed_commands:
        - kaliop_queueing:echoback
        - regexp:/.*/
"""


class Kaliop(ConsumerTest):
    source = "kaliop"
    # Whoever has the watchdog in his crontab is the workers' user.
    DEFAULTS = f'user = "{USER}"'

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        folder = tempfile.mkdtemp(prefix="cronherd-rabbit-")
        # The last to be called.
        cls.addClassCleanup(shutil.rmtree, folder, ignore_errors=True)
        cls.rabbit = Rabbit(cls.addClassCleanup, folder)

    def setUp(self):
        super().setUp()
        self.dsn(f"amqp://guest:guest@127.0.0.1:{self.rabbit.port}/%2f")
        # A queue of this test alone: the server is for all of them.
        self.queue = self._testMethodName

    def keep(self, workers):
        """WORKERS: name to (queue, options)."""
        lines = []
        for name, (queue, options) in workers.items():
            lines += [f"        {name}:", "            # as configured in rabbitmq.yml", f"            queue_name: '{queue}'",
                      "            options: { " + ", ".join(f"{key}: {value}" for key, value in options.items()) + " }"]
        os.makedirs(self.app + "/app/config", exist_ok=True)
        result = self.imported(PARAMETERS.format(workers="\n".join(lines)), name="app/app/config/parameters.yml")
        self.assertEqual(result.said, "")
        self.ids = [name + ":1" for name in workers]

    def start(self, options=None, names=("mail-one", "mail-two", "mail-three")):
        """Several workers on one queue, which is what names are for."""
        self.keep({name: (self.queue, options or {}) for name in names})
        self.herd("run", check=0)
        return {id: self.wait_pid(id) for id in self.ids}

    def send(self, name, count, seconds=0, *options):
        return super().send(name, count, seconds, "--queue", self.queue, *options)

    def assert_empty(self):
        """With all consumers gone, what one had taken and not acknowledged would be back in its queue."""
        self.herd("stop", check=0)
        wait_until("no message is stuck", lambda: self.console("app:count", self.queue).split() == ["0"])

    def test_called_as_kaliop_does(self):
        for id, pid in self.start({"messages": 1000}).items():
            wait_until("it has been executed", lambda: read(f"/proc/{pid}/cmdline").startswith("php"))
            self.assertEqual(read(f"/proc/{pid}/cmdline").split("\0")[:-1],
                             ["php", self.app + "/app/console", "kaliop_queueing:consumer", self.queue, "--label=" + id[:-2], "-w",
                              "--messages=1000"])
        self.wait_done(self.send("a", 20, 0.1))
        wait_until("all of them work", lambda: {instance for _, _, instance in self.said("end")} == set(self.ids))
        self.assert_empty()

    def test_messages_outlive_kills_of_workers_minders_and_rounds(self):
        ids = self.send("before", 10, 0.2)
        self.start()
        ids += self.kill_busy_workers(3)
        ids += self.send("rounds", 10, 0.3)
        self.kill_rounds(self.ids)
        ids += self.send("after", 10)
        self.wait_done(ids)
        self.assert_at_most_one_each(self.ids)
        self.assert_empty()

    def test_message_limit(self):
        """What ends by itself is there again at once."""
        self.start({"messages": 4})
        ids = []
        for wave in range(3):
            ids += self.send(f"wave-{wave}", 12, 0.4)
            self.wait_done(ids)
        self.assertGreaterEqual(len({pid for _, pid, _ in self.said("end")}), 9)
        self.assertEqual({(event["data"]["reason"], event["data"]["exit_code"]) for event in self.events("worker.stopped")}, {("exited", 0)})
        self.assertEqual(self.events("worker.fatal"), [])
        self.assert_nobody_was_interrupted()
        self.assert_empty()

    def test_time_and_memory_limit(self):
        old = self.start({"timeout": 2, "memory-limit": 64})
        ids = self.send("small", 6, 0.1)
        new = {id: self.wait_pid(id, other_than=old[id]) for id in self.ids}
        ids += self.send("large", 3, 0, "--megabytes", 80)
        for id in self.ids:
            self.wait_pid(id, other_than=new[id])
        self.wait_done(ids)
        self.assert_nobody_was_interrupted()
        self.assert_empty()

    def test_without_signals_a_stop_interrupts_and_loses_nothing(self):
        """-w, which Kaliop gives always, has them hear no signal: RabbitMQ gives the message to another one."""
        self.start()
        ids = self.send("long", 3, 8)
        wait_until("all are at work", lambda: len(self.said("begin")) == 3)
        self.herd("stop", check=0)
        self.assertEqual(self.marked(), [])
        self.assertEqual(self.done(), set())
        self.herd("start", check=0)
        self.wait_done(ids)
        self.assert_empty()

    def test_a_list_that_changes_while_messages_flow(self):
        """The list is the scale: names come and go, those that stay are not touched."""
        old = self.start(names=("stays", "goes"))
        ids = self.send("two", 10, 0.1)
        self.keep({name: (self.queue, {}) for name in ("stays", "comes")})
        self.herd("run", check=0)
        self.wait_pid("comes:1")

        def is_gone():
            # A file that is just being replaced is missing for a moment, too: that has to last.
            self.herd("run")
            return not self.pid("goes:1")
        wait_until("who is listed no more has ended", is_gone)
        ids += self.send("other-two", 10, 0.1)
        self.wait_done(ids)
        self.assertEqual(self.pid("stays:1"), old["stays:1"])
        self.assert_empty()


if __name__ == "__main__":
    main()
