# SPDX-License-Identifier: ISC
"""What the tests of `import` and `export` share: import, have `config` read what came out, and look at it."""
import json
import os
import pwd
import subprocess

from herdtest import HerdTest, PATIENCE, PROGRAM


def home_of(user):
    """The home of an entry of the password file: for ourselves, HOME goes first where it is a directory of ours."""
    own = os.environ.get("HOME", "")
    is_own = user.pw_uid == os.geteuid() != 0 and os.path.isabs(own) and os.path.isdir(own) and os.stat(own).st_uid == user.pw_uid
    return own if is_own else user.pw_dir


def start_of(user):
    """Where what runs as USER starts."""
    home = home_of(user)
    return home if os.path.isdir(home) else "/"


class Imported:
    """What an import gave, and what the configuration makes of it."""

    def __init__(self, done, config):
        self.status = done.returncode
        self.text = done.stdout
        self.said = done.stderr
        self.config = config

    @property
    def workers(self):
        return {worker["name"]: worker["options"] for worker in self.config["workers"]}

    @property
    def instances(self):
        return {instance["id"]: instance for instance in self.config["instances"]}

    def argv(self, id):
        return self.instances[id]["argv"]

    def environment(self, id):
        return self.instances[id]["environment"]


class ImportTest(HerdTest):
    source = None  # the first word behind `import`

    def run_import(self, *args, **env):
        return subprocess.run([PROGRAM, "import", *map(str, args)], capture_output=True, text=True, cwd=self.dir,
                              stdin=subprocess.DEVNULL, timeout=PATIENCE * 3,
                              env={**os.environ, "ENVTEST": "from outside", **env})

    def accept(self, done):
        """Has `config` read what DONE gave, which must be right."""
        self.write("conf.d/imported.conf", done.stdout)
        config = self.herd("config", "--json")
        shown = json.loads(config.stdout)
        # Users need not be there, and what asks for them cannot be expanded then.
        wrong = [error["message"] for error in shown["errors"] if "does not exist" not in error["message"]]
        self.assertEqual(wrong, [], done.stdout)
        return Imported(done, shown)

    def imported(self, text, status=0, name="source.conf", **env):
        path = self.write(name, text)
        done = self.run_import(self.source, path, **env)
        self.assertEqual(done.returncode, status, done.stderr + done.stdout)
        return self.accept(done)

    def rejected(self, text, *parts, status=2, name="source.conf"):
        """Of it nothing is imported, and each of PARTS is said."""
        result = self.imported(text, status=status, name=name)
        self.assertEqual(result.workers, {})
        for part in (name, *parts):
            self.assertIn(part, result.said)
        return result

    def assertWarned(self, result, line, *parts, name="source.conf"):
        """A line on standard error has that place and PARTS, and so has a comment."""
        for text, sign in ((result.said, ""), (result.text, "# ")):
            found = [said for said in text.splitlines() if said.startswith(f"{sign}{self.dir}/{name}:{line}: ")]
            self.assertTrue(any(all(part in said for part in parts) for said in found), (line, parts, text))
