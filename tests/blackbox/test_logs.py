# SPDX-License-Identifier: ISC
"""logs: the end of what workers have written, and what they write."""
import os
import signal
import subprocess
import threading

from herdtest import PATIENCE, PROGRAM, HerdTest, main, wait_until


class Following:
    """cronherd logs -f, what it prints collected as it comes."""

    def __init__(self, test, *args):
        self.text = ""
        self.process = subprocess.Popen([PROGRAM, "-c", test.config, "logs", "-f", *args], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1)
        self.reader = threading.Thread(target=self.collect)
        self.reader.start()
        test.addCleanup(self.close)

    def collect(self):
        for line in self.process.stdout:
            self.text += line

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.reader.join(PATIENCE)
        self.process.stdout.close()
        self.process.stderr.close()

    def wait_for(self, text):
        wait_until(f"{text!r} was printed", lambda: text in self.text)

    def end(self, sig=signal.SIGTERM, status=0):
        """Ends it by SIG; what it said on standard error."""
        self.process.send_signal(sig)
        self.reader.join(PATIENCE)
        assert self.process.wait(PATIENCE) == status, self.process.returncode
        return self.process.stderr.read()


class LogsTest(HerdTest):
    def setUp(self):
        super().setUp()
        os.mkdir(f"{self.dir}/log")

    def log(self, name, text, mode="a"):
        with open(f"{self.dir}/log/{name}", mode) as file:
            file.write(text)

    def logs(self, *args, check=0):
        return self.herd("logs", *args, check=check)


class End(LogsTest):
    def test_ten_lines_or_as_many_as_are_asked_for(self):
        self.worker("w", "sleep 1000")
        self.log("w.log", "".join(f"line {n}\n" for n in range(1, 31)))
        self.assertEqual(self.logs("w").stdout.splitlines(), [f"line {n}" for n in range(21, 31)])
        self.assertEqual(self.logs("-n", "2", "w").stdout, "line 29\nline 30\n")
        self.assertEqual(self.logs("--lines=2").stdout, "line 29\nline 30\n")
        self.assertEqual(self.logs("-n", "0", "w").stdout, "")
        self.assertEqual(len(self.logs("-n", "1000", "w").stdout.splitlines()), 30)

    def test_a_last_line_that_has_not_ended_is_one(self):
        self.worker("w", "sleep 1000")
        self.log("w.log", "one\ntwo\nthr")
        self.assertEqual(self.logs("-n", "2").stdout, "two\nthr")

    def test_lines_longer_than_any_buffer_are_whole(self):
        self.worker("w", "sleep 1000")
        self.log("w.log", "a" * 200000 + "\n" + "b" * 200000 + "\n")
        self.assertEqual(self.logs("-n", "1").stdout, "b" * 200000 + "\n")

    def test_what_was_just_rotated_counts(self):
        self.worker("w", "sleep 1000")
        self.log("w.log.1", "one\ntwo\nthree\n")
        self.log("w.log", "four\n")
        self.assertEqual(self.logs("-n", "3").stdout, "two\nthree\nfour\n")
        self.log("w.log", "", "w")
        self.assertEqual(self.logs("-n", "1").stdout, "three\n")

    def test_each_log_has_a_header_where_there_are_several(self):
        self.worker("a", "sleep 1000", numprocs=2)
        self.worker("b", "sleep 1000", numprocs=2, stdout_logfile=f"{self.dir}/log/b.%i")
        self.log("a.log", "of both\n")
        self.log("b.1", "of one\n")
        self.log("b.2", "of two\n")
        self.assertEqual(self.logs().stdout, "==> a <==\nof both\n\n==> b:1 <==\nof one\n\n==> b:2 <==\nof two\n")
        self.assertEqual(self.logs("b:2").stdout, "of two\n")

    def test_a_log_of_several_workers_is_shown_once(self):
        for name in ("a", "b"):
            self.worker(name, "sleep 1000", stdout_logfile=f"{self.dir}/log/shared")
        self.worker("c", "sleep 1000")
        self.log("shared", "theirs\n")
        self.log("c.log", "its own\n")
        self.assertEqual(self.logs().stdout, "==> a and others <==\ntheirs\n\n==> c:1 <==\nits own\n")

    def test_standard_error_where_it_has_its_own(self):
        self.worker("w", "sleep 1000", stderr_logfile=f"{self.dir}/log/w.err")
        self.worker("v", "sleep 1000")
        self.log("w.log", "out\n")
        self.log("w.err", "err\n")
        self.log("v.log", "both\n")
        self.assertEqual(self.logs("--stderr", "w").stdout, "err\n")
        self.assertEqual(self.logs("w").stdout, "out\n")
        self.assertEqual(self.logs("--stderr", "v").stdout, "both\n")


