"""Time to a usable flow, cold, beside other clients, in ratio to the physical limit of the network."""

import clients
from rig import Broker, call, median, ninetieth, table

RTT = 20
DELAY = 200  # The attempt delay without estimates.
CONNECT = {"TCP": RTT, "TLS": 2 * RTT}

# name -> (how the lab breaks, host, limit in ms as a function of the transport's own cost)
CASES = {
    "both fine": (lambda lab: None, "dual", lambda cost: cost),
    "IPv6 reset": (lambda lab: lab.reset("ipv6"), "dual", lambda cost: RTT + cost),
    "IPv6 dropped": (lambda lab: lab.drop("ipv6"), "dual", lambda cost: DELAY + cost),
    "two AAAA dropped": (lambda lab: None, "twodead", lambda cost: DELAY + cost),
    "IPv6 slow, 600 ms": (lambda lab: lab.set_rtt(600, "ipv6"), "dual", lambda cost: DELAY + cost),
    "IPv6 TLS stalled": (lambda lab: lab.stall("ipv6"), "dual", lambda cost: RTT + DELAY + cost),
}


def uri(host, transport):
    scheme = "sips" if transport == "TLS" else "sip"
    return f"{scheme}:{host}.example.test" + (";transport=tcp" if transport == "TCP" else "")


def measure(lab, runs, foreign_runs):
    others = clients.available(lab)
    rows = []
    for transport in ("TCP", "TLS"):
        for name, (break_it, host, limit_of) in CASES.items():
            if transport == "TCP" and "TLS" in name:
                continue
            lab.clear()
            break_it(lab)
            limit = limit_of(CONNECT[transport])
            times = [ours(lab, uri(host, transport)) for _ in range(runs)]
            row = [f"{transport}, {name}", f"{limit}", f"{median(times):.1f}", f"{ninetieth(times):.1f}",
                   f"{median(times) / limit:.2f}"]
            row += [foreign(lab, one, f"{host}.example.test", transport, foreign_runs) for one in others]
            rows.append(row)
    lab.clear()
    head = ["time to a usable flow, ms", "limit", "median", "90 %", "ratio", *(one.name for one in others)]
    table(f"Cold, {RTT} ms round trip, {runs} runs with a fresh broker each (aim: ratio <= 1.10); others: median of "
          f"{foreign_runs}", head, rows)


def ours(lab, target):
    with Broker(lab) as broker:
        return int(call(lab, "acquire_time", broker.socket, target).split()[0]) / 1000


def foreign(lab, client, host, transport, runs):
    times = []
    for _ in range(runs):
        time = client.connect(lab, host, transport)
        if time is None:
            return f"> {clients.PATIENCE * 1000:.0f}"
        times.append(time)
    return f"{median(times):.0f}"
