# SPDX-License-Identifier: ISC
"""Rounds that heal: see torture.py."""
import sys

import torture

if __name__ == "__main__":
    sys.exit(torture.several("heal", "stranger", "memory-heal"))
