"""What surrounds the example edge proxy in its tests: the broker with an edge, Kamailio as the registrar on the other side
of the link, baresip at home behind a NAT with two flows, SIPp as the caller."""

import contextlib
import os
import socket
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(HERE, "..", "integration"))

from baresip import Baresip  # noqa: E402
from harness import PATIENCE, BrokerTest, eventually, program  # noqa: E402

PLAIN_EDGES, TLS_EDGES = [[f"192.0.2.{n}:{port}" for n in (1, 2)] for port in (5060, 5061)]  # one flow to each
IPV6_EDGE = "[2001:db8:1::1]:5060"
CORE = "192.0.2.1:5070"
REGISTRAR = "198.51.100.11:5060"
CALLER = "192.0.2.14"


class EdgeProxyCase(BrokerTest):
    transport = "tcp"  # of the user agents
    edges = PLAIN_EDGES

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.home = cls.lab.add_home()
        with open(f"{cls.lab.state}/token-keys", "w") as file:
            file.write("1 " + "5a" * 20 + "\n")
        cls.listeners = [f"{transport}:{place}" for place in (*PLAIN_EDGES, IPV6_EDGE, CORE) for transport in ("tcp", "udp")]
        cls.listeners += [f"tls:{place}" for place in TLS_EDGES]
        cls.flags = ("--edge-listen", ",".join(cls.listeners), "--edge-token-keys-file", f"{cls.lab.state}/token-keys",
                     "--tls-certificate-file", f"{cls.lab.state}/server.pem",
                     "--tls-private-key-file", f"{cls.lab.state}/server.key")

    def setUp(self):
        super().setUp()
        self.addCleanup(self.home.mend)
        self.registrar = self.run_beside("server", "registrar", ["kamailio", "-DD", "-E", "-m", "64", "-M", "8", "-Y", self.lab.state, "-f",
                                                f"{ROOT}/clients/examples/edge_proxy/kamailio.cfg", "-l",
                                                f"tcp:{REGISTRAR}", "-l", f"udp:{REGISTRAR}"])
        self.await_listener("server", REGISTRAR)
        sides = [word for one in self.listeners for word in ("--core" if CORE in one else "--edge", one)]
        self.run_beside("client", "edge_proxy", [program("edge_proxy"), "--broker", self.broker.address, *sides,
                                                 "--registrar", f"sip:{REGISTRAR}"])

    def run_beside(self, side, name, argv):
        log = open(f"{self.lab.state}/{name}.log", "a")
        process = self.lab.popen(side, argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

        def end():
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            process.wait()
            log.close()

        self.addCleanup(end)
        return process

    def await_listener(self, side, place):
        listing = self.lab.command(side, ["ss", "-tlnH", "src", place])
        self.assertTrue(eventually(lambda: subprocess.run(listing, capture_output=True).stdout), place)

    def start_user(self, user="alice", **options):
        agent = Baresip(self.lab, user, [f"sip:{edge};transport={self.transport}" for edge in self.edges], **options)
        self.addCleanup(agent.stop)
        for reg_id in (1, 2):
            agent.await_registered(reg_id)
        return agent

    def call(self, user="alice", scenario="call"):
        """A whole call by SIPp."""
        sipp = ["sipp", REGISTRAR, "-sf", f"{HERE}/{scenario}.xml", "-s", user, "-i", CALLER, "-p", "5080", "-t", "u1", "-m", "1",
                "-nostdin", "-timeout", "20s", "-timeout_error", "-trace_err", "-error_file", f"{self.lab.state}/sipp-errors"]
        done = self.lab.run("server", sipp, stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=self.lab.state)
        if done.returncode != 0:
            with open(f"{self.lab.state}/sipp-errors") as errors:
                self.fail(f"the call failed:\n{errors.read()}")

    def other(self, edge):
        return self.edges[1 - self.edges.index(edge)]

    def edge_flows(self, edge):
        listener = f"{self.transport}:{edge}"
        return [flow["flow_id"] for flow in self.broker.flows() if flow.get("listener") == listener]

    def edge_flow(self, edge):
        """The flow of the one user agent to that listener."""
        return self.edge_flows(edge)[0]

    def bound_flows(self, aor="sip:alice@example.test"):
        """Over which the broker would reach it, best first."""
        targets = self.succeed("bindings", aor).json.get("targets", [])
        return [one["flow_id"] for target in targets for one in (target["binding"], *target.get("next", []))]

    def token(self, edge):
        return self.succeed("token", self.edge_flow(edge)).json["token"]

    def lose(self, edge):
        """The user agent can no longer reach that listener, and the broker knows that its flow has ended."""
        self.home.cut(edge)
        self.succeed("close", self.edge_flow(edge))

    def ask(self, side, place, *headers, method="OPTIONS", uri="sip:alice@10.9.0.2"):
        """Status of what is answered to a request from one side of the lab, sent over TCP."""
        request = [f"{method} {uri} SIP/2.0", f"Via: SIP/2.0/TCP {CALLER};branch=z9hG4bK-1", "From: <sip:b@b>;tag=1",
                   "To: <sip:b@b>", "Call-ID: ask", f"CSeq: 1 {method}", *headers, "Content-Length: 0", "", ""]
        with self.lab.inside(side):
            asker = socket.create_connection(tuple(place.split(":")), PATIENCE)
        with asker:
            asker.sendall("\r\n".join(request).encode())
            return int(asker.recv(65536).split()[1])

    def ask_core(self, route):
        """The same as from the registrar."""
        return self.ask("server", CORE, f"Route: {route}")
