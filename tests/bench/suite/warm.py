"""The second request in each broken case, against the warm limit: what the first one learned is worth."""

import os
import tempfile

from . import connect
from .netlab import COST, RTT, Lab, acquire_in_turn, broker, uri_of, why_impossible
from .report import median, p90, table


def run(quick):
    reason = why_impossible()
    if reason is not None:
        print(f"\nwarm: skipped, no network lab here: {reason}")
        return
    samples = 5 if quick else 20
    with tempfile.TemporaryDirectory(prefix="flowbroker-bench-") as home, Lab(f"bench-{os.getpid()}") as lab:
        peers = connect.peer_clients(home)
        for kind in COST:
            measure(lab, kind, samples, peers)


def measure(lab, kind, samples, peers):
    rows = []
    floors = []
    for name, host, fault, limits in connect.cases():
        if kind not in limits:
            continue
        lab.clear()
        fault(lab)
        times = {client: [] for client in ["flowbroker", *peers]}
        for _ in range(0, samples, connect.ROUNDS_OF):
            floors += [connect.bare_connect(lab, kind) for _ in range(connect.ROUNDS_OF)]
            times["flowbroker"] += [second_acquire(lab, host, kind) for _ in range(connect.ROUNDS_OF)]
            for peer, command in peers.items():
                if "-" not in times[peer]:  # it hangs: no need to see that again
                    times[peer] += connect.connect_as(lab, command, host, kind)[1:] or ["-"]
        rows.append(connect.row(name, COST[kind], times, peers))
    lab.clear()
    head = ["case", "limit", "median", "p90", "ratio", "p90"] + list(peers)
    notes = [
        "ms; flowbroker: the second Acquire of a fresh daemon, at once after the first, both exclusive, so that no pooled",
        "flow helps; ratio = median / limit, then p90 / limit; other clients: further connects of the same process, median",
        f"and ratio; '-': not connected within 3 s. Limit: C of the family that works. Bare {kind.upper()} connect over IPv4 in"
        f" the same run:\n{median(floors):.1f} (p90 {p90(floors):.1f}).",
    ]
    table(f"Second request, {kind.upper()}, {RTT} ms round trip, median of {samples}", head, rows, ["\n".join(notes)])


def second_acquire(lab, host, kind):
    with broker(lab) as daemon:
        return acquire_in_turn(lab, daemon.address, uri_of(host, kind), 2)[-1].ms
