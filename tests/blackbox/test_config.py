# SPDX-License-Identifier: ISC
"""config: checks all configuration, prints what it amounts to, and what an instance would be given."""
import json
import os
import subprocess

from herdtest import PATIENCE, PROGRAM, HerdTest, main


class ConfigTest(HerdTest):
    def inquire(self, *args, check=0):
        return self.herd("config", *args, check=check)

    def object(self, check=0):
        return json.loads(self.inquire("--json", check=check).stdout)

    def environment(self, target, check=0):
        lines = self.inquire("--env", target, check=check).stdout.splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line)


class Printed(ConfigTest):
    def test_what_is_printed_is_the_same_configuration_again(self):
        self.write_main('defaults { startsecs = 7\n environment = {"A=1"} }\ngroup "g" { workers = {"a", "b"} }')
        self.worker("a", "sh -c 'echo \"%%\" \"$0\"'", numprocs=3, environment=["B=two words", "C=%n"], stopsignal="QUIT",
                    memory_limit="128M", exitcodes=["0", "3"])
        self.worker("b", "sleep 1000", enabled=False, directory=self.dir, limits=["nofile=1024", "core=0:0"])
        first = self.inquire().stdout
        self.assertIn("128M", first)
        os.unlink(f"{self.conf_dir}/a.conf")
        os.unlink(f"{self.conf_dir}/b.conf")
        self.write("again.conf", f'conf_dir = "{self.conf_dir}"\n' + first)
        done = subprocess.run([PROGRAM, "-c", f"{self.dir}/again.conf", "config"], text=True, capture_output=True, timeout=PATIENCE)
        self.assertEqual((done.returncode, done.stderr), (0, ""), first)
        self.assertEqual(self.sections(done.stdout), self.sections(first))

    @staticmethod
    def sections(text):
        """What is no comment: those say from which file."""
        return [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]

    def test_options_at_their_default_with_all(self):
        self.worker("w", "sleep 1000")
        self.assertNotIn("stopwaitsecs", self.inquire().stdout)
        self.assertIn("stopwaitsecs = ", self.inquire("--all").stdout)

    def test_errors_have_their_place_and_the_others_are_printed(self):
        self.worker("w", "sleep 1000")
        self.write("conf.d/bad.conf", 'worker "bad" {\n  command = "sleep 1"\n  numprocs = many\n}\n')
        done = self.inquire(check=2)
        self.assertRegex(done.stderr, rf"(?m)^{self.conf_dir}/bad\.conf:3: .")
        self.assertIn('worker "w"', done.stdout)
        self.assertNotIn('worker "bad"', done.stdout)

    def test_a_file_that_is_refused_as_a_whole_has_no_line(self):
        self.worker("w", "sleep 1000")
        os.chmod(f"{self.conf_dir}/w.conf", 0o666)
        self.assertRegex(self.inquire(check=2).stderr, rf"(?m)^{self.conf_dir}/w\.conf: ")

    def test_what_can_only_be_seen_when_it_is_expanded_is_an_error_too(self):
        self.worker("w", "sleep 1000", numprocs=3, env_file=f"{self.dir}/gone.env")
        done = self.inquire(check=2)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        self.assertRegex(done.stderr, rf"^{self.conf_dir}/w\.conf:1: .*gone\.env")
        self.write("gone.env", "A=1\n")
        self.inquire(check=0)

    def test_a_main_file_that_is_broken_or_missing(self):
        self.write("cronherd.conf", "nonsense = 1\n")
        self.assertRegex(self.inquire(check=2).stderr, rf"(?m)^{self.config}:1: ")
        os.unlink(self.config)
        os.rmdir(self.conf_dir)
        done = self.inquire(check=2)
        self.assertIn(self.config, done.stderr)
        self.assertEqual(done.stdout, "")

    def test_misuse(self):
        for args in (["w"], ["--nonsense"], ["--env"], ["--env", "w", "--json"], ["--env", "w", "--all"]):
            self.assertIn("cronherd", self.inquire(*args, check=2).stderr, args)


