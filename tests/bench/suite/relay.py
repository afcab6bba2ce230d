"""Messages through one Relay stream, one flow and back, against a bare gRPC stream echo."""

import tempfile

from .processes import Broker, Process, program
from .report import median, table

OUTSTANDING = 64


# name -> (server, messages it puts into a frame, messages the client puts into a frame)
WAYS = {
    "bare echo, one message per frame": ("echo", 1, 1),
    "relay, client sends one per frame": ("relay", None, 1),
    "bare echo, batching": ("echo", 256, 64),
    "relay, batching": ("relay", None, 64),
}


def run(quick):
    seconds, rounds = (1, 1) if quick else (4, 5)
    samples = {name: [] for name in WAYS}
    with tempfile.TemporaryDirectory(prefix="flowbroker-bench-") as home, \
            Process([program("bench/sip_peer")]) as peer, Broker() as broker:
        uri = f"sip:127.0.0.1:{peer.line()};transport=tcp"
        for _ in range(rounds):
            for name, (server, server_batch, client_batch) in WAYS.items():
                if server == "relay":
                    samples[name].append(load(broker, broker.address, uri, client_batch, seconds))
                    continue
                address = f"unix:{home}/echo.sock"
                with Process([program("bench/relay_echo"), address, str(server_batch)]) as echo:
                    echo.line()
                    samples[name].append(load(echo, address, "-", client_batch, seconds))
    rows = [row for base in list(WAYS)[::2] for row in compare(samples, base)]
    head = ["what", "messages/s", "ratio", "server us/message", "ratio"]
    note = (f"500 octets, {OUTSTANDING} outstanding, Unix socket, the same load program; {rounds} rounds of {seconds} s, "
            "alternating; medians;\nratio to the echo above. Echo: gRPC completion queue, one thread. Relay: flowbrokerd, "
            "on to a SIP peer over TCP\nand its 200 back, frames always batched towards the client. Server us/message: CPU "
            "of the echo or of flowbrokerd.")
    table("Relay against a bare gRPC stream echo", head, rows, [note])


def compare(samples, base):
    names = list(WAYS)
    for name in names[names.index(base):names.index(base) + 2]:
        rate, cost = (median(column) for column in zip(*samples[name]))
        base_rate, base_cost = (median(column) for column in zip(*samples[base]))
        yield [name, f"{rate:,.0f}", f"{rate / base_rate:.2f}", f"{cost:.2f}", f"{cost / base_cost:.2f}"]


def load(server, address, uri, batch, seconds):
    """Messages per second there and back, and microseconds of server CPU per message."""
    argv = [program("bench/relay_load"), address, uri, str(OUTSTANDING), str(batch), str(seconds)]
    with Process(argv, log=None) as client:
        client.line()
        before = server.cpu_seconds()
        messages, took = client.line().split()
        used = server.cpu_seconds() - before
    return int(messages) / float(took), used / max(1, int(messages)) * 1e6
