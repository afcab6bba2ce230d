"""Relay and the watches of AsyncClient."""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Callable
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


class AsyncEventStream(Generic[Event]):
    """Events as they come, read by a task of its own, so that waiting for one can be cancelled without loss; a reader that
    is late holds up the broker. Opened and closed by `async with`. Iteration ends and fails like that of EventStream."""

    def __init__(self, open_call: Callable[[], Any]) -> None:
        self._open_call = open_call
        self._changed = asyncio.Condition()
        self._events: deque[Event] = deque()
        self._ended = False
        self._closed = False  # What comes in is dropped.
        self._error: BrokerError | None = None
        self._draining: Draining | None = None

    async def receive(self, timeout: channel.Timeout | None = None) -> Event:
        """The next event; TimeoutError, StreamClosed or another BrokerError as with EventStream.receive."""
        async with asyncio.timeout(None if timeout is None else channel.seconds(timeout)), self._changed:
            await self._changed.wait_for(lambda: self._events or self._ended)
            if not self._events:
                raise self._error or StreamClosed(grpc.StatusCode.CANCELLED, "the stream has ended")
            event = self._events.popleft()
            self._changed.notify_all()
        self._taken(event)
        return event

    async def close(self) -> None:
        """Ends the stream; what was not received is dropped."""
        self._events.clear()
        self._reader.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._reader

    def __aiter__(self) -> AsyncIterator[Event]:
        return self

    async def __anext__(self) -> Event:
        try:
            return await self.receive()
        except StreamClosed:
            raise StopAsyncIteration from None

    async def __aenter__(self) -> Self:
        self._call = self._open_call()
        self._reader = asyncio.create_task(self._read(), name="flowbroker-stream")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _read(self) -> None:
        try:
            async for response in self._call:
                await self._on_response(response)
        except grpc.RpcError as failure:
            self._error = from_rpc_error(failure, self._draining)
        finally:
            self._call.cancel()
            async with self._changed:
                self._ended = True
                self._changed.notify_all()

    async def _put(self, event: Event) -> None:
        async with self._changed:
            await self._changed.wait_for(lambda: self._closed or len(self._events) < _MAX_WAITING_EVENTS)
            if self._closed:
                return
            self._events.append(event)
            self._changed.notify_all()

    async def _on_response(self, response: Any) -> None:
        raise NotImplementedError

    def _taken(self, event: Event) -> None:
        pass


class AsyncWatch(AsyncEventStream[Event]):
    """Numbered events; resumes like a Watch. `async with` returns when the watch is in place."""

    def __init__(
        self, open_call: Callable[[], Any], parse: Callable[[Any], Event], after_sequence: int, patience: float
    ) -> None:
        super().__init__(open_call)
        self._parse = parse
        self._resumed = after_sequence > 0
        self._patience = patience
        self._ready = False
        self.last_sequence = after_sequence  # Everything up to it was received, or was not asked for.

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._patience), self._changed:
                await self._changed.wait_for(lambda: self._ready or self._ended)
        if self._ready:
            return self
        await self.close()
        raise self._error or DeadlineExceeded(grpc.StatusCode.DEADLINE_EXCEEDED, "the watch did not begin in time")

    async def _on_response(self, response: Any) -> None:
        if response.HasField("draining"):
            self._draining = _wire.draining(response.draining)
        async with self._changed:
            # What is resumed is still to come: only a fresh watch starts at the newest event.
            if not self._ready and not self._resumed and not response.events:
                self.last_sequence = response.latest_sequence
            self._ready = True
            self._changed.notify_all()
        for event in response.events:
            await self._put(self._parse(event))

    def _taken(self, event: Any) -> None:
        self.last_sequence = event.sequence


class AsyncRelay(AsyncEventStream[RelayEvent]):
    """SIP messages over any number of flows, in and out: Relay with `await`."""

    def __init__(self, open_call: Callable[[], Any], client_group: str, patience: float) -> None:
        super().__init__(open_call)
        self._client_group = client_group
        self._patience = patience
        self._outbox = Outbox()
        self._nothing_follows = False

    async def send(
        self, flow_id: str, message: bytes | str, *, tag: int = 0, timeout: channel.Timeout | None = None
    ) -> None:
        """Queues `message` for the flow; as Relay.send."""
        octets = message.encode() if isinstance(message, str) else message
        patience = self._patience if timeout is None else channel.seconds(timeout)
        async with self._changed:
            try:
                async with asyncio.timeout(patience):
                    await self._changed.wait_for(lambda: self._outbox.has_room or self._over)
            except TimeoutError:
                raise QueueFull(
                    grpc.StatusCode.RESOURCE_EXHAUSTED, "wait, then send again", failure="queue_full"
                ) from None
            if self._over:
                raise self._error or StreamClosed(grpc.StatusCode.CANCELLED, "the stream has ended")
            self._outbox.append(flow_id, octets, tag)
            self._changed.notify_all()

    async def done_sending(self) -> None:
        """Sends what is queued, then tells the broker that nothing follows. Messages may still come in until the end."""
        async with self._changed:
            self._nothing_follows = True
            self._changed.notify_all()

    async def close(self) -> None:
        """Sends what is queued, for a while; then ends the stream. What was not received is dropped."""
        async with self._changed:
            self._nothing_follows = self._closed = True
            self._events.clear()
            self._changed.notify_all()
            # Until the broker has ended the stream: a call cancelled before takes what is on its way with it.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._patience):
                    await self._changed.wait_for(lambda: self._ended)
        self._writer.cancel()
        await super().close()

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        self._writer = asyncio.create_task(self._write(), name="flowbroker-relay")
        return self

    @property
    def _over(self) -> bool:
        return self._ended or self._nothing_follows

    async def _write(self) -> None:
        with contextlib.suppress(grpc.RpcError, asyncio.InvalidStateError):  # The reader learns why the stream ended.
            await self._call.write(flow_service_pb2.RelayRequest(client_group=self._client_group))
            while True:
                async with self._changed:
                    await self._changed.wait_for(lambda: self._outbox or self._over)
                    if self._ended or not self._outbox:
                        break
                    frame = self._outbox.frame()
                    self._changed.notify_all()
                await self._call.write(frame)
            await self._call.done_writing()

    async def _on_response(self, response: flow_service_pb2.RelayResponse) -> None:
        if response.HasField("draining"):
            self._draining = _wire.draining(response.draining)
        for event in _wire.relay_events(response):
            await self._put(event)
