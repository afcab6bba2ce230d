#!/usr/bin/env python3
"""The example edge proxy between real user agents and a real registrar: baresip behind a NAT, with two flows to the
broker's edge (RFC 5626), Kamailio behind it, SIPp as the caller."""

import os
import re
import socket
import subprocess
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(HERE, "..", "integration"))

from baresip import Baresip  # noqa: E402
from harness import PATIENCE, BrokerTest, eventually, main, program  # noqa: E402

EDGES = ("192.0.2.1:5060", "192.0.2.2:5060")  # one flow to each
CORE = "192.0.2.1:5070"
REGISTRAR = "198.51.100.11:5060"
CALLER = "192.0.2.14"


class EdgeProxyTest(BrokerTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.home = cls.lab.add_home()
        with open(f"{cls.lab.state}/token-keys", "w") as file:
            file.write("1 " + "5a" * 20 + "\n")
        cls.flags = ("--edge-listen", ",".join(f"tcp:{place}" for place in (*EDGES, CORE)),
                     "--edge-token-keys-file", f"{cls.lab.state}/token-keys")

    def setUp(self):
        super().setUp()
        self.addCleanup(self.home.mend)
        self.run_beside("server", "registrar", ["kamailio", "-DD", "-E", "-m", "64", "-M", "8", "-Y", self.lab.state, "-f",
                                                f"{ROOT}/clients/examples/edge_proxy/kamailio.cfg", "-l",
                                                f"tcp:{REGISTRAR}", "-l", f"udp:{REGISTRAR}"])
        self.await_listener("server", REGISTRAR)
        self.run_beside("client", "edge_proxy", [program("edge_proxy"), "--broker", self.broker.address, "--edge",
                                                 f"tcp:{EDGES[0]}", "--edge", f"tcp:{EDGES[1]}", "--core", f"tcp:{CORE}",
                                                 "--registrar", f"sip:{REGISTRAR}"])

    def run_beside(self, side, name, argv):
        log = open(f"{self.lab.state}/{name}.log", "a")
        process = self.lab.popen(side, argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

        def end():
            process.terminate()
            process.wait()
            log.close()

        self.addCleanup(end)

    def await_listener(self, side, place):
        listing = self.lab.command(side, ["ss", "-tlnH", "src", place])
        self.assertTrue(eventually(lambda: subprocess.run(listing, capture_output=True).stdout), place)

    def start_user(self, user="alice", **options):
        agent = Baresip(self.lab, user, [f"sip:{edge};transport=tcp" for edge in EDGES], **options)
        self.addCleanup(agent.stop)
        for reg_id in (1, 2):
            agent.await_registered(reg_id)
        return agent

    def call(self, user="alice"):
        """A whole call by SIPp."""
        sipp = ["sipp", REGISTRAR, "-sf", f"{HERE}/call.xml", "-s", user, "-i", CALLER, "-p", "5080", "-t", "u1", "-m", "1",
                "-nostdin", "-timeout", "20s", "-timeout_error", "-trace_err", "-error_file", f"{self.lab.state}/sipp-errors"]
        done = self.lab.run("server", sipp, stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=self.lab.state)
        if done.returncode != 0:
            with open(f"{self.lab.state}/sipp-errors") as errors:
                self.fail(f"the call failed:\n{errors.read()}")

    def edge_flows(self, listener):
        return [flow for flow in self.broker.flows() if flow.get("listener") == f"tcp:{listener}"]

    def test_a_call_comes_in_over_the_flow_of_the_user_agent(self):  # B3, E1, E5, O2
        alice = self.start_user()
        self.call()
        self.assertEqual(len(alice.received("INVITE ")), 1)
        self.assertIn(alice.received("INVITE ")[0], EDGES)
        self.assertEqual(alice.received("BYE "), alice.received("INVITE "))


if __name__ == "__main__":
    main()
