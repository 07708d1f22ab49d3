# SPDX-License-Identifier: ISC
"""Five RQ workers from the supervisor file and the settings module of an article's containers: all that test_rq shows, with these."""
import test_rq
from herdtest import main, read, wait_until
from importing import ImportTest

# As it stands, but for the two paths.
SUPERVISORD = """[supervisord]

[program:workers]
; Point the command to the specific rq command you want to run.
command=/usr/bin/rq worker -P {dir} -c settings

; process_num is required if you specify >1 numprocs
process_name=worker-%(process_num)s

; If you want to run more worker instances, increase this
numprocs=5

; This is the directory from which RQ is run. Be sure to point this to the
; directory where your source code is importable from
directory={dir}

; RQ requires the TERM signal to perform a warm shutdown. If RQ does not die
; within 10 seconds, supervisor will forcefully kill it
stopsignal=TERM

; These are up to you
autostart=true
autorestart=true"""

SETTINGS = """REDIS_URL = 'unix://{socket}'

# Queues to listen on
QUEUES = ['high_priority', 'low_priority']
"""


class Seed(test_rq.Queue, ImportTest):
    source = "supervisord"
    QUEUE = "high_priority"

    def keep(self):
        # Whoever is killed on purpose so often waits, by rights, longer than a test can.
        self.write_main("defaults { startretries = 1000 restart_delay = 0s }")
        self.write("settings.py", SETTINGS.format(socket=self.socket))
        self.result = self.imported(SUPERVISORD.format(dir=self.dir), name="supervisord.conf")
        self.ids = [f"workers:{n}" for n in range(5)]

    def test_as_it_stands(self):
        self.assertWarned(self.result, 8, "worker-0 is workers:0", name="supervisord.conf")
        self.assertEqual(sorted(self.result.instances), self.ids)
        self.assertEqual(self.result.workers["workers"]["stopsignal"], "TERM")
        self.herd("start", check=0)
        for id in self.ids:
            pid = self.wait_pid(id)
            wait_until("it has been executed", lambda: "rq" in read(f"/proc/{pid}/cmdline"))
            self.assertEqual(read(f"/proc/{pid}/cmdline").split("\0")[1:-1], ["/usr/bin/rq", "worker", "-P", self.dir, "-c", "settings"])

    def test_both_queues_are_served_the_high_one_first(self):
        self.QUEUE = "low_priority"
        self.enqueue(["low-1", "low-2"], 0)
        self.QUEUE = "high_priority"
        self.enqueue(["high"], 0)
        self.herd("scale", "workers=1", check=0)
        self.herd("start", check=0)
        wait_until("all are done", lambda: len(self.lines("end")) == 3)
        self.assertEqual([line[1] for line in self.lines("end")], ["high", "low-1", "low-2"])

    def test_scaled_while_jobs_flow(self):
        self.herd("start", check=0)
        ids = [f"five-{n}" for n in range(10)]
        self.enqueue(ids, 0.3)
        self.herd("scale", "workers=2", check=0)
        wait_until("two are left", lambda: [id for id in self.ids if self.pid(id)] == self.ids[:2])
        more = [f"two-{n}" for n in range(5)]
        self.enqueue(more, 0.1)
        self.herd("scale", "workers=8", check=0)
        for n in range(8):
            self.wait_pid(f"workers:{n}")
        last = [f"eight-{n}" for n in range(5)]
        self.enqueue(last, 0.1)
        wait_until("all are done", lambda: len(self.lines("end")) >= 20)
        self.assert_each_done_and_never_twice_at_a_time(ids + more + last)


if __name__ == "__main__":
    main()
