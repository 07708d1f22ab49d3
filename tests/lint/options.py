# SPDX-License-Identifier: ISC
"""What the program knows, people can read about: every option of workers, webhooks and pings (with its default) and every
verb (with its options) is in the man pages; options also in conf.d/example.conf, verbs also in the
completions."""
import os
import re
import subprocess
import unittest

PROGRAM = os.path.abspath(os.environ.get("CRONHERD", "./cronherd"))
SOURCES = os.path.abspath(os.environ.get("SRCDIR", os.path.join(os.path.dirname(__file__), "..", "..")))


def source(path):
    with open(os.path.join(SOURCES, path)) as file:
        return file.read()


# Kind of section: where its table is, what that is called, the chapter of the man page.
TABLES = {
    "worker": ("watchdog/model/option.c", "option_table", "WORKER OPTIONS"),
    "webhook": ("watchdog/model/webhook.c", "webhook_option_table", "WEBHOOKS"),
    "ping": ("watchdog/model/ping.c", "ping_option_table", "PINGS"),
}


def options(section="worker"):
    """{NAME: DEFAULT} of the rows of SECTION's table; None: no default. Those that are LATER: False."""
    path, name, _ = TABLES[section]
    table = re.search(rf"\b{name}\[\] = \{{(.*?)\n\}};", source(path), re.S).group(1)
    found = {}
    for kind, name, rest in re.findall(r'\b([A-Z]+)\("([a-z_]+)"(.*?)(?=\n\t\{|\Z)', table, re.S):
        default = re.search(r'\.fallback = "([^"]*)"', rest)
        found[name] = False if kind == "LATER" else default.group(1) if default else None
    return found


def verbs():
    """The verbs of verb_table that help lists."""
    names = re.findall(r"&verb_(\w+)", source("watchdog/verbs/verbs.c"))
    return [name for name in names if ".summary" in source(f"watchdog/verbs/verb_{name}.c")]


def run(*args, **kwargs):
    return subprocess.run(args, stdout=subprocess.PIPE, check=True, text=True, **kwargs).stdout


def items(page, chapter=None):
    """The heads of all list items: ".It" lines without their macros' names; of one CHAPTER (".Sh")."""
    text = source(page)
    if chapter:
        text = re.search(rf"(?ms)^\.Sh {chapter}$(.*?)(?=^\.Sh )", text).group(1)
    return [line[4:] for line in text.splitlines() if line.startswith(".It ")]


def block(text, section):
    """The lines of the example's section of that kind, each with its '#'."""
    return re.search(rf'(?ms)^#{section} "example" \{{$.*?^#\}}$', text).group(0)


class Documented(unittest.TestCase):
    def test_the_tables_were_found(self):
        self.assertGreater(len(options()), 40)
        self.assertGreater(len(options("webhook")), 10)
        self.assertGreater(len(options("ping")), 5)
        self.assertGreater(len(verbs()), 10)

    def test_options_are_in_the_man_page_with_their_defaults(self):
        for section, (_, _, chapter) in TABLES.items():
            heads = {}
            for head in items("man/cronherd.conf.5", chapter):
                match = re.match(r"Ic (\w+) No = (.*)", head)
                if match:
                    heads[match.group(1)] = match.group(2)
            for name, default in options(section).items():
                with self.subTest(section=section, option=name):
                    if default is False:
                        self.assertIn(name, source("man/cronherd.conf.5"))
                        continue
                    self.assertIn(name, heads)
                    said = re.search(r"Pq (.*)", heads[name])
                    self.assertEqual(said.group(1) if said else None, default)

    def test_the_man_page_has_no_option_that_is_not_there(self):
        for section, (_, _, chapter) in TABLES.items():
            for head in items("man/cronherd.conf.5", chapter):
                match = re.match(r"Ic (\w+) No = ", head)
                if match:
                    self.assertIsNot(options(section).get(match.group(1), False), False, f"{section} {match.group(1)}")

    def test_options_are_in_the_example(self):
        for section in TABLES:
            example = block(source("conf.d/example.conf"), section)
            for name, default in options(section).items():
                with self.subTest(section=section, option=name):
                    if default is False:
                        self.assertNotRegex(example, rf"(?m)^#\t{name} = ")
                    elif default is not None:
                        # The example may have them bare, in quotes or braces, and seconds without their unit.
                        plain = re.sub(r"s$", "", default) if re.match(r"\d", default) else default
                        self.assertRegex(example, rf'(?m)^#\t{name} = [{{"]?{re.escape(plain)}s?[}}"]?$')
                    elif name not in ("template", "content_type"):  # which go with another format: a section of their own
                        self.assertRegex(example, rf"(?m)^#\t{name} = ")
        for name in ("template", "content_type"):
            self.assertRegex(source("conf.d/example.conf"), rf"(?m)^#\t{name} = ")

    def test_verbs_and_their_options_are_in_the_man_page(self):
        page = source("man/cronherd.1").replace("\\-", "-")
        for verb in verbs():
            with self.subTest(verb=verb):
                self.assertRegex(page, rf"(?m)^\.It (Xo\n\.)?Ic {verb}\b")
                for option in re.findall(r"(?m)^ +.*?(--[a-z-]+)", run(PROGRAM, verb, "--help").split("examples:")[0]):
                    self.assertRegex(page, rf"Fl -{option[2:]}\b", f"{verb} {option}")

    def test_global_options_are_in_the_man_page(self):
        page = source("man/cronherd.1")
        for option in re.findall(r"(?m)^  (-\w), --", run(PROGRAM, "--help")):
            self.assertRegex(page, rf"\.It Fl {option[1:]} ")

    def test_verbs_are_completed(self):
        script = 'source "$0"; COMP_WORDS=("$1" ""); COMP_CWORD=1; _cronherd; printf "%s\\n" "${COMPREPLY[@]}"'
        offered = run("bash", "-c", script, os.path.join(SOURCES, "completions/cronherd.bash"), PROGRAM)
        for verb in verbs():
            self.assertIn(verb, offered.split())

    def test_options_of_verbs_are_completed(self):
        script = 'source "$0"; COMP_WORDS=("$1" stop -); COMP_CWORD=2; _cronherd; printf "%s\\n" "${COMPREPLY[@]}"'
        offered = run("bash", "-c", script, os.path.join(SOURCES, "completions/cronherd.bash"), PROGRAM)
        self.assertIn("--now", offered.split())
        self.assertIn("--for", offered.split())


if __name__ == "__main__":
    unittest.main()
