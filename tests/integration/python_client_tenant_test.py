#!/usr/bin/env python3
"""The Python client as a tenant: it proves who it is by its certificate, and is told what a policy, a limit or a drain
makes of its calls. On this host, without the network lab."""

import asyncio
import contextlib
import datetime
import os
import subprocess
import sys

import flowbroker
from harness import PATIENCE
from local_daemon import main
from tenant import ALICE, BOB, TenantCase

SIP_SERVER = os.path.join(os.path.dirname(__file__), "..", "..", "deploy", "loopback_sip_server.py")


class PythonTenantTest(TenantCase):
    def setUp(self):
        super().setUp()
        server = subprocess.Popen([sys.executable, SIP_SERVER], stdout=subprocess.PIPE, text=True)
        self.addCleanup(server.stdout.close)
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        self.uri = f"sip:127.0.0.1:{server.stdout.readline().strip()};transport=tcp"

    def test_a_tenant_sees_its_own_flows_only(self):
        self.serve("--egress-allow", "127.0.0.0/8")
        alice, bob = self.client("alice"), self.client("bob")
        flow = alice.acquire(self.uri)
        self.assertEqual([one.tenant for one in alice.list_flows()], [ALICE])
        self.assertEqual(bob.list_flows(), [])
        with self.assertRaises(flowbroker.NotFound):
            bob.close_flow(flow.flow_id)

        async def ask():
            async with flowbroker.AsyncClient(self.address, tls=self.tls("bob")) as client:
                return await client.acquire(self.uri)

        self.assertNotEqual(asyncio.run(ask()).flow_id, flow.flow_id)
        self.assertEqual([one.tenant for one in bob.list_flows()], [BOB])

    def test_a_forbidden_target_is_an_error_of_its_own(self):
        self.serve()
        with self.assertRaises(flowbroker.PermissionDenied) as raised:
            self.client("alice").acquire(self.uri)
        self.assertIsNotNone(raised.exception.trace)

    def test_a_limit_says_when_to_come_back(self):
        self.serve("--tenant-calls-per-second", "2")
        alice = self.client("alice")
        with self.assertRaises(flowbroker.ResourceExhausted) as raised:
            for _ in range(100):
                alice.list_flows()
        self.assertGreater(raised.exception.retry_delay, datetime.timedelta(0))
        self.client("bob").list_flows()

    def test_a_broker_that_drains_says_so_on_streams_and_calls(self):
        self.serve("--egress-allow", "127.0.0.0/8", "--drain-timeout", "30s")
        alice = self.client("alice")
        flow = alice.acquire(self.uri)
        with alice.relay() as relay, alice.watch_flows() as watch:
            relay.send(flow.flow_id, self.options("before"))
            self.assertIsInstance(relay.receive(PATIENCE), flowbroker.IncomingMessage)
            self.assertLess(self.daemon.http("/drain", "POST")[0], 300)
            self.assertIsInstance(relay.receive(PATIENCE), flowbroker.Draining)
            with self.assertRaises(flowbroker.Unavailable) as raised:
                watch.receive(PATIENCE)
            self.assertTrue(raised.exception.draining)
            with self.assertRaises(flowbroker.Unavailable) as raised:
                alice.acquire(self.uri)
            self.assertTrue(raised.exception.draining)
            self.assertIsNotNone(raised.exception.retry_delay)
            relay.send(flow.flow_id, self.options("during"))
            self.assertIsInstance(relay.receive(PATIENCE), flowbroker.IncomingMessage)
        self.stop(self.daemon)

    def test_calls_never_notice_that_their_connection_is_old_and_streams_go_on_with_another(self):
        self.serve("--egress-allow", "127.0.0.0/8", "--grpc-connection-age", "300ms", "--grpc-connection-age-grace", "2s")
        alice = self.client("alice")
        watch, relay = alice.watch_flows(), alice.relay()
        flow = alice.acquire(self.uri)
        self.assertEqual(watch.receive(PATIENCE).flow.flow_id, flow.flow_id)
        with self.assertRaises(flowbroker.Unavailable):
            while True:  # many calls, over more than one connection
                alice.list_flows()
                with contextlib.suppress(TimeoutError):
                    watch.receive(0.01)
        with self.assertRaises(flowbroker.Unavailable):
            relay.receive(PATIENCE)
        with alice.relay() as another:
            another.send(flow.flow_id, self.options("again"))
            self.assertIsInstance(another.receive(PATIENCE), flowbroker.IncomingMessage)
        alice.close_flow(flow.flow_id)
        with alice.watch_flows(after_sequence=watch.last_sequence) as again:
            self.assertEqual(again.receive(PATIENCE).kind, flowbroker.FlowEventKind.CLOSED)

    def options(self, token):
        return (
            f"OPTIONS {self.uri} SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1;branch=z9hG4bK{token};rport\r\nMax-Forwards: 70\r\n"
            f"From: <sip:a@example.org>;tag=1\r\nTo: <{self.uri}>\r\nCall-ID: {token}\r\nCSeq: 1 OPTIONS\r\n"
            "Content-Length: 0\r\n\r\n"
        )


main()
