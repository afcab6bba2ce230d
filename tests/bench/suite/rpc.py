"""Pooled Acquire against the health check of the same server, by ghz."""

import json
import socket

from .processes import Broker, Process, output, program, tool
from .report import median, table

CHECK = ("grpc.health.v1.Health.Check", "{}")


def acquire(port, trace):
    request = {"destination": {"uri": f"sip:127.0.0.1:{port};transport=tcp"}, "want_trace": trace}
    return ("flowbroker.v1.BrokerService.Acquire", json.dumps(request))


def run(quick):
    ghz = tool("ghz")
    if ghz is None:
        print("\nrpc: skipped, no ghz here (deploy/install-dependencies.sh bench)")
        return
    seconds, rounds = (1, 1) if quick else (2, 6)
    address = f"127.0.0.1:{free_port()}"
    with Process([program("bench/sink"), "-", "-", "127.0.0.1"]) as sink, Broker(tcp=address) as broker:
        port = sink.line()
        calls = {"Check": CHECK, "Acquire": acquire(port, False), "Acquire with trace": acquire(port, True)}
        load(ghz, broker, address, calls["Acquire"], 1, 1)  # the flow is in the pool from here on
        rows = [row for flight in (1, 10, 50) for row in compare(ghz, broker, address, calls, flight, seconds, rounds)]
    head = ["call", "in flight", "RPC/s", "ratio", "server us/RPC", "ratio"]
    note = (f"ghz, one connection over TCP, {rounds} rounds of {seconds} s per call, alternating; medians; ratio to the "
            "health check.\nServer us/RPC is CPU of flowbrokerd (user and system).")
    table("Pooled Acquire against the health check of the same server", head, rows, [note])


def compare(ghz, broker, address, calls, flight, seconds, rounds):
    rates = {name: [] for name in calls}
    costs = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            rate, cost = load(ghz, broker, address, call, flight, seconds)
            rates[name].append(rate)
            costs[name].append(cost)
    base_rate, base_cost = median(rates["Check"]), median(costs["Check"])
    for name in calls:
        rate, cost = median(rates[name]), median(costs[name])
        yield [name, flight, f"{rate:,.0f}", f"{rate / base_rate:.2f}", f"{cost:.1f}", f"{cost / base_cost:.2f}"]


def load(ghz, broker, address, call, flight, seconds):
    """Calls per second, and microseconds of server CPU per call."""
    method, request = call
    return ghz_load(ghz, broker, address, ["--call", method, "-d", request], flight, ["-z", f"{seconds}s"])


def ghz_load(ghz, broker, address, call, flight, amount):
    """The same for a call and an amount as ghz takes them."""
    before = broker.cpu_seconds()
    report = json.loads(output([ghz, "--insecure", *call, "-c", str(flight), "--connections", "1", *amount,
                                "--duration-stop", "wait", "-O", "json", address]))
    used = broker.cpu_seconds() - before
    good = report["statusCodeDistribution"].get("OK", 0)
    if good < report["count"]:
        print(f"rpc: {call[1]}: {report['statusCodeDistribution']}")
    return report["rps"], used / max(1, good) * 1e6


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
