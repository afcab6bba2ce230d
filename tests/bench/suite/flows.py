"""Pooled Acquire with many flows in the pool against few."""

import json
import tempfile

from .processes import Broker, Process, program, tool
from .report import median, table
from .rpc import free_port, ghz_load

# Nothing is probed or closed while it is measured, and every flow is found in memory.
LIMITS = ["--flow-fresh-for", "1h", "--flow-idle-timeout", "1h", "--max-flows", "30000"]


def run(quick):
    ghz = tool("ghz")
    if ghz is None:
        print("\nflows: skipped, no ghz here (deploy/install-dependencies.sh bench)")
        return
    few, many = (100, 1000) if quick else (100, 10_000)
    seconds, rounds = (1, 1) if quick else (2, 8)
    addresses = {few: f"127.0.0.1:{free_port()}", many: f"127.0.0.1:{free_port()}"}
    with Process([program("bench/sink"), "-", "-", "0.0.0.0"]) as sink, tempfile.TemporaryDirectory() as home, \
            Broker(*LIMITS, tcp=addresses[few]) as little, Broker(*LIMITS, tcp=addresses[many]) as large:
        port = sink.line()
        calls = {}
        for flows, broker in ((few, little), (many, large)):
            path = f"{home}/{flows}.json"
            with open(path, "w") as file:
                json.dump([request(n % flows, port) for n in range(many)], file)
            calls[flows] = (broker, ["--call", "flowbroker.v1.BrokerService.Acquire", "-D", path])
            ghz_load(ghz, broker, addresses[flows], calls[flows][1], 10, ["-n", str(many)])  # opens them
        rows = compare(ghz, addresses, calls, seconds, rounds)
    note = f"ghz, one connection over TCP, 10 in flight, {rounds} rounds of {seconds} s, alternating; medians."
    table("Pooled Acquire with many flows against few", ["flows", "RPC/s", "ratio", "server us/RPC", "ratio"], rows, [note])


def request(number, port):
    host = f"127.{1 + number // 65536}.{number // 256 % 256}.{number % 256}"
    return {"destination": {"uri": f"sip:{host}:{port};transport=tcp"}, "want_trace": False}


def compare(ghz, addresses, calls, seconds, rounds):
    results = {flows: [] for flows in calls}
    for _ in range(rounds):
        for flows, (broker, call) in calls.items():
            results[flows].append(ghz_load(ghz, broker, addresses[flows], call, 10, ["-z", f"{seconds}s"]))
    medians = {flows: [median(column) for column in zip(*pairs)] for flows, pairs in results.items()}
    base_rate, base_cost, _ = medians[min(medians)]
    return [[f"{flows:,}", f"{rate:,.0f}", f"{rate / base_rate:.2f}", f"{cost:.1f}", f"{cost / base_cost:.2f}"]
            for flows, (rate, cost, _) in medians.items()]
