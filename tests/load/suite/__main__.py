"""Runs the cases, prints a table; exit code 1 where a gate was not passed, 77 where nothing can be run here."""

import argparse
import os
import sys

from harness import Lab, why_impossible

from . import ghz
from .cases import CASES

HEAD = ["case", "calls", "per s", "p50 ms", "p95 ms", "p99 ms", "broker us/call", "codes"]
WIDTHS = [38, 8, 8, 9, 9, 9, 14]


def show(cells):
    first, *rest = cells
    text = f"{first:<{WIDTHS[0]}}" + "".join(f"{cell:>{width}} " for cell, width in zip(rest, WIDTHS[1:]))
    print(f"{text} {rest[-1] if len(rest) == len(WIDTHS) else ''}".rstrip(), flush=True)


def cannot(reason):
    print(f"skipped: {reason}")
    sys.exit(1 if os.environ.get("CI") == "true" else 77)


def main():
    parser = argparse.ArgumentParser(prog="tests/load/run.sh", description="Loads flowbrokerd with ghz.")
    parser.add_argument("--short", action="store_true", help="functions only, seconds instead of minutes")
    parser.add_argument("--only", action="append", choices=CASES, help="one case; may be repeated")
    arguments = parser.parse_args()
    if ghz.program() is None:
        cannot("no ghz here: deploy/install-dependencies.sh bench")
    if (reason := why_impossible()) is not None:
        cannot(f"no network lab here: {reason}")
    failures = []
    lab = Lab(f"load-{os.getpid()}")
    try:
        lab.up(rtt_ms=20, owner=os.getpid())
        show(HEAD)
        for name in arguments.only or CASES:
            try:
                for cells in CASES[name](lab, arguments.short):
                    show(cells)
            except (ghz.LoadError, AssertionError) as failure:
                failures.append(str(failure))
                print(f"FAILED: {failure}", flush=True)
    finally:
        lab.down()
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
