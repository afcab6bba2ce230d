"""Relay and the watches of the synchronous Client."""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

import grpc

from flowbroker import _wire, channel
from flowbroker._outbox import Outbox
from flowbroker.errors import BrokerError, DeadlineExceeded, QueueFull, StreamClosed, from_rpc_error
from flowbroker.types import Draining, RelayEvent
from flowbroker.v1 import flow_service_pb2

Event = TypeVar("Event")

_MAX_WAITING_EVENTS = 1000


class EventStream(Generic[Event]):
    """Events as they come, read by a thread of its own; a reader that is late holds up the broker. Thread-safe. Use it in
    a `with` block, or close it. Iteration ends where the stream was closed by this side or ended well; otherwise it
    raises why. Nothing reconnects: open another stream."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._events: deque[Event] = deque()
        self._ended = False
        self._closed = False
        self._error: BrokerError | None = None
        self._draining: Draining | None = None
        self._call: Any = None

    def receive(self, timeout: channel.Timeout | None = None) -> Event:
        """The next event. TimeoutError: none came in time (None: waits for ever). StreamClosed: there are no more;
        another BrokerError: the stream broke."""
        patience = None if timeout is None else channel.seconds(timeout)
        with self._changed:
            if not self._changed.wait_for(lambda: self._events or self._ended, patience):
                raise TimeoutError(f"nothing came in {patience} s")
            if not self._events:
                raise self._error or StreamClosed(grpc.StatusCode.CANCELLED, "the stream has ended")
            event = self._events.popleft()
            self._changed.notify_all()
        self._taken(event)
        return event

    def close(self) -> None:
        """Ends the stream; what was not received is dropped."""
        with self._changed:
            self._closed = True
            self._events.clear()
            self._changed.notify_all()
        self._call.cancel()
        self._reader.join()

    def __iter__(self) -> Iterator[Event]:
        return self

    def __next__(self) -> Event:
        try:
            return self.receive()
        except StreamClosed:
            raise StopIteration from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _start(self, call: Any) -> None:
        self._call = call
        self._reader = threading.Thread(target=self._read, name="flowbroker-stream", daemon=True)
        self._reader.start()

    def _read(self) -> None:
        error: BrokerError | None = None
        try:
            for response in self._call:
                self._on_response(response)
        except grpc.RpcError as failure:
            error = from_rpc_error(failure, self._draining)
        with self._changed:
            self._error = None if self._closed else error
            self._ended = True
            self._changed.notify_all()

    def _put(self, event: Event) -> None:
        with self._changed:
            self._changed.wait_for(lambda: len(self._events) < _MAX_WAITING_EVENTS or self._closed)
            if not self._closed:
                self._events.append(event)
                self._changed.notify_all()

    def _on_response(self, response: Any) -> None:
        raise NotImplementedError

    def _taken(self, event: Event) -> None:
        pass


class Watch(EventStream[Event]):
    """Numbered events. After an error, open another with `after_sequence=watch.last_sequence`; OUT_OF_RANGE says that those
    events are no longer kept: list, then watch from now on. A restarted broker counts from 1 again."""

    def __init__(self, call: Any, parse: Callable[[Any], Event], after_sequence: int) -> None:
        super().__init__()
        self._parse = parse
        self._resumed = after_sequence > 0
        self._ready = False
        self.last_sequence = after_sequence  # Everything up to it was received, or was not asked for.
        self._start(call)

    def wait_until_ready(self, patience: float) -> Self:
        """Returns when the watch is in place: whatever happens from now on is reported."""
        with self._changed:
            self._changed.wait_for(lambda: self._ready or self._ended, patience)
            if self._ready:
                return self
        self.close()
        raise self._error or DeadlineExceeded(grpc.StatusCode.DEADLINE_EXCEEDED, "the watch did not begin in time")

    def _on_response(self, response: Any) -> None:
        if response.HasField("draining"):
            self._draining = _wire.draining(response.draining)
        with self._changed:
            # What is resumed is still to come: only a fresh watch starts at the newest event.
            if not self._ready and not self._resumed and not response.events:
                self.last_sequence = response.latest_sequence
            self._ready = True
            self._changed.notify_all()
        for event in response.events:
            self._put(self._parse(event))

    def _taken(self, event: Any) -> None:
        self.last_sequence = event.sequence


class Relay(EventStream[RelayEvent]):
    """SIP messages over any number of flows, in and out. One stream carries a lot; messages that queue up while a frame is
    being written share the next one."""

    def __init__(
        self, open_call: Callable[[Iterator[flow_service_pb2.RelayRequest]], Any], client_group: str, patience: float
    ) -> None:
        super().__init__()
        self._client_group = client_group
        self._patience = patience
        self._outbox = Outbox()
        self._nothing_follows = False
        self._start(open_call(self._frames()))

    def send(self, flow_id: str, message: bytes | str, *, tag: int = 0, timeout: channel.Timeout | None = None) -> None:
        """Queues `message`, complete as it shall appear on the wire; in order per flow. Waits for room in the queue, then
        raises QueueFull. What the broker cannot send comes back as a SendFailure with `tag`."""
        octets = message.encode() if isinstance(message, str) else message
        patience = self._patience if timeout is None else channel.seconds(timeout)
        with self._changed:
            room = self._changed.wait_for(lambda: self._outbox.has_room or self._over, patience)
            if self._over:
                raise self._error or StreamClosed(grpc.StatusCode.CANCELLED, "the stream has ended")
            if not room:
                raise QueueFull(grpc.StatusCode.RESOURCE_EXHAUSTED, "wait, then send again", failure="queue_full")
            self._outbox.append(flow_id, octets, tag)
            self._changed.notify_all()

    def done_sending(self) -> None:
        """Sends what is queued, then tells the broker that nothing follows. Messages may still come in until the end."""
        with self._changed:
            self._nothing_follows = True
            self._changed.notify_all()

    def close(self) -> None:
        """Sends what is queued, for a while; then ends the stream. What was not received is dropped."""
        self.done_sending()
        with self._changed:
            self._changed.wait_for(lambda: self._ended or not self._outbox, self._patience)
            self._closed = True
            self._events.clear()
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._ended, self._patience)
        super().close()

    @property
    def _over(self) -> bool:
        return self._ended or self._closed or self._nothing_follows

    def _frames(self) -> Iterator[flow_service_pb2.RelayRequest]:
        """Runs on a thread of gRPC's, which asks for a frame whenever the one before is written."""
        yield flow_service_pb2.RelayRequest(client_group=self._client_group)
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._outbox or self._over)
                if self._ended or not self._outbox:
                    return
                frame = self._outbox.frame()
                self._changed.notify_all()
            yield frame

    def _on_response(self, response: flow_service_pb2.RelayResponse) -> None:
        if response.HasField("draining"):
            self._draining = _wire.draining(response.draining)
        for event in _wire.relay_events(response):
            self._put(event)
