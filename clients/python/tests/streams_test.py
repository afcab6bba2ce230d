"""Relay and watches of both clients."""

import asyncio
import threading
import time
import unittest
from collections.abc import Iterator

import grpc
from fake_broker import FakeBroker, echo, fail, watch_answers

import flowbroker
from flowbroker import _outbox
from flowbroker.v1 import flow_service_pb2 as flows
from flowbroker.v1 import history_service_pb2 as memory
from flowbroker.v1 import types_pb2

PATIENCE = 10.0
GOING = types_pb2.Draining(time_left={"seconds": 7})


def draining_relay(frames: Iterator[flows.RelayRequest], _: grpc.ServicerContext) -> Iterator[flows.RelayResponse]:
    next(frames)
    yield flows.RelayResponse(draining=GOING)
    for _frame in frames:
        yield flows.RelayResponse(messages=[flows.IncomingMessage(flow_id="f", message=b"still here")])


def stuck_relay(frames: Iterator[flows.RelayRequest], context: grpc.ServicerContext) -> Iterator[flows.RelayResponse]:
    """Reads nothing and says nothing until its caller goes."""
    gone = threading.Event()
    context.add_callback(gone.set)
    gone.wait(PATIENCE)
    yield from ()


def broken_relay(frames: Iterator[flows.RelayRequest], context: grpc.ServicerContext) -> Iterator[flows.RelayResponse]:
    yield flows.RelayResponse(messages=[flows.IncomingMessage(flow_id="f", message=b"last words")])
    fail(context, grpc.StatusCode.RESOURCE_EXHAUSTED, "limit_reached: streams")


def draining_watch(_: flows.WatchFlowsRequest, context: grpc.ServicerContext) -> Iterator[flows.WatchFlowsResponse]:
    yield flows.WatchFlowsResponse(latest_sequence=3)
    yield flows.WatchFlowsResponse(draining=GOING)
    fail(context, grpc.StatusCode.UNAVAILABLE, "shutting_down: the broker ends")


class StreamTest(unittest.IsolatedAsyncioTestCase):
    def setUp(self) -> None:
        self.broker = FakeBroker()
        self.addCleanup(self.broker.stop)
        self.client = flowbroker.Client(self.broker.address)
        self.addCleanup(self.client.close)
        self.broker.answers["Relay"] = echo

    async def asyncSetUp(self) -> None:
        self.aio = flowbroker.AsyncClient(self.broker.address)
        self.addAsyncCleanup(self.aio.close)


