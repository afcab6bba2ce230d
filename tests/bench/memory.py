"""User memory per idle flow: growth of the broker's anonymous memory between two sizes, so that fixed cost drops out."""

import resource

from rig import BIN, HERE, Broker, serve, settle, stop, table

ADDRESS = "192.0.2.14"


def measure(lab, sizes):
    rows = []
    for transport, (count, aim) in sizes.items():
        first, last = count // 2, count
        per_flow = _per_flow(lab, transport, first, last)
        rows.append([f"{transport}, {count} flows", f"{per_flow / 1024:.2f}", aim])
    table("Idle flows, growth of the broker's memory", ["", "KB per flow", "aim"], rows)


def _per_flow(lab, transport, first, last):
    lab.set_rtt(1)
    if transport == "TCP":
        peer, port = [f"{BIN}/bench_sip_peer", ADDRESS, "5080"], 5080
        uri = f"sip:{ADDRESS}:{port};transport=tcp"
    else:
        peer, port = ["python3", f"{HERE}/tls_peer.py", ADDRESS, "5081", lab.state], 5081
        uri = "sips:peer.example.test:5081"
    peer = serve(lab, "server", peer)
    limits = ["--max-flows-per-target", str(2 * last), "--max-flows", str(2 * last), "--flow-idle-timeout", "1h"]
    holders = []
    try:
        with Broker(lab, *limits) as broker:
            hold = [f"{BIN}/bench_hold_flows", broker.socket, uri]
            sizes = []
            for count in (first, last - first):
                holders.append(serve(lab, "client", [*hold, str(count)]))
                sizes.append(settle(broker.resident))
            return (sizes[1] - sizes[0]) / (last - first)
    finally:
        for one in [*holders, peer]:
            stop(one)
        lab.clear()


def descriptors_allow(count):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = min(hard, 20000)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted > count + 200
