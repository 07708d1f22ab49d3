# SPDX-License-Identifier: ISC
"""doc/faults.md names tests that are there; each entry has one, or says why not; each of those that matter most has one."""
import os
import re
import unittest

SOURCES = os.path.abspath(os.environ.get("SRCDIR", os.path.join(os.path.dirname(__file__), "..", "..")))
NAMED = re.compile(r"\b(check_\w+(?=: \w)|[a-z_]+(?=: [A-Z]\w+\.test_)): ((?:[A-Z]\w+\.)?\w+)")
# How many entries each section of the catalogue has.
SECTIONS = {"A": 18, "B": 5, "C": 8, "D": 5, "E": 6, "F": 10, "G": 7}
STARS = 25


def source(path):
    with open(os.path.join(SOURCES, path)) as file:
        return file.read()


def tests(name):
    """What the file NAME has, as "Class.test" or, of a unit test, "test"."""
    if name.startswith("check_"):
        return set(re.findall(r"(?m)^START_TEST\((\w+)\)", source(f"tests/unit/{name}.c")))
    folders = [folder for folder in ("blackbox", "faults") if os.path.exists(os.path.join(SOURCES, f"tests/{folder}/test_{name}.py"))]
    found, current = set(), None
    for line in source(f"tests/{folders[0]}/test_{name}.py").splitlines() if folders else ():
        match = re.match(r"class (\w+)|    def (test_\w+)", line)
        if match and match[1]:
            current = match[1]
        elif match:
            found.add(f"{current}.{match[2]}")
    return found


class Faults(unittest.TestCase):
    @staticmethod
    def rows():
        return [line.strip("| ").split(" | ") for line in source("doc/faults.md").splitlines() if re.match(r"\| [A-G]\d", line)]

    def test_every_test_is_there(self):
        names = NAMED.findall("\n".join(line for line in source("doc/faults.md").splitlines() if line.startswith("| ")))
        names += [("keeping", "Keeping.test_lost_state_directory_doubles_nobody")]
        self.assertGreater(len(names), 100)
        for file, name in names:
            self.assertIn(name, tests(file), file)

    def test_every_entry_is_there(self):
        ids = [row[0].rstrip("★") for row in self.rows()]
        self.assertEqual(ids, [f"{letter}{n}" for letter, count in SECTIONS.items() for n in range(1, count + 1)])

    def test_every_entry_has_a_test_or_says_why_not(self):
        for number, *_, shown in self.rows():
            self.assertTrue(NAMED.search(shown) or re.search(r"not reproduced: \w+", shown), number)

    def test_what_matters_most_has_a_test(self):
        stars = [row for row in self.rows() if row[0].endswith("★")]
        self.assertEqual(len(stars), STARS)
        for number, *_, shown in stars:
            self.assertTrue(NAMED.search(shown), number)


if __name__ == "__main__":
    unittest.main()
