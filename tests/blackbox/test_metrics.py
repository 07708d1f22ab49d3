# SPDX-License-Identifier: ISC
"""What others read of a herd: metrics (with Debian's promtool and node_exporter) and the status page."""
import base64
import hashlib
import json
import os
import pwd
import re
import resource
import signal
import stat
import subprocess
import tempfile
import urllib.request
import xml.parsers.expat
from html.parser import HTMLParser

import herdtest
from herdtest import PATIENCE, SOURCES, HerdTest, alive, read, wait_until

SAMPLE = re.compile(r'(cronherd_\w+)\{(.*)\} (-?[0-9.]+)$')
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"(?:,|$)')
UNQUOTE = {r"\\": "\\", r"\"": '"', r"\n": "\n"}


def parse(text):
    """{(NAME, frozenset of LABELS without herd): VALUE}; every line must be a sample, or begin with #."""
    found = {}
    for line in text.splitlines():
        if line.startswith("# "):
            continue
        name, labels, value = SAMPLE.match(line).groups()
        pairs = {key: re.sub(r"\\.", lambda m: UNQUOTE[m.group()], text) for key, text in LABEL.findall(labels)}
        assert pairs.pop("herd"), line
        key = name, frozenset(pairs.items())
        assert key not in found, line
        found[key] = float(value)
    return found


