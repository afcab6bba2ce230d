"""User memory of an idle flow, as growth of the daemon's resident memory between two numbers of flows."""

import os
import tempfile
import time

from .processes import Broker, Process, output, program
from .report import table

LIMITS = ["--max-flows", "30000", "--max-flows-per-target", "30000", "--flow-idle-timeout", "1h",
          # The ring of kept events is full before the first measurement: it is a fixed cost, not one of flows.
          "--kept-events", "500"]


def run(quick):
    with tempfile.TemporaryDirectory(prefix="flowbroker-bench-") as home:
        certify(home)
        rows = [
            measure("TCP", 1000 if quick else 2000, 3000 if quick else 10_000, ["-", "-"], [], "sip:127.0.0.1:{};transport=tcp"),
            measure("TLS", 500 if quick else 1000, 1000 if quick else 4000, [f"{home}/server.pem", f"{home}/server.key"],
                    ["--tls-ca-file", f"{home}/ca.pem"], "sips:127.0.0.1:{}"),
        ]
    head = ["idle flow", "flows", "RSS MB", "flows", "RSS MB", "bytes per flow", "aim"]
    note = "Resident memory (VmRSS) of flowbrokerd; exclusive flows to one peer, in a process of its own."
    table("Memory of an idle flow", head, rows, [note])


def measure(name, few, many, sink_arguments, broker_arguments, uri):
    with Process([program("bench/sink"), *sink_arguments, "127.0.0.1"]) as sink, Broker(*LIMITS, *broker_arguments) as broker:
        argv = [program("bench/open_flows"), broker.address, uri.format(sink.line())]
        with Process(argv, log=None) as opener:
            small = rss_after(opener, broker, few)
            large = rss_after(opener, broker, many)
    aim = {"TCP": 1.5 * 1024, "TLS": 25 * 1024}[name]
    each = (large - small) / (many - few)
    return [name, f"{few:,}", f"{small / 1e6:.1f}", f"{many:,}", f"{large / 1e6:.1f}", f"{each:,.0f}", f"<= {aim:,.0f}"]


def rss_after(opener, broker, count):
    opener.ask(count)
    time.sleep(1)  # session tickets and the ends of calls are under way
    return broker.rss_bytes()


def certify(home):
    """ca.pem, server.pem and server.key in `home`, for 127.0.0.1."""
    def openssl(*arguments):
        output(["openssl", *arguments], cwd=home)

    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    openssl("req", "-x509", *curve, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=bench CA",
            "-addext", "basicConstraints=critical,CA:TRUE")
    openssl("req", *curve, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=bench peer")
    with open(os.path.join(home, "server.ext"), "w") as file:
        file.write("subjectAltName=IP:127.0.0.1,URI:sip:127.0.0.1\nextendedKeyUsage=serverAuth\n")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
            "-extfile", "server.ext", "-out", "server.pem")
