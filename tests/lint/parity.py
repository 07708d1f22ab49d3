# SPDX-License-Identifier: ISC
"""doc/parity.md names tests that are there, for each row one at least; and each setting that the importers know has a row."""
import os
import re
import unittest

SOURCES = os.path.abspath(os.environ.get("SRCDIR", os.path.join(os.path.dirname(__file__), "..", "..")))
FILES = {"supervisord": "test_import.py", "systemd": "test_import_systemd.py", "parity": "test_supervisor_parity.py", "The way back": "test_export.py"}


def source(path):
    with open(os.path.join(SOURCES, path)) as file:
        return file.read()


def tests(name):
    return set(re.findall(r"(?m)^    def (test_\w+)", source(f"tests/blackbox/{FILES[name]}")))


class Parity(unittest.TestCase):
    @staticmethod
    def rows():
        """(TITLE, CELLS) of each row of a table, but for its head."""
        for title, text in re.findall(r"(?ms)^## (.*?)\n(.*?)(?=^## |\Z)", source("doc/parity.md")):
            lines = [line for line in text.splitlines() if line.startswith("|")]
            for line in lines[2:]:
                yield title, line.strip("| ").split(" | ")

    def test_each_row_names_tests_that_are_there(self):
        count = 0
        for title, cells in self.rows():
            where = next(name for name in FILES if title.startswith(name))
            self.assertRegex(cells[-1], "test_", cells[0])
            for part in cells[-1].split("; "):
                for name in re.findall(r"test_\w+", part):
                    self.assertIn(name, tests("parity" if part.startswith("parity: ") else where), f"{title}: {cells[0]}")
                    count += 1
        self.assertGreater(count, 100)

    def test_each_setting_has_a_row(self):
        page = source("doc/parity.md")
        program = source("watchdog/import/superworker.c")
        known = re.findall(r'"(\w+)"', re.search(r"honoured\[\] = \{(.*?)NULL", program, re.S).group(1))
        known += re.findall(r'\{ "(\w+)", "', re.search(r"unsupported\[\] = \{(.*?)NULL", program, re.S).group(1))
        self.assertGreater(len(known), 25)
        for key in known:
            generic = re.sub(r"^std(out|err)_", "*_", key)
            self.assertTrue(f"`{key}`" in page or f"`{generic}`" in page, key)
        units = "".join(source(f"watchdog/import/{name}.c") for name in ("unitservice", "unitrestart", "unitexec"))
        asked = set(re.findall(r'(?:last|take_over|take_memory|take_output|add_exits)\(service, "(\w+)"', units))
        self.assertGreater(len(asked), 20)
        for key in asked - {"MemoryLimit", "PIDFile", "DynamicUser", "StartLimitInterval"}:
            self.assertRegex(page, rf"`{key}(=|`)", key)


if __name__ == "__main__":
    unittest.main()
