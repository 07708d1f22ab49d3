# SPDX-License-Identifier: ISC
"""What ends a worker: see torture.py."""
import sys

import torture

if __name__ == "__main__":
    sys.exit(torture.several("stop", "removed", "memory-stop"))
