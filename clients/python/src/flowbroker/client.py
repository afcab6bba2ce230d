"""The synchronous client."""

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
from flowbroker.streams import Relay, Watch


class Client:
    """A connection to one broker. Made without I/O: connects with the first call and again whenever needed. Thread-safe.

    address: "unix:/path" or "host:port"; see channel.broker_address for where it is looked for if not given. Every call
    has a deadline: its `timeout`, or else `default_timeout` (10 s); an Acquire is raced until then. Nothing is retried:
    errors (BrokerError) say whether and when to try again."""

    def __init__(
        self, address: str = "", *, tls: MutualTls | None = None, default_timeout: Timeout = channel.DEFAULT_TIMEOUT
    ) -> None:
        self.address = channel.broker_address(address)
        self._default_timeout = channel.seconds(default_timeout)
        self._channel = channel.open_channel(self.address, tls)

    def close(self) -> None:
        """Ends calls and streams that are under way."""
        self._channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def acquire(
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
        """A usable flow, now or as fast as the network allows.

        client_group: inbound messages on the flow go to Relay streams of this group. time_sensitive=False: do not probe a
        flow that may be dead (a refreshing REGISTER). exclusive: the flow is the caller's alone until release().
        request_id: a repeated request with the same id gets the same flow. want_trace: errors carry their trace in any
        case. traceparent: W3C trace context for the broker's logs."""
        call = _calls.acquire(
            destination, client_group, time_sensitive, exclusive, request_id, want_trace, traceparent
        )
        return self._run(call, timeout)

    def acquire_handoff(
        self,
        destination: DestinationLike,
        *,
        client_group: str = "",
        request_id: str = "",
        want_trace: bool = False,
        traceparent: str = "",
        timeout: Timeout | None = None,
    ) -> HandedOff:
        """A TCP flow as a connected socket of our own: the broker is out of the way from then on. Only on the broker's host,
        where it has a handoff socket. The socket is in blocking mode."""
        call = _calls.acquire(destination, client_group, True, True, request_id, want_trace, traceparent, handoff=True)
        limit = self._default_timeout if timeout is None else channel.seconds(timeout)
        until = time.monotonic() + limit
        flow = self._run(call, timeout)
        if flow.handoff is None:
            raise BrokerError(grpc.StatusCode.UNIMPLEMENTED, "the broker cannot hand off")
        return HandedOff(flow, receive(flow.handoff, max(until - time.monotonic(), 0.001)))

    def release(self, flow_id: str, *, timeout: Timeout | None = None) -> None:
        """Gives a flow back; closes it where it was exclusive."""
        self._run(_calls.release(flow_id), timeout)

    def warm(self, destination: DestinationLike, *, client_group: str = "", timeout: Timeout | None = None) -> bool:
        """Prepares a flow for a coming acquire() and returns at once. True: one is there already."""
        return self._run(_calls.warm(destination, client_group), timeout)

    def resolve(self, destination: DestinationLike, *, timeout: Timeout | None = None) -> types.Resolution:
        """Where a request would go, without connecting."""
        return self._run(_calls.resolve(destination), timeout)

    def report_outcome(
        self,
        flow_id: str,
        outcome: types.TransactionOutcome,
        *,
        rtt: datetime.timedelta | None = None,
        retry_after: datetime.timedelta | None = None,
        timeout: Timeout | None = None,
    ) -> bool:
        """Tells how a transaction ended. rtt: only where the request was not retransmitted. True: the flow was known."""
        return self._run(_calls.report_outcome(flow_id, outcome, rtt, retry_after), timeout)

    def list_flows(self, *, client_group: str | None = None, timeout: Timeout | None = None) -> list[types.Flow]:
        """All open flows, over as many pages as it takes. client_group=None: of all groups."""
        return self._all(_calls.list_flows(client_group), timeout)

    def get_flow(self, flow_id: str, *, timeout: Timeout | None = None) -> types.Flow:
        return self._run(_calls.get_flow(flow_id), timeout)

    def close_flow(self, flow_id: str, *, timeout: Timeout | None = None) -> None:
        self._run(_calls.close_flow(flow_id), timeout)

    def probe_flow(self, flow_id: str, *, timeout: Timeout | None = None) -> types.ProbeResult:
        """Whether the flow can still carry SIP; one that cannot is closed."""
        return self._run(_calls.probe_flow(flow_id), timeout)

    def set_keep_alive(
        self,
        flow_id: str,
        method: types.KeepAliveMethod,
        *,
        flow_timer: datetime.timedelta | None = None,
        timeout: Timeout | None = None,
    ) -> None:
        """How the flow is asked whether it lives, and how often: by the Flow-Timer of the answer to a REGISTER, or else by
        the broker's settings."""
        self._run(_calls.set_keep_alive(flow_id, method, flow_timer), timeout)

    def mint_token(self, flow_id: str, *, timeout: Timeout | None = None) -> str:
        """The token of an open flow, for the user part of a Path or Record-Route URI."""
        return self._run(_calls.mint_token(flow_id), timeout)

    def verify_token(self, token: str, *, timeout: Timeout | None = None) -> edge.VerifiedToken:
        """Which flow a token names: live, gone, or forged."""
        return self._run(_calls.verify_token(token), timeout)

    def bind(
        self,
        aor: str,
        contact: str,
        flow_id: str = "",
        *,
        path: str = "",
        expires: datetime.timedelta | None = None,
        timeout: Timeout | None = None,
    ) -> list[edge.BoundContact]:
        """Stores what a REGISTER says, by the values of its Contact and Path header fields, several joined by commas.

        aor is compared octet by octet. flow_id: the flow it came over; not needed with the contact "*" and expires of zero,
        which takes out all of the address-of-record. expires: for contacts without their own; None: one hour."""
        return self._run(_calls.bind(aor, contact, flow_id, path, expires), timeout)

    def unbind(
        self,
        aor: str,
        *,
        instance_id: str = "",
        reg_id: int | None = None,
        contact_uri: str = "",
        timeout: Timeout | None = None,
    ) -> int:
        """Takes out one binding, by instance-id and reg-id or by contact URI, or else all. Returns how many."""
        return self._run(_calls.unbind(aor, instance_id, reg_id, contact_uri), timeout)

    def lookup_bindings(self, aor: str, *, timeout: Timeout | None = None) -> list[edge.BindingTarget]:
        """Where to send a request: best first, one target per instance. Empty: nobody is registered."""
        return self._run(_calls.lookup_bindings(aor), timeout)

    def ensure_flow_set(
        self,
        name: str,
        uris: Iterable[str],
        *,
        instance_id: str = "",
        client_group: str = "",
        replace: bool = False,
        timeout: Timeout | None = None,
    ) -> flow_sets.FlowSet:
        """Keeps a flow to each of two to four outbound proxies, from now on and over restarts. Idempotent.

        instance_id: a URN; not given: that of the set, else a fresh UUID. A set of that name that differs is InvalidArgument,
        unless `replace`. The flows come afterwards: watch_flow_set()."""
        call = _calls.ensure_flow_set(name, uris, instance_id, client_group, replace)
        return self._run(call, timeout)

    def get_flow_set(self, name: str, *, timeout: Timeout | None = None) -> flow_sets.FlowSet:
        return self._run(_calls.get_flow_set(name), timeout)

    def list_flow_sets(self, *, timeout: Timeout | None = None) -> list[flow_sets.FlowSet]:
        """Those of the caller's tenant, over as many pages as it takes."""
        return self._all(_calls.list_flow_sets(), timeout)

    def delete_flow_set(self, name: str, *, timeout: Timeout | None = None) -> None:
        """Closes its flows and forgets its instance-id."""
        self._run(_calls.delete_flow_set(name), timeout)

    def report_registration(
        self,
        name: str,
        reg_id: int,
        flow_id: str,
        outcome: flow_sets.RegistrationOutcome,
        *,
        retry_after: datetime.timedelta | None = None,
        timeout: Timeout | None = None,
    ) -> None:
        """How the REGISTER over a flow of the set ended. REFUSED, or not answered: the flow is replaced, not before
        retry_after where a 503 had one. NotFound: the reg-id has another flow by now."""
        call = _calls.report_registration(name, reg_id, flow_id, outcome, retry_after)
        self._run(call, timeout)

    def list_family_preferences(
        self,
        *,
        interface: str = "",
        family: types.AddressFamily | None = None,
        prefix: history.IpNetwork | types.IpAddress | str = "",
        only_impaired: bool = False,
        timeout: Timeout | None = None,
    ) -> list[history.FamilyPreference]:
        """What is known of each prefix, over as many pages as it takes."""
        return self._all(_calls.list_family_preferences(interface, family, prefix, only_impaired), timeout)

    def get_reachability(
        self,
        host: str,
        *,
        port: int | None = None,
        transport: types.Transport | None = None,
        interface: str = "",
        timeout: Timeout | None = None,
    ) -> list[history.TargetReachability]:
        """What is known of the targets of a host name or address. NotFound: nothing."""
        return self._run(_calls.get_reachability(host, port, transport, interface), timeout)

    def list_races(
        self,
        count: int = 20,
        *,
        host: str = "",
        succeeded: bool | None = None,
        client_group: str | None = None,
        timeout: Timeout | None = None,
    ) -> list[history.Race]:
        """At most `count` races, newest first."""
        return self._all(_calls.list_races(count, host, succeeded, client_group), timeout)

    def reset_history(
        self,
        *,
        all: bool = False,
        prefix: history.IpNetwork | str | None = None,
        host: str | None = None,
        timeout: Timeout | None = None,
    ) -> history.Forgotten:
        """Forgets everything that was learned, all inside a prefix, or the targets of a host: say one of them."""
        return self._run(_calls.reset_history(all, prefix, host), timeout)

    def relay(self, *, client_group: str = "") -> Relay:
        """Opens a stream of SIP messages, in and out, for any number of flows of that group."""
        open_call = self._channel.stream_stream(
            _methods.RELAY.path,
            request_serializer=_methods.RELAY.request.SerializeToString,
            response_deserializer=_methods.RELAY.response.FromString,
        )
        return Relay(open_call, client_group, self._default_timeout)

    def watch_flows(self, *, after_sequence: int = 0, client_group: str | None = None) -> Watch[types.FlowEvent]:
        """The life of flows, from now on or after an event. Returns when the watch is in place."""
        request = _calls.watch_flows(after_sequence, client_group)
        return self._watch(_methods.WATCH_FLOWS, request, _wire.flow_event, after_sequence)

    def watch_bindings(self, *, after_sequence: int = 0, aor: str = "") -> Watch[edge.BindingEvent]:
        """The coming and going of bindings, of all or of one address-of-record. Returns when the watch is in place."""
        request = _calls.watch_bindings(after_sequence, aor)
        return self._watch(_methods.WATCH_BINDINGS, request, _wire_edge.binding_event, after_sequence)

    def watch_flow_set(self, name: str, *, after_sequence: int = 0) -> Watch[flow_sets.FlowSetEvent]:
        """What happens to a set, and when to REGISTER: first a SNAPSHOT, unless it resumes. Returns when the watch is in place."""
        request = _calls.watch_flow_set(name, after_sequence)
        return self._watch(_methods.WATCH_FLOW_SET, request, _wire_flow_sets.flow_set_event, after_sequence)

    def watch_preferences(self, *, after_sequence: int = 0, interface: str = "") -> Watch[history.PreferenceEvent]:
        """Changes of what list_family_preferences() shows. Returns when the watch is in place."""
        request = _calls.watch_preferences(after_sequence, interface)
        return self._watch(_methods.WATCH_PREFERENCES, request, _wire_history.preference_event, after_sequence)

    def _run(self, call: Call[Request, Response, Result], timeout: Timeout | None) -> Result:
        patience = self._default_timeout if timeout is None else channel.seconds(timeout)
        invoke = self._channel.unary_unary(
            call.method.path,
            request_serializer=call.method.request.SerializeToString,
            response_deserializer=call.method.response.FromString,
        )
        try:
            response = invoke(call.request, timeout=patience, metadata=call.metadata)
        except grpc.RpcError as error:
            raise from_rpc_error(error) from error
        return call.parse(response)

    def _all(self, pages: Pages[Response, Result], timeout: Timeout | None) -> list[Result]:
        while self._run(pages.page(), timeout):
            pass
        return pages.items

    def _watch(self, method: Method[Any, Any], request: Any, parse: Any, after_sequence: int) -> Watch[Any]:
        invoke = self._channel.unary_stream(
            method.path,
            request_serializer=method.request.SerializeToString,
            response_deserializer=method.response.FromString,
        )
        return Watch(invoke(request), parse, after_sequence).wait_until_ready(self._default_timeout)
