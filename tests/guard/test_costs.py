# SPDX-License-Identifier: ISC
"""Instructions and system calls of a round are not more than tests/guard/counts.json says (costs.py tells how they are counted).

Skipped, with the reason, where the program is built in another way than the one that was counted.
"""
import sys

import costs


def main():
    counts = costs.load()
    reason = costs.reason_to_skip(counts, costs.built_with())
    if reason:
        print(f"skipped: {reason}")
        return 77
    measured = costs.measured()
    for what, now in measured["instructions"].items():
        print(f"{what}: {now} instructions; counts.json: {counts['instructions'].get(what)}")
    print(f"system calls for {costs.WORKERS} workers: {measured['calls']}; counts.json: {counts['calls']}")
    failures, remarks = costs.compare(counts, measured)
    for text in failures:
        print(f"MORE: {text}")
    for text in remarks:
        print(f"less: {text}")
    if failures:
        print("Mend it; or, where it is worth that, say why: make renew-counts REASON='…'")
    elif remarks:
        print("renew, so that it is not lost again unseen: make renew-counts REASON='…'")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
