# SPDX-License-Identifier: ISC
"""The minder when its child ends, and cron install: see torture.py."""
import sys

import torture

if __name__ == "__main__":
    sys.exit(torture.several("minder", "cron-install"))
