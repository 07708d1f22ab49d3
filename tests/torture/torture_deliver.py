# SPDX-License-Identifier: ISC
"""The courier: see torture.py."""
import sys

import torture

if __name__ == "__main__":
    sys.exit(torture.several("deliver", "memory-deliver"))
