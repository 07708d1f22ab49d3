# SPDX-License-Identifier: ISC
"""What starts a worker: see torture.py."""
import sys

import torture

if __name__ == "__main__":
    sys.exit(torture.several("first-start", "start", "memory-first-start"))
