# SPDX-License-Identifier: ISC
"""Rounds that find all well: see torture.py."""
import sys

import torture

if __name__ == "__main__":
    sys.exit(torture.several("steady", "rotate"))
