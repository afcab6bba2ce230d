"""Pooled Acquire against the health check of the same server, by ghz."""

import json
import resource
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
    head = ["call", "in flight", "RPC/s", "ratio", "server us/RPC", "ratio", "ghz us/RPC", "ratio if free"]
    note = (f"ghz, one connection over TCP, {rounds} rounds of {seconds} s per call, alternating; medians; ratio to the "
            "health check.\nServer us/RPC is CPU of flowbrokerd (user and system), ghz us/RPC that of the client. Ratio if "
            "free: what would be seen if the call\ncost the server no more than the check, since ghz pays more for its "
            "longer request and answer.")
    table("Pooled Acquire against the health check of the same server", head, rows, [note])


def compare(ghz, broker, address, calls, flight, seconds, rounds):
    loads = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            loads[name].append(load(ghz, broker, address, call, flight, seconds))
    medians = {name: [median(values) for values in zip(*rounds_of_it)] for name, rounds_of_it in loads.items()}
    base_rate, base_cost, base_client = medians["Check"]
    for name, (rate, cost, client) in medians.items():
        free = (base_client + base_cost) / (client + base_cost)
        yield [name, flight, f"{rate:,.0f}", f"{rate / base_rate:.2f}", f"{cost:.1f}", f"{cost / base_cost:.2f}",
               f"{client:.0f}", f"{free:.2f}"]


def load(ghz, broker, address, call, flight, seconds):
    """Calls per second, and microseconds of CPU of the server and of the client per call."""
    method, request = call
    return ghz_load(ghz, broker, address, ["--call", method, "-d", request], flight, ["-z", f"{seconds}s"])


def ghz_load(ghz, broker, address, call, flight, amount):
    """The same for a call and an amount as ghz takes them."""
    before, client_before = broker.cpu_seconds(), children_seconds()
    report = json.loads(output([ghz, "--insecure", *call, "-c", str(flight), "--connections", "1", *amount,
                                "--duration-stop", "wait", "-O", "json", address]))
    used, client_used = broker.cpu_seconds() - before, children_seconds() - client_before
    good = report["statusCodeDistribution"].get("OK", 0)
    if good < report["count"]:
        print(f"rpc: {call[1]}: {report['statusCodeDistribution']}")
    return report["rps"], used / max(1, good) * 1e6, client_used / max(1, report["count"]) * 1e6


def children_seconds():
    """CPU time of the programs that have been run and waited for."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
