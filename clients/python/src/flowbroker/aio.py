"""The client for asyncio: Client with `await`."""

import asyncio
import datetime
from collections.abc import Iterable
import time
from types import TracebackType
from typing import Any, Self

import grpc

from flowbroker import _calls, _methods, _wire, _wire_edge, _wire_flow_sets, _wire_history
from flowbroker import channel, edge, flow_sets, history, types
from flowbroker._calls import Call, DestinationLike, Pages, Result
from flowbroker._methods import Method, Request, Response
from flowbroker.channel import MutualTls, Timeout
from flowbroker.errors import BrokerError, from_rpc_error
from flowbroker.handoff import HandedOff, receive
from flowbroker.aio_streams import AsyncRelay, AsyncWatch


class AsyncClient:
    """A connection to one broker for the tasks of one event loop. Calls, defaults and errors are those of Client, where
    they are described. Streams are opened by `async with`."""

    def __init__(
        self, address: str = "", *, tls: MutualTls | None = None, default_timeout: Timeout = channel.DEFAULT_TIMEOUT
    ) -> None:
        self.address = channel.broker_address(address)
        self._default_timeout = channel.seconds(default_timeout)
        self._channel = channel.open_aio_channel(self.address, tls)

    async def close(self) -> None:
        await self._channel.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def acquire(
        self,
        destination: DestinationLike,
        *,
        client_group: str = "",
        time_sensitive: bool = True,
        exclusive: bool = False,
        request_id: str = "",
        want_trace: bool = False,
        traceparent: str = "",
        timeout: Timeout | None = None,
    ) -> types.AcquiredFlow:
        call = _calls.acquire(
            destination, client_group, time_sensitive, exclusive, request_id, want_trace, traceparent
        )
        return await self._run(call, timeout)

    async def acquire_handoff(
        self,
        destination: DestinationLike,
        *,
        client_group: str = "",
        request_id: str = "",
        want_trace: bool = False,
        traceparent: str = "",
        timeout: Timeout | None = None,
    ) -> HandedOff:
        """As Client.acquire_handoff, but the socket does not block: for loop.sock_sendall or asyncio.open_connection."""
        call = _calls.acquire(destination, client_group, True, True, request_id, want_trace, traceparent, handoff=True)
        limit = self._default_timeout if timeout is None else channel.seconds(timeout)
        until = time.monotonic() + limit
        flow = await self._run(call, timeout)
        if flow.handoff is None:
            raise BrokerError(grpc.StatusCode.UNIMPLEMENTED, "the broker cannot hand off")
        received = await asyncio.to_thread(receive, flow.handoff, max(until - time.monotonic(), 0.001))
        received.setblocking(False)
        return HandedOff(flow, received)

    async def release(self, flow_id: str, *, timeout: Timeout | None = None) -> None:
        await self._run(_calls.release(flow_id), timeout)

    async def warm(self, destination: DestinationLike, *, client_group: str = "", timeout: Timeout | None = None) -> bool:
        return await self._run(_calls.warm(destination, client_group), timeout)

    async def resolve(self, destination: DestinationLike, *, timeout: Timeout | None = None) -> types.Resolution:
        return await self._run(_calls.resolve(destination), timeout)

    async def report_outcome(
        self,
        flow_id: str,
        outcome: types.TransactionOutcome,
        *,
        rtt: datetime.timedelta | None = None,
        retry_after: datetime.timedelta | None = None,
        timeout: Timeout | None = None,
    ) -> bool:
        return await self._run(_calls.report_outcome(flow_id, outcome, rtt, retry_after), timeout)

    async def list_flows(self, *, client_group: str | None = None, timeout: Timeout | None = None) -> list[types.Flow]:
        return await self._all(_calls.list_flows(client_group), timeout)

    async def get_flow(self, flow_id: str, *, timeout: Timeout | None = None) -> types.Flow:
        return await self._run(_calls.get_flow(flow_id), timeout)

    async def close_flow(self, flow_id: str, *, timeout: Timeout | None = None) -> None:
        await self._run(_calls.close_flow(flow_id), timeout)

    async def probe_flow(self, flow_id: str, *, timeout: Timeout | None = None) -> types.ProbeResult:
        return await self._run(_calls.probe_flow(flow_id), timeout)

    async def set_keep_alive(
        self,
        flow_id: str,
        method: types.KeepAliveMethod,
        *,
        flow_timer: datetime.timedelta | None = None,
        timeout: Timeout | None = None,
    ) -> None:
        await self._run(_calls.set_keep_alive(flow_id, method, flow_timer), timeout)

    async def mint_token(self, flow_id: str, *, timeout: Timeout | None = None) -> str:
        return await self._run(_calls.mint_token(flow_id), timeout)

    async def verify_token(self, token: str, *, timeout: Timeout | None = None) -> edge.VerifiedToken:
        return await self._run(_calls.verify_token(token), timeout)

    async def bind(
        self,
        aor: str,
        contact: str,
        flow_id: str = "",
        *,
        path: str = "",
        expires: datetime.timedelta | None = None,
        timeout: Timeout | None = None,
    ) -> list[edge.BoundContact]:
        return await self._run(_calls.bind(aor, contact, flow_id, path, expires), timeout)

    async def unbind(
        self,
        aor: str,
        *,
        instance_id: str = "",
        reg_id: int | None = None,
        contact_uri: str = "",
        timeout: Timeout | None = None,
    ) -> int:
        return await self._run(_calls.unbind(aor, instance_id, reg_id, contact_uri), timeout)

    async def lookup_bindings(self, aor: str, *, timeout: Timeout | None = None) -> list[edge.BindingTarget]:
        return await self._run(_calls.lookup_bindings(aor), timeout)

    async def ensure_flow_set(
        self,
        name: str,
        uris: Iterable[str],
        *,
        instance_id: str = "",
        client_group: str = "",
        replace: bool = False,
        timeout: Timeout | None = None,
    ) -> flow_sets.FlowSet:
        call = _calls.ensure_flow_set(name, uris, instance_id, client_group, replace)
        return await self._run(call, timeout)

    async def get_flow_set(self, name: str, *, timeout: Timeout | None = None) -> flow_sets.FlowSet:
        return await self._run(_calls.get_flow_set(name), timeout)

    async def list_flow_sets(self, *, timeout: Timeout | None = None) -> list[flow_sets.FlowSet]:
        return await self._all(_calls.list_flow_sets(), timeout)

    async def delete_flow_set(self, name: str, *, timeout: Timeout | None = None) -> None:
        await self._run(_calls.delete_flow_set(name), timeout)

    async def report_registration(
        self,
        name: str,
        reg_id: int,
        flow_id: str,
        outcome: flow_sets.RegistrationOutcome,
        *,
        retry_after: datetime.timedelta | None = None,
        timeout: Timeout | None = None,
    ) -> None:
        call = _calls.report_registration(name, reg_id, flow_id, outcome, retry_after)
        await self._run(call, timeout)

    async def list_family_preferences(
        self,
        *,
        interface: str = "",
        family: types.AddressFamily | None = None,
        prefix: history.IpNetwork | types.IpAddress | str = "",
        only_impaired: bool = False,
        timeout: Timeout | None = None,
    ) -> list[history.FamilyPreference]:
        return await self._all(_calls.list_family_preferences(interface, family, prefix, only_impaired), timeout)

    async def get_reachability(
        self,
        host: str,
        *,
        port: int | None = None,
        transport: types.Transport | None = None,
        interface: str = "",
        timeout: Timeout | None = None,
    ) -> list[history.TargetReachability]:
        return await self._run(_calls.get_reachability(host, port, transport, interface), timeout)

    async def list_races(
        self,
        count: int = 20,
        *,
        host: str = "",
        succeeded: bool | None = None,
        client_group: str | None = None,
        timeout: Timeout | None = None,
    ) -> list[history.Race]:
        return await self._all(_calls.list_races(count, host, succeeded, client_group), timeout)

    async def reset_history(
        self,
        *,
        all: bool = False,
        prefix: history.IpNetwork | str | None = None,
        host: str | None = None,
        timeout: Timeout | None = None,
    ) -> history.Forgotten:
        return await self._run(_calls.reset_history(all, prefix, host), timeout)

    def relay(self, *, client_group: str = "") -> AsyncRelay:
        open_call = self._channel.stream_stream(
            _methods.RELAY.path,
            request_serializer=_methods.RELAY.request.SerializeToString,
            response_deserializer=_methods.RELAY.response.FromString,
        )
        return AsyncRelay(open_call, client_group, self._default_timeout)

    def watch_flows(self, *, after_sequence: int = 0, client_group: str | None = None) -> AsyncWatch[types.FlowEvent]:
        request = _calls.watch_flows(after_sequence, client_group)
        return self._watch(_methods.WATCH_FLOWS, request, _wire.flow_event, after_sequence)

    def watch_bindings(self, *, after_sequence: int = 0, aor: str = "") -> AsyncWatch[edge.BindingEvent]:
        request = _calls.watch_bindings(after_sequence, aor)
        return self._watch(_methods.WATCH_BINDINGS, request, _wire_edge.binding_event, after_sequence)

    def watch_flow_set(self, name: str, *, after_sequence: int = 0) -> AsyncWatch[flow_sets.FlowSetEvent]:
        request = _calls.watch_flow_set(name, after_sequence)
        return self._watch(_methods.WATCH_FLOW_SET, request, _wire_flow_sets.flow_set_event, after_sequence)

    def watch_preferences(self, *, after_sequence: int = 0, interface: str = "") -> AsyncWatch[history.PreferenceEvent]:
        request = _calls.watch_preferences(after_sequence, interface)
        return self._watch(_methods.WATCH_PREFERENCES, request, _wire_history.preference_event, after_sequence)

    async def _run(self, call: Call[Request, Response, Result], timeout: Timeout | None) -> Result:
        patience = self._default_timeout if timeout is None else channel.seconds(timeout)
        invoke = self._channel.unary_unary(
            call.method.path,
            request_serializer=call.method.request.SerializeToString,
            response_deserializer=call.method.response.FromString,
        )
        try:
            response = await invoke(call.request, timeout=patience, metadata=call.metadata)
        except grpc.RpcError as error:
            raise from_rpc_error(error) from error
        return call.parse(response)

    async def _all(self, pages: Pages[Response, Result], timeout: Timeout | None) -> list[Result]:
        while await self._run(pages.page(), timeout):
            pass
        return pages.items

    def _watch(self, method: Method[Any, Any], request: Any, parse: Any, after_sequence: int) -> AsyncWatch[Any]:
        invoke = self._channel.unary_stream(
            method.path,
            request_serializer=method.request.SerializeToString,
            response_deserializer=method.response.FromString,
        )
        return AsyncWatch(lambda: invoke(request), parse, after_sequence, self._default_timeout)