class RelayTest(StreamTest):
    def test_messages_come_and_go_in_order(self) -> None:
        with self.client.relay(client_group="edge") as relay:
            for number in range(500):
                relay.send(f"f{number % 3}", f"message {number}")
            events = [relay.receive(PATIENCE) for _ in range(500)]
        expected = [flowbroker.IncomingMessage(f"f{n % 3}", f"message {n}".encode()) for n in range(500)]
        self.assertEqual(events, expected)

    async def test_messages_come_and_go_in_order_with_asyncio(self) -> None:
        async with self.aio.relay(client_group="edge") as relay:
            for number in range(500):
                await relay.send(f"f{number % 3}", f"message {number}")
            events = [await relay.receive(PATIENCE) for _ in range(500)]
        expected = [flowbroker.IncomingMessage(f"f{n % 3}", f"message {n}".encode()) for n in range(500)]
        self.assertEqual(events, expected)

    def test_what_is_not_sent_comes_back_with_its_tag(self) -> None:
        with self.client.relay() as relay:
            relay.send("gone", b"x", tag=42)
            self.assertEqual(
                relay.receive(PATIENCE), flowbroker.SendFailure("gone", 42, "unknown_flow", "no such flow")
            )

    def test_iteration_ends_after_the_last_message_was_answered(self) -> None:
        with self.client.relay() as relay:
            relay.send("f", b"one")
            relay.done_sending()
            self.assertEqual([event for event in relay], [flowbroker.IncomingMessage("f", b"one")])
            with self.assertRaises(flowbroker.StreamClosed):
                relay.send("f", b"two")

    async def test_iteration_ends_after_the_last_message_was_answered_with_asyncio(self) -> None:
        async with self.aio.relay() as relay:
            await relay.send("f", b"one")
            await relay.done_sending()
            self.assertEqual([event async for event in relay], [flowbroker.IncomingMessage("f", b"one")])
            with self.assertRaises(flowbroker.StreamClosed):
                await relay.send("f", b"two")

    def test_leaving_the_block_sends_what_is_queued(self) -> None:
        got: list[bytes] = []

        def collect(frames: Iterator[flows.RelayRequest], _: grpc.ServicerContext) -> Iterator[flows.RelayResponse]:
            got.extend(one.message for frame in frames for one in frame.messages)
            yield from ()

        self.broker.answers["Relay"] = collect
        with self.client.relay() as relay:
            for number in range(300):
                relay.send("f", b"%d" % number)
        self.assertEqual(got, [b"%d" % number for number in range(300)])

    async def test_leaving_the_block_sends_what_is_queued_with_asyncio(self) -> None:
        got: list[bytes] = []

        def collect(frames: Iterator[flows.RelayRequest], _: grpc.ServicerContext) -> Iterator[flows.RelayResponse]:
            got.extend(one.message for frame in frames for one in frame.messages)
            yield from ()

        self.broker.answers["Relay"] = collect
        async with self.aio.relay() as relay:
            for number in range(300):
                await relay.send("f", b"%d" % number)
        self.assertEqual(got, [b"%d" % number for number in range(300)])

    def test_draining_is_told_and_the_stream_goes_on(self) -> None:
        self.broker.answers["Relay"] = draining_relay
        with self.client.relay() as relay:
            event = relay.receive(PATIENCE)
            assert isinstance(event, flowbroker.Draining)
            self.assertEqual(event.time_left.total_seconds(), 7)
            relay.send("f", b"x")
            self.assertEqual(relay.receive(PATIENCE), flowbroker.IncomingMessage("f", b"still here"))

    def test_a_stream_that_breaks_gives_what_came_before_then_the_reason_again_and_again(self) -> None:
        self.broker.answers["Relay"] = broken_relay
        with self.client.relay() as relay:
            self.assertEqual(relay.receive(PATIENCE), flowbroker.IncomingMessage("f", b"last words"))
            for _ in range(2):
                with self.assertRaises(flowbroker.ResourceExhausted) as raised:
                    relay.receive(PATIENCE)
                self.assertEqual(raised.exception.failure, "limit_reached")
            with self.assertRaises(flowbroker.ResourceExhausted):
                relay.send("f", b"x")

    async def test_a_stream_that_breaks_gives_what_came_before_then_the_reason_with_asyncio(self) -> None:
        self.broker.answers["Relay"] = broken_relay
        async with self.aio.relay() as relay:
            self.assertEqual(await relay.receive(PATIENCE), flowbroker.IncomingMessage("f", b"last words"))
            with self.assertRaises(flowbroker.ResourceExhausted):
                await relay.receive(PATIENCE)
            with self.assertRaises(flowbroker.ResourceExhausted):
                await relay.send("f", b"x")

    def test_send_is_refused_when_the_broker_takes_no_more(self) -> None:
        self.broker.answers["Relay"] = stuck_relay
        client = flowbroker.Client(self.broker.address, default_timeout=0.1)
        self.addCleanup(client.close)
        with client.relay() as relay, self.assertRaises(flowbroker.QueueFull):
            for _ in range(1000):
                relay.send("f", bytes(100_000))

    async def test_send_is_refused_when_the_broker_takes_no_more_with_asyncio(self) -> None:
        self.broker.answers["Relay"] = stuck_relay
        client = flowbroker.AsyncClient(self.broker.address, default_timeout=0.1)
        async with client, client.relay() as relay:
            with self.assertRaises(flowbroker.QueueFull):
                for _ in range(1000):
                    await relay.send("f", bytes(100_000))

    async def test_waiting_for_a_message_can_be_given_up_without_loss(self) -> None:
        with self.client.relay() as relay, self.assertRaises(TimeoutError):
            relay.receive(timeout=0.01)
        async with self.aio.relay() as aio_relay:
            with self.assertRaises(TimeoutError):
                await aio_relay.receive(timeout=0.01)
            await aio_relay.send("f", b"x")
            self.assertEqual(await aio_relay.receive(PATIENCE), flowbroker.IncomingMessage("f", b"x"))

    def test_closing_wakes_who_waits(self) -> None:
        relay = self.client.relay()
        ends: list[BaseException] = []

        def wait() -> None:
            try:
                relay.receive()
            except flowbroker.StreamClosed as end:
                ends.append(end)

        waiter = threading.Thread(target=wait)
        waiter.start()
        relay.close()
        waiter.join(PATIENCE)
        self.assertEqual(len(ends), 1)

    def test_a_late_reader_loses_nothing(self) -> None:
        with self.client.relay() as relay:

            def send() -> None:
                for number in range(5000):
                    relay.send("f", b"%d" % number)

            sender = threading.Thread(target=send)
            sender.start()
            while not len(relay._events) >= 1000:
                time.sleep(0.001)
            events = [relay.receive(PATIENCE) for _ in range(5000)]
            sender.join()
        self.assertEqual(events, [flowbroker.IncomingMessage("f", b"%d" % n) for n in range(5000)])