def promtool(*args, text=None):
    done = subprocess.run(["promtool", *args], input=text, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode, done.stdout


class MetricsTest(HerdTest):
    def setUp(self):
        super().setUp()
        self.out = os.path.join(self.dir, "textfile")
        os.mkdir(self.out)
        self.file = os.path.join(self.out, "herd.prom")

    def set_files(self, extra=""):
        self.write_main(f'metrics_file = "{self.file}"\n{extra}')

    def assert_faultless(self, text):
        self.assertEqual(promtool("check", "metrics", text=text), (0, ""), text)

    def metrics(self, *targets):
        text = self.herd("status", "--prometheus", *targets, check=0).stdout
        self.assert_faultless(text)
        return parse(text)

    def written(self):
        text = read(self.file)
        self.assert_faultless(text)
        return parse(text)

    @staticmethod
    def value(metrics, name, **labels):
        return metrics.get(("cronherd_" + name, frozenset(labels.items())))

    def of(self, metrics, name, id, **labels):
        return self.value(metrics, name, worker=id.rsplit(":", 1)[0], id=id, **labels)

    def state_of(self, metrics, id):
        states = {dict(labels)["state"]: value for (name, labels), value in metrics.items()
                  if name == "cronherd_worker_state" and ("id", id) in labels}
        self.assertEqual(len(states), 8, states)
        self.assertEqual(sum(states.values()), 1, states)
        return next(state for state, value in states.items() if value)


class Status(MetricsTest):
    def test_promtool_finds_no_fault_in_a_herd_of_all_sorts(self):
        self.worker("run", "sleep 1000", memory_limit="512M")
        self.worker("held", "sleep 1000")
        self.worker("bad", "/nonexistent", startretries=0)
        self.worker("off", "sleep 1000", enabled=False)
        self.worker("once", "sh -c 'exit 3'", autorestart="never", startsecs=0)
        self.worker("grün-作業🐑{},=", "sleep 1000")
        self.write("conf.d/broken.conf", "worker x { command = y \n nonsense = 1 }\n")
        os.mkdir(self.state, 0o700)
        self.write("state/deliveries", "cronherd-deliveries 1\n"
                   "webhook ops owed 3 delivered 40 dead 1 failing_since_ms 17 disabled 0\n", 0o600)
        self.herd("stop", "held", check=0)
        self.herd("run", check=2)
        wait_until("run and once are where they go", lambda: self.herd("run").returncode == 2 and
                   self.instance("run:1")["state"] == "RUNNING" and self.instance("once:1")["state"] == "EXITED")
        metrics = self.metrics()
        self.assertEqual(self.state_of(metrics, "run:1"), "RUNNING")
        self.assertEqual(self.state_of(metrics, "held:1"), "STOPPED")
        self.assertEqual(self.state_of(metrics, "bad:1"), "FATAL")
        self.assertEqual(self.state_of(metrics, "once:1"), "EXITED")
        for id, up, wanted, held in (("run:1", 1, 1, 0), ("held:1", 0, 0, 1), ("bad:1", 0, 1, 0), ("off:1", 0, 0, 0),
                                     ("once:1", 0, 0, 0), ("grün-作業🐑{},=:1", 1, 1, 0)):
            self.assertEqual((self.of(metrics, "worker_up", id), self.of(metrics, "worker_wanted", id),
                              self.of(metrics, "worker_held", id)), (up, wanted, held), id)
        self.assertEqual(self.value(metrics, "config_errors"), 1)
        self.assertEqual(self.value(metrics, "herd_owned"), 1)
        self.assertEqual(self.value(metrics, "workers", state="RUNNING"), 2)
        self.assertEqual(self.value(metrics, "workers", state="FATAL"), 1)
        self.assertEqual(self.value(metrics, "deliveries_owed", webhook="ops"), 3)
        self.assertEqual(self.value(metrics, "webhook_failing", webhook="ops"), 1)
        self.assertEqual(self.of(metrics, "worker_last_exit_code", "once:1"), 3)
        self.assertEqual(self.of(metrics, "worker_memory_limit_bytes", "run:1"), 512 << 20)
        self.assertGreater(self.of(metrics, "worker_rss_bytes", "run:1"), 0)
        self.assertIsNone(self.of(metrics, "worker_rss_bytes", "held:1"))
        shown = self.status()
        self.assertGreaterEqual(self.value(metrics, "last_run_timestamp_seconds"),
                                self.value(metrics, "last_round_timestamp_seconds"))
        self.assertAlmostEqual(self.value(metrics, "round_duration_seconds"), shown["last_round"]["duration_ms"] / 1000)
        run = next(i for i in shown["instances"] if i["id"] == "run:1")
        self.assertEqual(self.value(metrics, "build_info", version=self.version()), 1)
        self.assertIn(run["started_at"][:10], subprocess.run(
            ["date", "-u", "-d", f"@{self.of(metrics, 'worker_start_time_seconds', 'run:1')}", "+%F"],
            stdout=subprocess.PIPE, text=True, check=True).stdout)

    def version(self):
        return self.herd("--version", check=0).stdout.split()[1]

    def test_targets_are_all_that_is_shown(self):
        self.worker("a", "sleep 1000", numprocs=2)
        self.worker("b", "sleep 1000")
        metrics = self.metrics("a:2")
        ids = {dict(labels).get("id") for _, labels in metrics}
        self.assertEqual(ids, {None, "a:2"})
        self.assertEqual(self.value(metrics, "workers", state="STOPPED"), 1)
        self.herd("status", "--prometheus", "nobody", check=2)

    def test_a_herd_without_a_round_has_metrics(self):
        self.worker("a", "sleep 1000")
        metrics = self.metrics()
        self.assertIsNone(self.value(metrics, "last_run_timestamp_seconds"))
        self.assertEqual(self.of(metrics, "worker_up", "a:1"), 0)
        self.assertEqual(self.of(metrics, "worker_restarts_total", "a:1", reason="crashed"), 0)
        os.unlink(f"{self.conf_dir}/a.conf")
        self.assertEqual({dict(labels).get("id") for _, labels in self.metrics()}, {None})

    def test_a_configured_webhook_is_there_before_it_was_sent_anything(self):
        self.worker("a", "sleep 1000")
        self.write("conf.d/w.conf", 'webhook "ops" { url = "http://127.0.0.1:9/" }\n')
        metrics = self.metrics()
        for name in ("deliveries_owed", "deliveries_total", "deliveries_dead", "webhook_failing", "webhook_disabled"):
            self.assertEqual(self.value(metrics, name, webhook="ops"), 0, name)

    def test_only_one_form_at_a_time(self):
        for args in (("--prometheus", "--json"), ("--html", "--prometheus"), ("--watch", "--prometheus"),
                     ("--html", "--watch")):
            self.assertIn("--", self.herd("status", *args, check=2).stderr)

    def test_another_hosts_herd_is_not_owned(self):
        self.worker("a", "sleep 1000")
        self.herd("run", check=0)
        self.wait_pid("a:1")
        lease = read(f"{self.state}/lease")
        lease = re.sub(r"(?m)^host .*", "host elsewhere", lease)
        self.write("state/lease", re.sub(r"(?m)^boot .*", "boot 11111111-2222-3333-4444-555555555555", lease), 0o600)
        metrics = self.metrics()
        self.assertEqual(self.value(metrics, "herd_owned"), 0)
        self.assertEqual(self.state_of(metrics, "a:1"), "UNKNOWN")
        self.assertEqual(self.of(metrics, "worker_up", "a:1"), 0)
        # Two hosts would write the same file in turn.
        self.set_files()
        self.herd("run", check=1)
        self.assertEqual(os.listdir(self.out), [])


class Restarts(MetricsTest):
    def test_a_restart_counts_once_it_is_one(self):
        self.set_files()
        self.worker("w", "sleep 1000", restart_delay="1ms", startsecs=0)
        self.herd("run", check=0)
        pid = self.wait_pid("w:1")
        for round in (1, 2):
            os.kill(pid, signal.SIGKILL)
            pid = self.wait_pid("w:1", other_than=pid)
            wait_until("its restart counts", lambda: self.of(self.metrics(), "worker_restarts_total", "w:1",
                                                             reason="killed") == round)
        self.herd("stop", "w", check=0)
        metrics = self.metrics()
        self.assertEqual(self.of(metrics, "worker_restarts_total", "w:1", reason="killed"), 2)
        self.assertEqual(self.of(metrics, "worker_restarts_total", "w:1", reason="manual"), 0)
        self.assertEqual(self.of(metrics, "worker_last_exit_signal", "w:1"), signal.SIGTERM)
        self.assertIsNone(self.of(metrics, "worker_last_exit_code", "w:1"))
        self.herd("start", "w", check=0)
        self.assertEqual(self.of(self.metrics(), "worker_restarts_total", "w:1", reason="manual"), 1)
        self.herd("run", check=0)
        self.assertEqual(self.of(self.written(), "worker_restarts_total", "w:1", reason="manual"), 1)


class File(MetricsTest):
    def test_a_round_leaves_what_it_knows(self):
        self.set_files()
        self.worker("a", "sleep 1000", numprocs=2)
        self.worker("bad", "/nonexistent", startretries=0)
        self.herd("run", check=1)
        written = self.written()
        self.assertEqual(stat.S_IMODE(os.stat(self.file).st_mode), 0o644)
        self.assertEqual(os.listdir(self.out), ["herd.prom"])
        # Those that this very round has started are up.
        for id in ("a:1", "a:2"):
            self.assertEqual(self.of(written, "worker_up", id), 1)
            self.assertEqual(self.state_of(written, id), "STARTING")
            self.assertLess(self.of(written, "worker_uptime_seconds", id), PATIENCE * 3)
        self.assertEqual(self.state_of(written, "bad:1"), "FATAL")
        shown = self.metrics()
        for name in ("last_round_timestamp_seconds", "config_errors", "herd_owned"):
            self.assertEqual(self.value(written, name), self.value(shown, name), name)
        for id in ("a:1", "a:2"):
            self.assertAlmostEqual(self.of(written, "worker_start_time_seconds", id),
                                   self.of(shown, "worker_start_time_seconds", id), delta=1)
        wait_until("they run", lambda: self.herd("run").returncode == 1 and self.state_of(self.written(), "a:2") == "RUNNING")
        self.assertGreater(self.of(self.written(), "worker_memory_bytes", "a:2"), 0)
        self.assertEqual({name for name, _ in self.metrics()}, {name for name, _ in self.written()})

    def test_what_is_removed_leaves_the_file(self):
        self.set_files()
        self.worker("a", "sleep 1000")
        self.worker("b", "sleep 1000")
        self.herd("run", check=0)
        os.unlink(f"{self.conf_dir}/b.conf")
        wait_until("b has gone", lambda: self.herd("run").returncode == 0 and not self.marked("b:1"))
        self.herd("run", check=0)
        self.assertEqual({dict(labels).get("id") for _, labels in self.written()}, {None, "a:1"})

    def test_only_whole_rounds_write_it(self):
        self.set_files()
        self.worker("a", "sleep 1000", restart_delay="1ms", startsecs=0)
        self.herd("start", check=0)
        self.herd("stop", check=0)
        self.herd("start", check=0)
        self.herd("run", "a", check=0)
        pid = self.pid("a:1")
        os.kill(pid, signal.SIGKILL)
        self.wait_pid("a:1", other_than=pid)
        wait_until("the minder's round is over", lambda: not [pid for pid in self.minders() if "run" in read(
            f"/proc/{pid}/cmdline").split("\0")])
        self.assertEqual(os.listdir(self.out), [])
        self.herd("run", check=0)
        self.assertEqual(os.listdir(self.out), ["herd.prom"])

    def test_a_watching_round_writes_at_its_end(self):
        self.set_files()
        self.worker("a", "sleep 1000", startsecs=0)
        self.herd("run", "--for", "1s", check=0)
        self.assertEqual(self.state_of(self.written(), "a:1"), "RUNNING")
        self.assertGreaterEqual(self.value(self.written(), "round_duration_seconds"), 1)

    def test_what_goes_wrong_is_said_once_and_hurts_nobody(self):
        os.rmdir(self.out)
        self.set_files()
        self.worker("a", "sleep 1000")
        done = self.herd("run", check=0)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        self.assertIn(f"cannot write metrics_file, {self.file}: No such file or directory", done.stderr)
        self.wait_pid("a:1")
        self.assertEqual(self.herd("run", check=0).stderr, "")
        os.mkdir(self.out)
        self.assertEqual(self.herd("run", check=0).stderr, "")
        self.assertEqual(self.of(self.written(), "worker_up", "a:1"), 1)
        os.unlink(self.file)
        os.mkdir(self.file)
        self.assertIn("metrics_file", self.herd("run", check=0).stderr)
        self.assertEqual(os.listdir(self.out), ["herd.prom"])

    def test_a_full_disk_leaves_the_old_file(self):
        self.set_files()
        self.worker("a", "sleep 1000", numprocs=20)
        self.herd("run", check=0)
        before = read(self.file)
        self.assertGreater(len(before), 16384)
        # All else that a round writes is smaller.
        done = self.herd("run", preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (16384, 16384)))
        self.assertIn("cannot write metrics_file", done.stderr)
        self.assertEqual(read(self.file), before)
        self.assertEqual(os.listdir(self.out), ["herd.prom"])
        self.assertEqual(len(self.marked("a:1")), 1)

    def test_a_link_in_its_place_is_replaced_and_not_followed(self):
        precious = self.write("precious", "mine\n")
        os.symlink(precious, self.file)
        self.set_files()
        self.worker("a", "sleep 1000")
        self.herd("run", check=0)
        self.assertEqual(read(precious), "mine\n")
        self.assertTrue(stat.S_ISREG(os.lstat(self.file).st_mode))

    def test_root_is_not_led_astray_by_the_owner_of_the_directory(self):
        self.assertEqual(os.geteuid(), 0, "to be run as root")
        self.worker("a", "sleep 1000")
        nobody = pwd.getpwnam("nobody")
        os.chown(self.out, nobody.pw_uid, nobody.pw_gid)
        self.set_files()
        self.herd("run", check=0)
        self.assertEqual(self.of(self.written(), "worker_up", "a:1"), 1)
        target = os.path.join(self.dir, "roots")
        os.mkdir(target)
        os.symlink(target, os.path.join(self.out, "link"))
        self.write_main(f'metrics_file = "{self.out}/link/herd.prom"')
        done = self.herd("run", check=0)
        self.assertIn("a link on the way", done.stderr)
        self.assertEqual(os.listdir(target), [])

    def test_a_round_without_the_option_asks_for_nothing(self):
        self.worker("a", "sleep 1000")
        self.herd("run", check=0)
        wait_until("it runs", lambda: self.herd("run").returncode == 0 and self.instance("a:1")["state"] == "RUNNING")

        def calls():
            trace = os.path.join(self.dir, "trace")
            subprocess.run([*herdtest.STRACE, "-f", "-o", trace, herdtest.PROGRAM, "-c", self.config, "run"], check=True,
                           stdin=subprocess.DEVNULL)
            return read(trace)
        wait_until("a round is healthy", lambda: "slots.cache" in calls())
        trace = calls()
        for name in ("deliveries", "textfile", "/etc/passwd", "nsswitch"):
            self.assertNotIn(name, trace)
        self.set_files()
        self.assertIn("deliveries", calls())


