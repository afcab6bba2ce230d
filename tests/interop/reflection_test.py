#!/usr/bin/env python3
"""Command-line callers that know the contract by reflection only: buf curl, and grpcurl where it is installed."""

import json
import os
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "integration"))

from harness import V6, BrokerTest, main  # noqa: E402

TOOLS = os.path.join(HERE, "..", "..", "build", "tools", "bin")
BROKER = "127.0.0.1:7460"
ACQUIRE = {"destination": {"uri": "sip:full.example.test"}}


def tool(name):
    return shutil.which(name, path=os.environ["PATH"] + ":" + TOOLS)


def flow_id(message):
    """buf curl names fields as JSON does, grpcurl here as the .proto file does: reflection of this gRPC has no JSON
    names."""
    return message.get("flowId") or message["flow_id"]


class ReflectionTest(BrokerTest):
    def call(self, service, method, request):
        """(succeeded, JSON or text)"""
        done = self.lab.run("client", self.command(service, method, json.dumps(request)), capture_output=True, text=True,
                            timeout=60, env={**os.environ, "HOME": self.lab.state})
        return done.returncode == 0, done.stdout + done.stderr

    def resolve_response(self, **via):
        """Targets of a response, by the fields of its topmost Via (D4)."""
        good, text = self.call("flowbroker.v1.BrokerService", "Resolve", {"destination": {"response": via}})
        self.assertTrue(good, text)
        return [(one["transport"].removeprefix("TRANSPORT_"), one["endpoint"]["address"], one["endpoint"]["port"])
                for one in json.loads(text)["targets"]]

    def check_responses(self):
        received = self.resolve_response(transport="TRANSPORT_UDP", sent_by_host="dual.example.test", sent_by_port=5062,
                                         received="192.0.2.10", rport=5070)
        self.assertEqual(received[0], ("UDP", "192.0.2.10", 5070))
        named = self.resolve_response(transport="TRANSPORT_UDP", sent_by_host="srvudp.example.test")
        self.assertEqual(named[0], ("UDP", V6, 5060))
        numeric = self.resolve_response(transport="TRANSPORT_TCP", sent_by_host="192.0.2.11")
        self.assertEqual(numeric, [("TCP", "192.0.2.11", 5060)])

    def check(self):
        good, text = self.call("flowbroker.v1.BrokerService", "Acquire", ACQUIRE)
        self.assertTrue(good, text)
        flow = json.loads(text)
        self.assertEqual((flow["transport"], flow["remote"]["address"]), ("TRANSPORT_TLS", V6))
        good, text = self.call("flowbroker.v1.FlowService", "ListFlows", {})
        self.assertEqual(flow_id(json.loads(text)["flows"][0]), flow_id(flow))
        good, text = self.call("grpc.health.v1.Health", "Check", {})
        self.assertEqual(json.loads(text)["status"], "SERVING")
        good, text = self.call("flowbroker.v1.BrokerService", "Acquire", {"destination": {"uri": "tel:1"}})
        self.assertFalse(good)
        self.assertIn("uri", text)

    def test_buf_curl(self):
        buf = tool("buf")
        self.command = lambda service, method, data: [
            buf, "curl", "--protocol", "grpc", "--http2-prior-knowledge", "-d", data, f"http://{BROKER}/{service}/{method}"]
        self.check()
        self.check_responses()

    def test_grpcurl(self):
        grpcurl = tool("grpcurl")
        if grpcurl is None:
            return  # Group `bench` of install-dependencies.sh; buf curl proves the same.
        self.command = lambda service, method, data: [grpcurl, "-plaintext", "-d", data, BROKER, f"{service}/{method}"]
        self.check()
        listed = self.lab.run("client", [grpcurl, "-plaintext", BROKER, "list"], capture_output=True, text=True)
        self.assertIn("flowbroker.v1.FlowService", listed.stdout.split())


if __name__ == "__main__":
    if tool("buf") is None:
        print("skipped: buf is not installed (deploy/install-dependencies.sh test)")
        sys.exit(1 if os.environ.get("CI") == "true" else 77)
    main()