class Nothing(LogsTest):
    def test_who_asks_by_name_is_told_why(self):
        self.worker("quiet", "sleep 1000", stdout_logfile="none", stderr_logfile="none")
        self.worker("young", "sleep 1000")
        self.assertIn("quiet:1: its output is discarded", self.logs("quiet", check=1).stderr)
        self.assertIn("nothing was written yet", self.logs("young", check=1).stderr)

    def test_of_all_some_have_not_begun(self):
        self.worker("quiet", "sleep 1000", stdout_logfile="none", stderr_logfile="none")
        self.worker("young", "sleep 1000")
        self.worker("w", "sleep 1000")
        self.log("w.log", "here\n")
        self.assertIn("here\n", self.logs().stdout)

    def test_one_that_is_defined_no_more_has_no_log(self):
        self.worker("w", "sleep 1000", startsecs="10ms")
        self.herd("start", check=0)
        os.unlink(f"{self.conf_dir}/w.conf")
        self.assertIn("w:1: it is not defined", self.logs("w", check=1).stderr)

    def test_what_is_no_log_is_not_printed(self):
        self.worker("w", "sleep 1000")
        self.worker("v", "sleep 1000")
        self.log("v.log", "well\n")
        os.mkdir(f"{self.dir}/log/w.log")
        done = self.logs(check=1)
        self.assertIn("w.log is no regular file", done.stderr)
        self.assertIn("well\n", done.stdout)

    def test_a_directory_that_cannot_be_looked_into(self):
        self.write("plain", "")
        self.worker("w", "sleep 1000", stdout_logfile=f"{self.dir}/plain/w.log")
        self.assertIn("plain/w.log: ", self.logs(check=1).stderr)

    def test_an_expansion_that_fails_is_said(self):
        self.worker("w", "sleep 1000", stdout_logfile="%x.log")
        self.assertNotEqual(self.herd("logs", "w").returncode, 0)
        self.assertIn("%x", self.herd("logs", "w").stderr)

    def test_misuse(self):
        self.worker("w", "sleep 1000")
        for args in (["-n", "few"], ["-n", "-1"], ["--nonsense"], ["nobody"]):
            done = self.logs(*args, check=2)
            self.assertEqual(done.stdout, "", args)
            self.assertNotEqual(done.stderr, "", args)

    def test_a_reader_that_has_seen_enough_is_no_failure(self):
        self.worker("w", "sleep 1000")
        self.log("w.log", "x" * 99 + "\n")
        self.log("w.log", ("x" * 99 + "\n") * 20000)
        done = subprocess.run(["sh", "-c", f"{{ '{PROGRAM}' -c '{self.config}' logs -n 20000; echo $? >&2; }} | head -n 1"], text=True,
                              capture_output=True, timeout=PATIENCE)
        self.assertEqual(done.stderr, "0\n")


class Follow(LogsTest):
    def test_what_is_written_through_rotations_until_it_is_ended(self):
        self.worker("w", "sleep 1000")
        self.log("w.log", "old\n")
        following = Following(self, "w")
        following.wait_for("old\n")
        self.log("w.log", "new\n")
        following.wait_for("new\n")
        os.rename(f"{self.dir}/log/w.log", f"{self.dir}/log/w.log.1")
        self.log("w.log", "after\n")
        following.wait_for("after\n")
        self.assertEqual(following.end(), "")
        self.assertEqual(following.text, "old\nnew\nafter\n")

    def test_ctrl_c_is_no_failure_and_loses_no_line(self):
        self.worker("w", "sleep 1000")
        self.log("w.log", "old\n")
        following = Following(self, "-n", "1")
        following.wait_for("old\n")
        self.log("w.log", "last\n")
        following.end(signal.SIGINT)
        self.assertEqual(following.text, "old\nlast\n")

    def test_one_that_has_not_begun_is_waited_for(self):
        self.worker("w", "sleep 1000")
        self.worker("v", "sleep 1000")
        self.log("v.log", "there\n")
        following = Following(self)
        following.wait_for("there\n")
        self.log("w.log", "now\n")
        following.wait_for("now\n")
        self.log("v.log", "again\n")
        following.wait_for("again\n")
        self.assertEqual(following.end(), "")
        self.assertEqual(following.text, "==> v:1 <==\nthere\n\n==> w:1 <==\nnow\n\n==> v:1 <==\nagain\n")

    def test_what_becomes_no_log_is_left_and_the_others_go_on(self):
        self.worker("w", "sleep 1000")
        self.worker("v", "sleep 1000")
        self.log("w.log", "w\n")
        self.log("v.log", "v\n")
        following = Following(self)
        following.wait_for("w\n")
        os.rename(f"{self.dir}/log/w.log", f"{self.dir}/log/away")
        os.mkdir(f"{self.dir}/log/w.log")
        self.log("v.log", "goes on\n")
        following.wait_for("goes on\n")
        # It says so at the latest when it is ended; until then the other is followed.
        self.log("v.log", "still\n")
        following.wait_for("still\n")
        self.assertIn("w.log is no regular file; it is not followed any more", following.end())

    def test_what_is_no_log_is_not_followed(self):
        self.worker("w", "sleep 1000")
        self.worker("v", "sleep 1000")
        os.mkdir(f"{self.dir}/log/w.log")
        self.log("v.log", "v\n")
        following = Following(self)
        following.wait_for("v\n")
        self.assertIn("no regular file", following.end())

    def test_none_to_follow_is_an_end(self):
        self.worker("w", "sleep 1000", stdout_logfile="none", stderr_logfile="none")
        self.assertIn("discarded", self.herd("logs", "-f", "w", check=1).stderr)

    def test_it_ends_where_nobody_reads_any_more(self):
        self.worker("w", "sleep 1000")
        self.log("w.log", "old\n")
        process = subprocess.Popen([PROGRAM, "-c", self.config, "logs", "-f"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        try:
            self.assertEqual(process.stdout.readline(), "old\n")
            process.stdout.close()
            self.assertEqual(process.wait(PATIENCE), 0, process.stderr.read())
        finally:
            process.kill()
            process.wait()
            process.stderr.close()


if __name__ == "__main__":
    main()