class Exporter(MetricsTest):
    """With node_exporter's textfile collector."""

    def start_exporter(self):
        """Its address; it says on which port it came to listen."""
        log = tempfile.NamedTemporaryFile("r", prefix="cronherd-exporter-")
        self.addCleanup(log.close)
        with open(log.name, "w") as out:
            exporter = subprocess.Popen(
                ["prometheus-node-exporter", "--collector.disable-defaults", "--collector.textfile",
                 f"--collector.textfile.directory={self.out}", "--web.listen-address=127.0.0.1:0"],
                stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT)

        def stop():
            exporter.kill()
            exporter.wait()
        self.addCleanup(stop)

        def address():
            self.assertIsNone(exporter.poll(), read(log.name))
            return re.search(r'msg="Listening on" address=(127\.0\.0\.1:\d+)', read(log.name))
        self.log = log.name
        return wait_until("node_exporter listens", address).group(1)

    def scrape(self, address):
        with urllib.request.urlopen(f"http://{address}/metrics", timeout=PATIENCE) as answer:
            return answer.read().decode()

    def test_it_takes_the_files_of_two_herds(self):
        self.worker("w", "sleep 1000")
        self.worker('grün-🐑{},=', "sleep 1000")
        self.set_files()
        self.herd("run", check=0)
        # Another herd of the same names; and what a crash leaves.
        other = Status("version")
        other.setUp()
        self.addCleanup(other.doCleanups)
        other.worker("w", "false", startretries=0, restart_delay="5min", restart_delay_max="5min")
        other.write_main(f'metrics_file = "{self.out}/other.prom"')
        other.herd("run")
        wait_until("the other herd's is FATAL", lambda: other.herd("run").returncode == 1 and
                   'state="FATAL",herd="%s"} 1' % other.state in read(f"{self.out}/other.prom"))
        self.write("textfile/.tmp-1-2", "garbage")
        page = self.scrape(self.start_exporter())
        self.assertIn("\nnode_textfile_scrape_error 0\n", page)
        self.assertNotIn("level=error", read(self.log))
        self.assertEqual(sorted(re.findall(r'node_textfile_mtime_seconds\{file="[^"]*/(\w+\.prom)"\}', page)),
                         ["herd.prom", "other.prom"])
        ours = [line for line in page.splitlines() if line.startswith("cronherd_")]
        self.assertEqual(len(ours), sum(not line.startswith("#") for name in ("herd.prom", "other.prom")
                                        for line in read(os.path.join(self.out, name)).splitlines()))
        for herd, up in ((self.state, 1), (other.state, 0)):
            self.assertIn(f'cronherd_worker_up{{herd="{herd}",id="w:1",worker="w"}} {up}', ours)
        self.assertIn("# TYPE cronherd_worker_restarts_total counter\n", page)


