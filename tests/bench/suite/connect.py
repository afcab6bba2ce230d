"""Time to a usable flow in the network lab, against the physical limit (design: racing) and against other clients."""

import os
import socket
import ssl
import subprocess
import sys
import tempfile
import time

from .netlab import COST, DELAY, RTT, Lab, broker, uri_of, why_impossible
from .processes import ROOT, BenchError, output, program, tool
from .report import median, p90, table

PEERS = os.path.join(ROOT, "tests", "bench", "peers")
ROUNDS_OF = 5  # samples of one client before the next one's turn


# name, host, faults, limit in ms by kind (absent: not a case of that kind)
def cases():
    def both(limit):
        return {kind: limit(cost) for kind, cost in COST.items()}

    dead = both(lambda cost: DELAY + cost)
    return [
        ("both fine", "dual", lambda lab: None, both(lambda cost: cost)),
        ("IPv6 reset", "dual", lambda lab: lab.reset("ipv6"), both(lambda cost: RTT + cost)),
        ("IPv6 dropped", "dual", lambda lab: lab.drop("ipv6"), dead),
        # Families alternate, so the second attempt is IPv4 and the second dead address is never tried.
        ("two AAAA dropped", "twodead", lambda lab: None, dead),
        ("IPv6 slow, 600 ms", "dual", lambda lab: lab.set_rtt(600, "ipv6"), dead),
        ("TLS stalled on IPv6", "dual", lambda lab: lab.stall("ipv6"), {"tls": RTT + DELAY + COST["tls"]}),
    ]


def run(quick):
    in_lab("connect", quick, measure)


def in_lab(section, quick, measure_kind):
    """Calls measure_kind(lab, kind, samples, peers) for TCP and TLS, in a lab of its own."""
    reason = why_impossible()
    if reason is not None:
        print(f"\n{section}: skipped, no network lab here: {reason}")
        return
    samples = 5 if quick else 20
    with tempfile.TemporaryDirectory(prefix="flowbroker-bench-") as home, Lab(f"bench-{os.getpid()}") as lab:
        peers = peer_clients(home)
        for kind in COST:
            measure_kind(lab, kind, samples, peers)


def measure_cases(lab, kind, samples, peers, *, own, of_peer, limit):
    """Rows for the table, and bare connects in between.

    own(lab, host, kind): ms of one sample of ours. of_peer(times): those of a peer's process that count. limit(limits): of
    one case.
    """
    rows = []
    floors = []
    for name, host, fault, limits in cases():
        if kind not in limits:
            continue
        lab.clear()
        fault(lab)
        times = {client: [] for client in ["flowbroker", *peers]}
        for _ in range(0, samples, ROUNDS_OF):
            floors += [bare_connect(lab, kind) for _ in range(ROUNDS_OF)]
            times["flowbroker"] += [own(lab, host, kind) for _ in range(ROUNDS_OF)]
            for peer, command in peers.items():
                if "-" not in times[peer]:  # it hangs: no need to see that again
                    times[peer] += of_peer(connect_as(lab, command, host, kind))
        rows.append(row(name, limit(limits), times, peers))
    lab.clear()
    return rows, floors


def measure(lab, kind, samples, peers):
    rows, floors = measure_cases(
        lab, kind, samples, peers, own=cold_acquire, of_peer=lambda times: times, limit=lambda limits: limits[kind]
    )
    head = ["case", "limit", "median", "p90", "ratio", "p90"] + list(peers)
    notes = [
        "ms; flowbroker cold: a fresh daemon per sample, DNS included; ratio = median / limit, then p90 / limit; other",
        f"clients: median, and its ratio to the same limit; '-': not connected within 3 s. Bare {kind.upper()} connect over"
        f" IPv4 in the same run: {median(floors):.1f} (p90 {p90(floors):.1f}), limit {COST[kind]}.",
    ]
    table(f"Time to a usable {kind.upper()} flow, {RTT} ms round trip, median of {samples}", head, rows, ["\n".join(notes)])


def row(name, limit, times, peers):
    own = times["flowbroker"]
    cells = [name, limit, f"{median(own):.1f}", f"{p90(own):.1f}", f"{median(own) / limit:.2f}", f"{p90(own) / limit:.2f}"]
    for peer in peers:
        hung = "-" in times[peer] or not times[peer]
        cells.append("-" if hung else f"{median(times[peer]):.0f} {median(times[peer]) / limit:.2f}")
    return cells


def cold_acquire(lab, host, kind):
    """Milliseconds around one Acquire of a daemon that has never done anything."""
    uri = uri_of(host, kind)
    with broker(lab) as daemon:
        answer = output(lab.command("client", [program("bench/acquire_timer"), daemon.address, uri])).split(" ", 1)
    if answer[0] == "-":
        raise BenchError(f"Acquire {uri}: {answer[1].strip()}")
    return int(answer[0]) / 1000


def bare_connect(lab, kind):
    """What the lab itself gives in this moment: a blocking connect to a numeric address."""
    context = ssl.create_default_context(cafile=f"{lab.state}/ca.pem")
    with lab.inside("client"):
        peer = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    with peer:
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        start = time.perf_counter()
        peer.connect(("192.0.2.10", 5060 if kind == "tcp" else 5061))
        if kind == "tls":
            with context.wrap_socket(peer, server_hostname="dual.example.test"):
                return (time.perf_counter() - start) * 1000
        return (time.perf_counter() - start) * 1000


def connect_as(lab, command, host, kind):
    port = 5061 if kind == "tls" else 5060
    arguments = [f"{host}.example.test", str(port), kind, f"{lab.state}/ca.pem", str(ROUNDS_OF)]
    times = output(lab.command("client", command + arguments)).split()
    return ["-"] if "-" in times else [float(ms) for ms in times]


def peer_clients(home):
    """Command lines of the clients this machine has, by name with version."""
    found = {}
    if tool("curl"):
        found["curl " + output(["curl", "--version"]).split()[1]] = [f"{PEERS}/curl_client.sh"]
    if go := tool("go"):
        binary = os.path.join(home, "go_client")
        build = subprocess.run([go, "build", "-o", binary, f"{PEERS}/go_client.go"], capture_output=True, check=False)
        if build.returncode == 0:
            found["Go " + output([go, "env", "GOVERSION"]).strip().removeprefix("go")] = [binary]
    if node := tool("node"):
        found["Node " + output([node, "--version"]).strip().removeprefix("v")] = [node, f"{PEERS}/node_client.js"]
    found[f"asyncio {sys.version.split()[0]}"] = [sys.executable, f"{PEERS}/asyncio_client.py"]
    for name in ("curl", "Go", "Node"):
        if not any(peer.startswith(name) for peer in found):
            print(f"connect: no {name} on this machine, its column is left out")
    return found
