"""Messages on a descriptor that the broker has handed off, against a socket the load program has connected itself."""

import os
import tempfile

from .processes import Broker, Process, program
from .report import median, table

OUTSTANDING = 64
WAYS = {"plain connected socket": False, "descriptor handed off": True}


def run(quick):
    seconds, rounds = (1, 2) if quick else (3, 7)
    samples = {name: [] for name in WAYS}
    with tempfile.TemporaryDirectory(prefix="flowbroker-bench-") as home, \
            Process([program("bench/sip_peer")]) as peer, \
            Broker("--handoff-socket", os.path.join(home, "handoff.sock")) as broker:
        port = peer.line()
        for _ in range(rounds):
            for name, handed_off in WAYS.items():
                before = broker.cpu_seconds()
                rate = load(broker.address if handed_off else "-", port, seconds)
                samples[name].append((rate, broker.cpu_seconds() - before))
    base = median([rate for rate, _ in samples["plain connected socket"]])
    rows = []
    for name in WAYS:
        rate, cpu = (median(column) for column in zip(*samples[name]))
        rows.append([name, f"{rate:,.0f}", f"{rate / base:.2f}", f"{cpu * 1000:.0f}"])
    note = (f"500 octets there and as many back, {OUTSTANDING} outstanding, the same load program and SIP peer; {rounds} "
            f"rounds of {seconds} s,\nalternating; medians. Broker CPU: of flowbrokerd per round, with the Acquire.")
    table("A descriptor handed off against a plain socket", ["what", "messages/s", "ratio", "broker CPU ms"], rows, [note])


def load(address, port, seconds):
    argv = [program("bench/handoff_load"), address, port, str(OUTSTANDING), str(seconds)]
    with Process(argv, log=None) as client:
        client.line()
        messages, took = client.line().split()
    return int(messages) / float(took)