class Rules(MetricsTest):
    """The sample of alert rules: on the metrics that we really give."""

    RULES = os.path.join(SOURCES, "conf.d/sample/cronherd.rules.yml")

    def test_promtool_takes_them(self):
        status, said = promtool("check", "rules", self.RULES)
        self.assertEqual(status, 0, said)

    def test_they_speak_of_nothing_else(self):
        self.set_files()
        self.worker("w", "sleep 1000")
        self.write("conf.d/w.conf", 'webhook "ops" { url = "http://127.0.0.1:9/" }\n'
                   'worker "w" { command = "sleep 1000" memory_limit = 1G }\n')
        self.herd("run", check=0)
        wait_until("it runs", lambda: self.herd("run").returncode == 0 and self.state_of(self.written(), "w:1") == "RUNNING")
        known = {name for name, _ in self.written()}
        asked = set(re.findall(r"cronherd_[a-z_]+", " ".join(re.findall(r"expr: (.*)", read(self.RULES)))))
        self.assertGreater(len(asked), 8)
        self.assertLessEqual(asked, known)

    def test_they_fire_when_they_should(self):
        herd = 'herd="/s"'
        worker = 'worker="w",id="w:1",' + herd
        series = {
            f"cronherd_last_run_timestamp_seconds{{{herd}}}": "0+60x30 1800x30",
            f"cronherd_worker_up{{{worker}}}": "1x30 0x30",
            f"cronherd_worker_wanted{{{worker}}}": "1x60",
            f'cronherd_worker_up{{worker="h",id="h:1",{herd}}}': "0x60",
            f'cronherd_worker_wanted{{worker="h",id="h:1",{herd}}}': "0x60",
            f'cronherd_worker_state{{{worker},state="FATAL"}}': "0x30 1x30",
            f'cronherd_worker_state{{{worker},state="UNKNOWN"}}': "0x60",
            f'cronherd_worker_restarts_total{{{worker},reason="crashed"}}': "0x30 1+1x30",
            f'cronherd_worker_restarts_total{{{worker},reason="memory_limit"}}': "0+1x60",
            f"cronherd_worker_memory_bytes{{{worker}}}": "50x30 200x30",
            f"cronherd_worker_memory_limit_bytes{{{worker}}}": "100x60",
            f"cronherd_config_errors{{{herd}}}": "0x30 2x30",
            f'cronherd_webhook_failing{{webhook="ops",{herd}}}': "0x20 1x40",
            f'cronherd_deliveries_dead{{webhook="ops",{herd}}}': "0x30 3x30",
        }
        names = re.findall(r"alert: (\w+)", read(self.RULES))
        test = {"rule_files": [self.RULES], "evaluation_interval": "1m", "tests": [{
            "interval": "1m",
            "input_series": [{"series": name, "values": values} for name, values in series.items()],
            "promql_expr_test": [{"expr": 'count by (alertname) (ALERTS{alertstate="firing"})', "eval_time": f"{minute}m",
                                  "exp_samples": [{"labels": f'{{alertname="{name}"}}', "value": 1} for name in firing]}
                                 for minute, firing in ((15, []), (58, [name for name in names
                                                                        if name != "CronherdWorkerUnknown"]))]}]}
        path = self.write("rules_test.yml", json.dumps(test, ensure_ascii=False)) # JSON is YAML
        status, said = promtool("test", "rules", path)
        self.assertEqual(status, 0, said)


