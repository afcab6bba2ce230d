"""The second request in each broken case, against the warm limit: what the first one learned is worth."""

from . import connect
from .netlab import COST, RTT, acquire_in_turn, broker, uri_of
from .report import median, p90, table


def run(quick):
    connect.in_lab("warm", quick, measure)


def measure(lab, kind, samples, peers):
    rows, floors = connect.measure_cases(
        lab, kind, samples, peers, own=second_acquire, of_peer=lambda times: times[1:] or ["-"],
        limit=lambda _: COST[kind],
    )
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
