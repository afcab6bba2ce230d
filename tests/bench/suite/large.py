"""Acquires where a name leads to many addresses and one of them is dead."""

import os

from .netlab import COST, DELAY, Lab, acquire_in_turn, broker, uri_of, why_impossible
from .report import median, p90, table

# ms: the least attempt delay for an address whose prefix was measured, as the first request does
DELAY_PREFIX = 100

# name, host, port in the URI: without one SRV records are asked for
CASES = [
    ("60 SRV records, all alive", "large", False),
    ("60 SRV records, one host dead", "largedead", False),
    ("one host, 5 A records, the first dead", "manya", True),
]


def run(quick):
    reason = why_impossible()
    if reason is not None:
        print(f"\nlarge: skipped, no network lab here: {reason}")
        return
    samples = 10 if quick else 60
    with Lab(f"bench-{os.getpid()}") as lab:
        rows = [row for case in CASES for row in measure(lab, samples, *case)]
    limit = COST["tcp"]
    head = ["what", "request", "median", "p90", "longest", "ratio", "p90", "longest", "met the dead one"]
    note = (f"ms; TCP, {samples} fresh daemons, DNS included; the second request follows at once, both exclusive. Ratio to "
            f"C = {limit}, and for those\nthat met the dead address first to d + C: d is {DELAY}, and {DELAY_PREFIX} for a second "
            "request, which knows others of the prefix.\nWhich SRV record is first is drawn anew by each daemon.")
    table("One dead address of many", head, rows, [note])


def measure(lab, samples, name, host, with_port):
    firsts, seconds = [], []
    for _ in range(samples):
        with broker(lab) as daemon:
            uri = uri_of(host, "tcp") if with_port else f"sip:{host}.example.test"
            first, second = acquire_in_turn(lab, daemon.address, uri, 2)
            firsts.append(first.ms)
            seconds.append(second.ms)
    return [row(name, "first", firsts, DELAY), row("", "second", seconds, DELAY_PREFIX)]


def row(name, request, times, head_start):
    # Nothing takes so long but a head start that was given in vain.
    dead = [ms > head_start for ms in times]
    ratios = [ms / (COST["tcp"] + (head_start if met else 0)) for ms, met in zip(times, dead)]
    cells = [f"{figure(times):.1f}" for figure in (median, p90, max)]
    cells += [f"{figure(ratios):.2f}" for figure in (median, p90, max)]
    return [name, request, *cells, f"{sum(dead)} of {len(dead)}"]
