#!/usr/bin/env python3
"""The Python client against flowbrokerd in the network lab: each call once, by Client or AsyncClient, and the example."""

import asyncio
import datetime
import os
import subprocess
import sys

import flowbroker
from flowbroker import AddressFamily, FlowEventKind, FlowSource, TransactionOutcome, Transport
from harness import PATIENCE, BrokerTest, main

EXAMPLE = os.path.join(os.path.dirname(__file__), "..", "..", "clients", "python", "examples", "options.py")
TCP = "sip:dual.example.test;transport=tcp"
URIS = {Transport.TCP: TCP, Transport.TLS: "sip:tls.example.test", Transport.UDP: "sip:dual.example.test;transport=udp"}


class PythonClientTest(BrokerTest):
    def setUp(self):
        super().setUp()
        self.client = flowbroker.Client(self.broker.address, default_timeout=30)
        self.addCleanup(self.client.close)

    def asynchronously(self, coroutine):
        """Runs `coroutine(client)` with an AsyncClient."""

        async def run():
            async with flowbroker.AsyncClient(self.broker.address, default_timeout=30) as client:
                return await coroutine(client)

        return asyncio.run(run())

    def test_the_example_prints_the_answer_of_a_sip_server(self):
        for transport, uri in URIS.items():
            for flags in ([], ["--asyncio"]):
                with self.subTest(transport, flags=flags):
                    command = [sys.executable, EXAMPLE, uri, "--broker", self.broker.address, *flags]
                    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
                    self.assertEqual(done.returncode, 0, done.stderr)
                    self.assertIn(f"{transport.name} flow", done.stdout)
                    self.assertIn("SIP/2.0 200 ", done.stdout)

    def test_the_example_tells_why_there_is_no_answer(self):
        command = [sys.executable, EXAMPLE, "sip:refused.example.test;transport=tcp", "--broker", self.broker.address]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 1)
        self.assertIn("UNAVAILABLE: refused: ", done.stderr)
        self.assertIn("Connection refused", done.stderr)

    def test_a_race_tells_its_story_and_leaves_a_memory(self):
        self.lab.drop("ipv6")
        flow = self.client.acquire(TCP, want_trace=True)
        self.assertEqual((flow.family, flow.transport, flow.source), (AddressFamily.IPV4, Transport.TCP, FlowSource.RACED))
        attempts = [step for step in flow.trace.steps if step.what is flowbroker.TraceWhat.ATTEMPT]
        self.assertEqual({step.remote.address.version for step in attempts}, {4, 6})
        (race,) = self.client.list_races(host="dual.example.test")
        self.assertEqual(race.winner.remote, flow.remote)
        self.assertLess(abs(race.start_time - datetime.datetime.now(datetime.UTC)), datetime.timedelta(minutes=5))
        reached = self.asynchronously(lambda client: client.get_reachability("dual.example.test"))
        self.assertIn(flow.remote, [target.endpoint for target in reached])
        preferences = self.asynchronously(lambda client: client.list_family_preferences())
        self.assertTrue(any(flow.remote.address in preference.prefix for preference in preferences), preferences)

    def test_errors_are_told_apart(self):
        with self.assertRaises(flowbroker.NotFound) as raised:
            self.client.acquire("sip:absent.example.test")
        self.assertIsNotNone(raised.exception.trace)
        with self.assertRaises(flowbroker.InvalidArgument) as raised:
            self.client.acquire("mailto:a@example.test")
        self.assertEqual(raised.exception.field, "destination.uri")
        with self.assertRaises(flowbroker.DeadlineExceeded) as raised:
            self.asynchronously(lambda client: client.acquire("sip:alldead.example.test;transport=tcp", timeout=0.5))
        self.assertIsNotNone(raised.exception.trace)
        with self.assertRaises(flowbroker.NotFound):
            self.client.get_flow("x" * 22)

    def test_the_life_of_a_flow_can_be_followed_and_resumed(self):
        with self.client.watch_flows(client_group="edge") as watch:
            flow = self.client.acquire(TCP, client_group="edge", exclusive=True)
            opened = watch.receive(PATIENCE)
            self.assertEqual((opened.kind, opened.flow.flow_id), (FlowEventKind.OPENED, flow.flow_id))
            self.assertEqual(self.client.get_flow(flow.flow_id).client_group, "edge")
            self.assertEqual([one.flow_id for one in self.client.list_flows(client_group="edge")], [flow.flow_id])
            self.assertEqual(self.client.list_flows(client_group="other"), [])
            self.client.release(flow.flow_id)
        async def rest(client):
            async with client.watch_flows(after_sequence=watch.last_sequence) as resumed:
                return await resumed.receive(PATIENCE)

        closed = self.asynchronously(rest)
        self.assertEqual((closed.kind, closed.flow.flow_id), (FlowEventKind.CLOSED, flow.flow_id))

    def test_a_pooled_flow_is_probed_reported_on_and_closed(self):
        flow = self.client.acquire(TCP)
        self.assertIs(self.client.acquire(TCP).source, FlowSource.POOLED)
        self.assertTrue(self.client.warm(TCP))
        self.assertTrue(self.client.probe_flow(flow.flow_id).alive)
        self.assertTrue(
            self.asynchronously(
                lambda client: client.report_outcome(
                    flow.flow_id, TransactionOutcome.ANSWERED, rtt=datetime.timedelta(milliseconds=20)
                )
            )
        )
        self.asynchronously(lambda client: client.close_flow(flow.flow_id))
        with self.assertRaises(flowbroker.NotFound):
            self.client.close_flow(flow.flow_id)

    def test_resolve_connects_nowhere(self):
        resolution = self.client.resolve("sip:full.example.test")
        self.assertIs(resolution.targets[0].transport, Transport.TLS)
        self.assertTrue(resolution.targets[0].srv_owner.startswith("_sips._tcp.full"))
        self.assertEqual(self.client.list_flows(), [])

    def test_watchers_learn_that_memory_was_reset(self):
        self.client.acquire(TCP)
        with self.client.watch_preferences() as watch:
            self.assertGreater(self.asynchronously(lambda client: client.reset_history(all=True)).targets, 0)
            while not (event := watch.receive(PATIENCE)).forgotten:
                pass
        self.assertEqual(event.forgotten, "all")

    def test_streams_end_with_a_reason_when_the_broker_stops(self):
        with self.client.relay() as relay, self.client.watch_flows() as watch:
            self.broker.stop()
            for stream in (relay, watch):
                with self.assertRaises(flowbroker.Unavailable):
                    while True:
                        stream.receive(PATIENCE)


main()