class Json(ConfigTest):
    def test_all_of_it(self):
        self.worker("w", "sh -c 'exit %i'", numprocs=2, umask="027", directory=self.dir, environment=["A=%n"])
        found = self.object()
        self.assertEqual((found["version"], found["errors"]), (1, []))
        worker, = found["workers"]
        self.assertEqual((worker["name"], worker["file"], worker["line"]), ("w", f"{self.conf_dir}/w.conf", 1))
        self.assertEqual(worker["options"]["numprocs"], 2)
        self.assertIn("stopwaitsecs", worker["options"])
        self.assertEqual([i["id"] for i in found["instances"]], ["w:1", "w:2"])
        second = found["instances"][1]
        self.assertEqual(second["argv"], ["sh", "-c", "exit 2"])
        self.assertEqual((second["directory"], second["umask"]), (self.dir, "027"))
        self.assertEqual(second["environment"], {"A": "w"})
        self.assertEqual(second["stdout_logfile"], f"{self.dir}/log/w.log")

    def test_errors_are_in_it(self):
        self.worker("w", "sleep 1000")
        self.write("conf.d/bad.conf", 'worker "bad" {\n  nonsense = 1\n}\n')
        found = self.object(check=2)
        error, = found["errors"]
        self.assertEqual((error["file"], error["line"]), (f"{self.conf_dir}/bad.conf", 2))
        self.assertEqual([w["name"] for w in found["workers"]], ["w"])

    def test_it_is_an_object_even_where_nothing_can_be_read(self):
        self.write("cronherd.conf", "nonsense = 1\n")
        found = self.object(check=2)
        self.assertEqual([(e["file"], e["line"]) for e in found["errors"]], [(self.config, 1)])
        self.assertEqual((found["workers"], found["instances"]), ([], []))
        os.unlink(self.config)
        os.rmdir(self.conf_dir)
        error, = self.object(check=2)["errors"]
        self.assertTrue(error["message"])


class Environment(ConfigTest):
    def test_it_is_what_the_instance_gets(self):
        self.write("vars.env", "FROM_FILE=yes\n")
        self.worker("w", f"sh -c 'env >{self.dir}/seen; exec sleep 1000'", environment=["A=%i", "B=two words"],
                    env_file=f"{self.dir}/vars.env", startsecs="200ms")
        told = self.environment("w:1")
        self.assertEqual((told["A"], told["B"], told["FROM_FILE"], told["CRONHERD_ID"]), ("1", "two words", "yes", "w:1"))
        for name in ("HOME", "USER", "LOGNAME", "SHELL", "PATH", "LANG"):
            self.assertIn(name, told)
        self.herd("start", check=0)
        with open(f"{self.dir}/seen") as file:
            seen = dict(line.rstrip("\n").split("=", 1) for line in file)
        for shells_own in ("_", "PWD", "SHLVL", "OLDPWD"):
            seen.pop(shells_own, None)
        self.assertEqual(seen, told)

    def test_several_have_headers(self):
        self.write_main('group "g" { workers = {"b"} }')
        self.worker("a", "sleep 1000", numprocs=2)
        self.worker("b", "sleep 1000")
        for target, ids in (("a", ["a:1", "a:2"]), ("*:1", ["a:1", "b:1"]), ("a:[2]", []), ("@g", [])):
            text = self.inquire("--env", target).stdout
            self.assertEqual([line[2:] for line in text.splitlines() if line.startswith("# ")], ids, target)
        self.assertEqual(self.environment("a:[2]")["CRONHERD_ID"], "a:2")
        self.assertEqual(self.environment("@g")["CRONHERD_ID"], "b:1")

    def test_whoever_is_not_there(self):
        self.worker("w", "sleep 1000")
        for target in ("nobody", "w:2", "@nobody", "x*"):
            self.assertIn(f"no such target: {target}", self.inquire("--env", target, check=2).stderr)

    def test_one_that_cannot_be_had(self):
        self.worker("w", "sleep 1000", env_file=f"{self.dir}/gone.env")
        done = self.inquire("--env", "w", check=2)
        self.assertEqual(done.stdout, "")
        self.assertIn("gone.env", done.stderr)


if __name__ == "__main__":
    main()
