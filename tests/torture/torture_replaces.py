# SPDX-License-Identifier: ISC
"""What replaces a worker: see torture.py."""
import sys

import torture

if __name__ == "__main__":
    sys.exit(torture.several("bloated", "rolling", "restart"))
