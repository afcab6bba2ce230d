#!/usr/bin/env python3
"""All benchmarks; run.sh builds what they need."""

import argparse
import os
import sys

import memory
import rates
import time_to_flow
from rig import Lab


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few runs: to see that it works, not to be quoted")
    parser.add_argument("sections", nargs="*", default=[], metavar="SECTION", help="time, pool, relay, memory")
    options = parser.parse_args()
    sections = options.sections or ["time", "pool", "relay", "memory"]
    if unknown := set(sections) - {"time", "pool", "relay", "memory"}:
        parser.error(f"no such section: {', '.join(unknown)}")
    rounds, seconds = (1, 1) if options.quick else (3, 4)
    with Lab(f"bench-{os.getpid()}") as lab:
        if "time" in sections:
            time_to_flow.measure(lab, *((3, 1) if options.quick else (20, 5)))
        if "pool" in sections:
            rates.pooled_acquire(lab, rounds, seconds)
        if "relay" in sections:
            rates.relay(lab, rounds, seconds)
        if "memory" in sections:
            if not memory.descriptors_allow(10_000):
                sys.exit("memory: too few file descriptors for 10,000 flows (ulimit -n)")
            sizes = {"TCP": (10_000, "<= 1.5"), "TLS": (4_000, "<= 25")}
            memory.measure(lab, {"TCP": (1_000, "-"), "TLS": (400, "-")} if options.quick else sizes)


if __name__ == "__main__":
    main()
