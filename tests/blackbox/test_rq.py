# SPDX-License-Identifier: ISC
"""With real queue workers (RQ and Redis): every job is done though workers are killed, none twice at a time."""
import os
import signal
import subprocess

from boxes import need
from herdtest import HerdTest, alive, main, read, wait_until

# What a job does: says when it begins and ends, in one line each, appended in one write.
JOBS = """
import os, time

def say(what, id, path):
    fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    os.write(fd, f"{what} {id} {os.getpid()} {os.getppid()}\\n".encode())
    os.close(fd)

def work(id, seconds, path):
    say("begin", id, path)
    time.sleep(seconds)
    say("end", id, path)
"""

ENQUEUE = """
import sys, redis, rq
import jobs
name, socket, path, seconds, *ids = sys.argv[1:]
queue = rq.Queue(name, connection=redis.Redis(unix_socket_path=socket))
for id in ids:
    queue.enqueue(jobs.work, id, float(seconds), path, job_id=id)
"""


class Queue(HerdTest):
    PYTHON = "/usr/bin/python3"  # Debian's, which has rq
    QUEUE = "default"

    def setUp(self):
        super().setUp()
        need("redis-server", "rq")
        self.socket = self.dir + "/redis.sock"
        self.log = self.dir + "/jobs.log"
        self.write("jobs.py", JOBS)
        self.redis = subprocess.Popen(["redis-server", "--port", "0", "--unixsocket", self.socket, "--dir", self.dir, "--save", "",
                                       "--appendonly", "no"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

        def end():
            self.redis.kill()
            self.redis.wait()
        self.addCleanup(end)
        # Before the processes that use it are ended, but after the herd's own end.
        self._cleanups.reverse()
        self.ping = [self.PYTHON, "-c", "import sys, redis; redis.Redis(unix_socket_path=sys.argv[1]).ping()", self.socket]
        wait_until("redis answers", lambda: os.path.exists(self.socket) and
                   subprocess.run(self.ping, check=False, stderr=subprocess.DEVNULL).returncode == 0)
        self.keep()

    def keep(self):
        """Configures five workers: self.ids."""
        self.worker("rq", f"/usr/bin/rq worker -u unix://{self.socket} --path {self.dir} --disable-job-desc-logging", numprocs=5,
                    directory=self.dir, environment=[f"PYTHONPATH={self.dir}", "PYTHONDONTWRITEBYTECODE=1"], stopwaitsecs="60s",
                    startsecs="1s", startretries=1000, restart_delay="0s")
        self.ids = [f"rq:{n}" for n in range(1, 6)]

    def enqueue(self, ids, seconds):
        subprocess.run([self.PYTHON, "-c", ENQUEUE, self.QUEUE, self.socket, self.log, str(seconds), *ids], check=True, cwd=self.dir,
                       env={**os.environ, "PYTHONPATH": self.dir, "PYTHONDONTWRITEBYTECODE": "1"})

    def lines(self, what):
        return [line.split() for line in read(self.log).splitlines() if line.startswith(what + " ")]

    def assert_each_done_and_never_twice_at_a_time(self, ids):
        running = set()
        for what, id, *_ in (line.split() for line in read(self.log).splitlines()):
            if what == "begin":
                self.assertNotIn(id, running, f"{id} runs twice at a time")
                running.add(id)
            else:
                running.discard(id)
        self.assertEqual(sorted({line[1] for line in self.lines("end")}), sorted(ids))

    def kill_a_busy_worker(self, killed):
        """SIGKILL to a worker whose horse has just begun a job (an idle one may lose the job that it is taking from Redis: RQ's)."""
        def busy():
            done = {line[1] for line in self.lines("end")}
            mains = {self.pid(id): id for id in self.ids}
            for _, job, horse, parent in reversed(self.lines("begin")):
                if job not in done and int(parent) in mains and alive(int(horse)) and int(parent) not in killed:
                    return int(parent), mains[int(parent)]
            return None
        pid, id = wait_until("a worker is in the middle of a job", busy)
        os.kill(pid, signal.SIGKILL)
        killed.add(pid)
        return pid, id

    def test_all_jobs_are_done_though_workers_are_killed(self):
        first = [f"first-{n}" for n in range(10)]
        second = [f"second-{n}" for n in range(20)]
        third = [f"third-{n}" for n in range(10)]
        self.enqueue(first, 0.5)
        self.herd("start", check=0)
        killed = set()
        self.enqueue(second, 1)
        for _ in range(5):
            pid, id = self.kill_a_busy_worker(killed)
            new = self.wait_pid(id, other_than=pid)
            self.assertNotEqual(new, pid)
        self.enqueue(third, 0.1)
        everything = first + second + third
        wait_until("all jobs are done", lambda: {line[1] for line in self.lines("end")} >= set(everything), 120)
        self.assert_each_done_and_never_twice_at_a_time(everything)
        wait_until("five workers are there", lambda: all(self.pid(id) for id in self.ids))
        self.assertEqual(len(killed), 5)

    def test_the_whole_herd_killed_with_its_minder_is_back_by_a_round(self):
        self.herd("start", check=0)
        old = {id: self.pid(id) for id in self.ids}
        for pid in self.minders() + list(old.values()):
            os.kill(pid, signal.SIGKILL)
        wait_until("all have ended", lambda: not self.marked())
        self.enqueue(["while-nobody-is-there"], 0.1)
        self.herd("run")
        for id in self.ids:
            self.wait_pid(id, other_than=old[id])
        wait_until("the job is done", lambda: self.lines("end"))

    def test_a_horse_that_outlived_its_worker_is_no_worker(self):
        """RQ's horses lead sessions of their own and bear the worker's mark; they finish their job, and a worker is there again."""
        self.herd("start", check=0)
        self.enqueue(["long"], 6)
        _, _, horse, worker = wait_until("it runs", lambda: self.lines("begin"))[0]
        old = {id: self.pid(id) for id in self.ids}
        victims = self.minders() + list(old.values())
        self.assertIn(int(worker), victims)
        for pid in victims:
            os.kill(pid, signal.SIGSTOP)
        for pid in victims:
            os.kill(pid, signal.SIGKILL)
        for pid in victims:
            # A zombie would still tell how it ended.
            wait_until("it is buried", lambda: not os.path.exists(f"/proc/{pid}"))
        self.herd("run")
        new = {id: self.wait_pid(id, other_than=old[id]) for id in self.ids}
        self.assertTrue(alive(int(horse)), "the job was given time enough for this test")
        self.assertNotIn(int(horse), new.values())
        wait_until("the job is done", lambda: self.lines("end"))
        self.herd("run")
        self.assertEqual({id: self.pid(id) for id in self.ids}, new)

    def test_stop_lets_the_running_job_finish(self):
        self.herd("start", check=0)
        self.enqueue(["long-1", "long-2"], 4)
        wait_until("both run", lambda: len(self.lines("begin")) == 2)
        done = self.herd("stop", check=0)
        self.assertNotIn("killed", done.stdout)
        self.assertEqual(self.marked(), [])
        self.assert_each_done_and_never_twice_at_a_time(["long-1", "long-2"])
        self.enqueue(["held"], 0)
        self.herd("run", check=0)
        self.assertEqual(len(self.lines("begin")), 2)
        self.herd("start", check=0)
        wait_until("the job that waited is done", lambda: ["held"] in [line[1:2] for line in self.lines("end")])


if __name__ == "__main__":
    main()