class Page(HTMLParser):
    """Whether a page's elements are closed in order; its texts by element; its attributes."""

    VOID = {"meta", "link"}

    def __init__(self, text):
        super().__init__()
        self.open, self.elements, self.texts = [], [], []
        self.feed(text)
        self.close()
        assert not self.open, self.open

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        assert tag in self.VOID, tag
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag, tag

    def handle_data(self, data):
        self.texts.append((self.open[-1] if self.open else "", data))

    def text(self, tag):
        return [data for within, data in self.texts if within == tag]


class StatusPage(HerdTest):
    def setUp(self):
        super().setUp()
        self.page = os.path.join(self.dir, "page.html")

    def check_page(self, text):
        """It is well-formed, even as XML, has no script, and its policy allows its own style alone."""
        xml.parsers.expat.ParserCreate().Parse(text.replace("<!DOCTYPE html>", "", 1), True)
        page = Page(text)
        policy = next(attrs["content"] for tag, attrs in page.elements
                      if attrs.get("http-equiv") == "Content-Security-Policy")
        digest = base64.b64encode(hashlib.sha256("".join(page.text("style")).encode()).digest()).decode()
        self.assertEqual(policy, f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; "
                                 "form-action 'none'")
        for tag, attrs in page.elements:
            self.assertNotIn(tag, ("script", "iframe", "img", "a", "form"))
            self.assertFalse([name for name in attrs if name.startswith("on") or name in ("style", "src")], attrs)
            self.assertTrue(attrs.get("href", "data:").startswith("data:"), attrs)
        return page

    def html(self, *targets):
        return self.check_page(self.herd("status", "--html", *targets, check=0).stdout)

    def test_it_shows_the_herd_whatever_the_names_are(self):
        hostile = "<script>alert(1)<!--&amp;"
        self.worker(hostile, "sleep 1000", memory_limit="1G")
        self.worker("bad", "/nonexistent/<b>&\"'", startretries=0)
        self.write("conf.d/broken.conf", 'worker "<img src=x onerror=alert(1)>" { }\n')
        os.mkdir(self.state, 0o700)
        self.write("state/deliveries", "cronherd-deliveries 1\n"
                   "webhook </table><script> owed 3 delivered 40 dead 1 failing_since_ms 17 disabled 0\n", 0o600)
        self.herd("run", check=2)
        page = self.html()
        self.assertIn(hostile + ":1", page.text("bdi"))
        self.assertIn("</table><script>", page.text("bdi"))
        self.assertTrue([text for text in page.text("li") if "onerror" in text], page.texts)
        self.assertTrue([text for text in page.text("span") if "/nonexistent/<b>" in text], page.texts)
        self.assertEqual(page.text("p")[0], "CRITICAL")
        self.assertTrue(page.text("title")[0].startswith("CRITICAL: "))
        self.assertEqual(set(page.text("b")) - {"STARTING", "RUNNING"}, {"FATAL", "failing"})
        self.assertEqual(sum(tag == "meter" for tag, _ in page.elements), 1)
        page = self.html("bad")
        self.assertNotIn(hostile + ":1", page.text("bdi"))

    def test_each_whole_round_writes_it(self):
        metrics = os.path.join(self.dir, "herd.prom")
        self.write_main(f'status_page = "{self.page}"\nmetrics_file = "{metrics}"')
        self.worker("w", "sleep 1000")
        self.herd("start", check=0)
        self.assertFalse(os.path.exists(self.page))
        self.herd("run", check=0)
        page = self.check_page(read(self.page))
        self.assertEqual(stat.S_IMODE(os.stat(self.page).st_mode), 0o644)
        self.assertEqual(page.text("p")[0], "OK")
        self.assertIn("RUNNING", page.text("b"))
        self.assertIn("cronherd_worker_up", read(metrics))
        self.write_main(f'status_page = "{self.page}"')
        os.unlink(metrics)
        self.herd("stop", check=0)
        self.herd("run", check=0)
        self.assertIn("STOPPED", self.check_page(read(self.page)).text("b"))
        self.assertFalse(os.path.exists(metrics))
        self.write_main(f'status_page = "{self.dir}/none/page.html"')
        self.assertIn("cannot write status_page", self.herd("run", check=0).stderr)

    def test_a_herd_of_nobody_has_a_page(self):
        self.assertIn("OK", self.html().text("p"))

    def test_what_is_wrong_with_the_option_costs_nobody(self):
        self.write_main('status_page = "/"\nmetrics_file = ""')
        self.worker("w", "sleep 1000")
        done = self.herd("run", check=2)
        self.assertRegex(done.stderr, r"cronherd\.conf:\d+: option 'status_page' must name a file")
        self.assertRegex(done.stderr, r"cronherd\.conf:\d+: option 'metrics_file' must name a file")
        self.assertTrue(alive(self.wait_pid("w:1")))


if __name__ == "__main__":
    herdtest.main()