class WatchTest(StreamTest):
    def test_a_fresh_watch_begins_at_the_newest_event_and_counts_on(self) -> None:
        self.broker.answers["WatchFlows"] = watch_answers(7, [8, 9])
        with self.client.watch_flows(client_group="edge") as watch:
            self.assertEqual(watch.last_sequence, 7)
            self.assertEqual(watch.receive(PATIENCE).flow.flow_id, "flow-8")
            self.assertEqual(watch.last_sequence, 8)
            self.assertEqual([event.sequence for event in watch], [9])
        self.assertEqual(self.broker.requests[0].client_group, "edge")

    async def test_a_fresh_watch_begins_at_the_newest_event_with_asyncio(self) -> None:
        self.broker.answers["WatchFlows"] = watch_answers(7, [8, 9])
        async with self.aio.watch_flows() as watch:
            self.assertEqual(watch.last_sequence, 7)
            self.assertEqual([event.sequence async for event in watch], [8, 9])
            self.assertEqual(watch.last_sequence, 9)
        self.assertFalse(self.broker.requests[0].HasField("client_group"))

    async def test_a_resumed_watch_has_seen_nothing_until_it_is_read(self) -> None:
        self.broker.answers["WatchFlows"] = watch_answers(7, [5, 6, 7])
        with self.client.watch_flows(after_sequence=4) as watch:
            self.assertEqual(watch.last_sequence, 4)
        async with self.aio.watch_flows(after_sequence=4) as aio_watch:
            self.assertEqual(aio_watch.last_sequence, 4)
        self.assertEqual([request.after_sequence for request in self.broker.requests], [4, 4])

    async def test_events_no_longer_kept_are_an_error_at_once(self) -> None:
        def lost(_: flows.WatchFlowsRequest, context: grpc.ServicerContext) -> Iterator[flows.WatchFlowsResponse]:
            fail(context, grpc.StatusCode.OUT_OF_RANGE, "event_lost: list the flows")
            yield from ()

        self.broker.answers["WatchFlows"] = lost
        with self.assertRaises(flowbroker.BrokerError) as raised:
            self.client.watch_flows(after_sequence=1)
        self.assertIs(raised.exception.code, grpc.StatusCode.OUT_OF_RANGE)
        with self.assertRaises(flowbroker.BrokerError):
            async with self.aio.watch_flows(after_sequence=1):
                pass

    async def test_a_draining_broker_ends_a_watch_and_says_so(self) -> None:
        self.broker.answers["WatchFlows"] = draining_watch
        with self.client.watch_flows() as watch, self.assertRaises(flowbroker.Unavailable) as raised:
            watch.receive(PATIENCE)
        self.assertTrue(raised.exception.draining)
        assert raised.exception.time_left is not None
        self.assertEqual(raised.exception.time_left.total_seconds(), 7)
        async with self.aio.watch_flows() as aio_watch:
            with self.assertRaises(flowbroker.Unavailable) as raised:
                await aio_watch.receive(PATIENCE)
        self.assertTrue(raised.exception.draining)

    async def test_a_broker_that_does_not_begin_is_not_waited_for_longer_than_the_default(self) -> None:
        self.broker.answers["WatchFlows"] = stuck_relay
        client = flowbroker.Client(self.broker.address, default_timeout=0.05)
        self.addCleanup(client.close)
        with self.assertRaises(flowbroker.DeadlineExceeded):
            client.watch_flows()
        async with flowbroker.AsyncClient(self.broker.address, default_timeout=0.05) as aio:
            with self.assertRaises(flowbroker.DeadlineExceeded):
                async with aio.watch_flows():
                    pass

    def test_preferences_are_watched_in_the_same_way(self) -> None:
        preference = memory.FamilyPreference(prefix="192.0.2.0/24")
        events = [
            memory.PreferenceEvent(sequence=1, changed=preference),
            memory.PreferenceEvent(sequence=2, forgotten="all"),
        ]
        self.broker.answers["WatchPreferences"] = lambda _, context: iter(
            [memory.WatchPreferencesResponse(), memory.WatchPreferencesResponse(events=events, latest_sequence=2)]
        )
        with self.client.watch_preferences(interface="eth0") as watch:
            changed, forgotten = list(watch)
        assert changed.changed is not None
        self.assertEqual(str(changed.changed.prefix), "192.0.2.0/24")
        self.assertEqual((forgotten.changed, forgotten.forgotten), (None, "all"))


class OutboxTest(unittest.TestCase):
    def test_a_frame_is_bounded_in_messages_and_octets(self) -> None:
        outbox = _outbox.Outbox()
        for _ in range(100):
            outbox.append("f", b"x", 0)
        self.assertEqual([len(outbox.frame().messages) for _ in range(2)], [64, 36])
        for _ in range(4):
            outbox.append("f", bytes(300_000), 0)
        self.assertEqual([len(outbox.frame().messages) for _ in range(2)], [2, 2])
        self.assertFalse(outbox)

    def test_room_comes_back_with_what_is_taken(self) -> None:
        outbox = _outbox.Outbox()
        while outbox.has_room:
            outbox.append("f", bytes(1_000_000), 0)
        outbox.frame()
        self.assertTrue(outbox.has_room)


if __name__ == "__main__":
    unittest.main()
