"""What each call of the surface sends and what its answer means, without I/O: shared by Client and AsyncClient."""

import datetime
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from flowbroker import _methods, _wire, _wire_edge, _wire_flow_sets, _wire_history, flow_sets, history, types
from flowbroker import edge as outbound
from flowbroker._methods import Method, Request, Response
from flowbroker.v1 import broker_service_pb2 as broker
from flowbroker.v1 import edge_service_pb2 as edge
from flowbroker.v1 import flow_service_pb2 as flows
from flowbroker.v1 import history_service_pb2 as memory
from flowbroker.v1 import outbound_service_pb2 as sets

Result = TypeVar("Result")
Metadata = tuple[tuple[str, str], ...]
DestinationLike = str | types.ResponseDestination | types.Destination

_FLOWS_PER_PAGE = 500
_FLOW_SETS_PER_PAGE = 500
_PREFERENCES_PER_PAGE = 500
_RACES_PER_PAGE = 100


@dataclass(frozen=True, slots=True)
class Call(Generic[Request, Response, Result]):
    method: Method[Request, Response]
    request: Request
    parse: Callable[[Response], Result]
    metadata: Metadata = ()


@dataclass(frozen=True, slots=True)
class Pages(Generic[Response, Result]):
    """A list that comes in pages. The request of a page is that of the one before with its token."""

    method: Method[Any, Response]
    request: Any  # Protobuf has no common type for requests with a page_token.
    parse: Callable[[Response], Iterable[Result]]
    at_most: int | None = None
    items: list[Result] = field(default_factory=list)

    def page(self) -> Call[Any, Response, bool]:
        """The call for the next page; its result is whether another one has to follow."""
        if self.at_most is not None:
            self.request.page_size = min(_RACES_PER_PAGE, self.at_most - len(self.items))
        return Call(self.method, self.request, self._take)

    def _take(self, response: Any) -> bool:
        self.items.extend(self.parse(response))
        self.request.page_token = response.next_page_token
        return bool(response.next_page_token) and (self.at_most is None or len(self.items) < self.at_most)


def acquire(
    destination: DestinationLike,
    client_group: str,
    time_sensitive: bool,
    exclusive: bool,
    request_id: str,
    want_trace: bool,
    traceparent: str,
    handoff: bool = False,
) -> Call[broker.AcquireRequest, broker.AcquireResponse, types.AcquiredFlow]:
    request = broker.AcquireRequest(
        destination=_wire.to_destination(destination),
        client_group=client_group,
        time_sensitive=time_sensitive,
        exclusive=exclusive,
        request_id=request_id,
        want_trace=want_trace,
        handoff=handoff,
    )
    metadata = (("traceparent", traceparent),) if traceparent else ()
    return Call(_methods.ACQUIRE, request, _wire.acquired, metadata)


def release(flow_id: str) -> Call[broker.ReleaseRequest, broker.ReleaseResponse, None]:
    return Call(_methods.RELEASE, broker.ReleaseRequest(flow_id=flow_id), _nothing)


def warm(
    destination: DestinationLike, client_group: str
) -> Call[broker.WarmRequest, broker.WarmResponse, bool]:
    request = broker.WarmRequest(destination=_wire.to_destination(destination), client_group=client_group)
    return Call(_methods.WARM, request, lambda response: response.already_warm)


def resolve(
    destination: DestinationLike,
) -> Call[broker.ResolveRequest, broker.ResolveResponse, types.Resolution]:
    request = broker.ResolveRequest(destination=_wire.to_destination(destination))
    return Call(_methods.RESOLVE, request, _wire.resolution)


def report_outcome(
    flow_id: str,
    outcome: types.TransactionOutcome,
    rtt: datetime.timedelta | None,
    retry_after: datetime.timedelta | None,
) -> Call[broker.ReportOutcomeRequest, broker.ReportOutcomeResponse, bool]:
    request = broker.ReportOutcomeRequest(
        flow_id=flow_id,
        outcome=broker.TransactionOutcome.Name(outcome.value),
        rtt=_wire.to_duration(rtt) if rtt is not None else None,
        retry_after=_wire.to_duration(retry_after) if retry_after is not None else None,
    )
    return Call(_methods.REPORT_OUTCOME, request, lambda response: response.known_flow)


def list_flows(client_group: str | None) -> Pages[flows.ListFlowsResponse, types.Flow]:
    request = flows.ListFlowsRequest(page_size=_FLOWS_PER_PAGE, client_group=client_group)
    return Pages(_methods.LIST_FLOWS, request, lambda response: map(_wire.flow, response.flows))


def get_flow(flow_id: str) -> Call[flows.GetFlowRequest, flows.GetFlowResponse, types.Flow]:
    return Call(
        _methods.GET_FLOW, flows.GetFlowRequest(flow_id=flow_id), lambda response: _wire.flow(response.flow)
    )


def close_flow(flow_id: str) -> Call[flows.CloseFlowRequest, flows.CloseFlowResponse, None]:
    return Call(_methods.CLOSE_FLOW, flows.CloseFlowRequest(flow_id=flow_id), _nothing)


def probe_flow(flow_id: str) -> Call[flows.ProbeFlowRequest, flows.ProbeFlowResponse, types.ProbeResult]:
    return Call(_methods.PROBE_FLOW, flows.ProbeFlowRequest(flow_id=flow_id), _wire.probe)


def set_keep_alive(
    flow_id: str, method: types.KeepAliveMethod, flow_timer: datetime.timedelta | None
) -> Call[flows.SetKeepAliveRequest, flows.SetKeepAliveResponse, None]:
    request = flows.SetKeepAliveRequest(
        flow_id=flow_id,
        method=flows.KeepAliveMethod.Name(method.value),
        flow_timer=_wire.to_duration(flow_timer) if flow_timer is not None else None,
    )
    return Call(_methods.SET_KEEP_ALIVE, request, _nothing)


def watch_flows(after_sequence: int, client_group: str | None) -> flows.WatchFlowsRequest:
    return flows.WatchFlowsRequest(after_sequence=after_sequence, client_group=client_group)


def mint_token(flow_id: str) -> Call[edge.MintTokenRequest, edge.MintTokenResponse, str]:
    return Call(_methods.MINT_TOKEN, edge.MintTokenRequest(flow_id=flow_id), lambda response: response.token)


def verify_token(token: str) -> Call[edge.VerifyTokenRequest, edge.VerifyTokenResponse, outbound.VerifiedToken]:
    return Call(_methods.VERIFY_TOKEN, edge.VerifyTokenRequest(token=token), _wire_edge.verified_token)


def bind(
    aor: str, contact: str, flow_id: str, path: str, expires: datetime.timedelta | None
) -> Call[edge.BindRequest, edge.BindResponse, list[outbound.BoundContact]]:
    request = edge.BindRequest(
        aor=aor,
        contact=contact,
        path=path,
        flow_id=flow_id,
        expires=_wire.to_duration(expires) if expires is not None else None,
    )
    return Call(
        _methods.BIND, request, lambda response: [_wire_edge.bound_contact(one) for one in response.contacts]
    )


def unbind(
    aor: str, instance_id: str, reg_id: int | None, contact_uri: str
) -> Call[edge.UnbindRequest, edge.UnbindResponse, int]:
    request = edge.UnbindRequest(aor=aor, instance_id=instance_id, reg_id=reg_id or 0, contact_uri=contact_uri)
    return Call(_methods.UNBIND, request, lambda response: response.removed)


def lookup_bindings(
    aor: str,
) -> Call[edge.LookupBindingsRequest, edge.LookupBindingsResponse, list[outbound.BindingTarget]]:
    return Call(
        _methods.LOOKUP_BINDINGS,
        edge.LookupBindingsRequest(aor=aor),
        lambda response: [_wire_edge.target(one) for one in response.targets],
    )


def watch_bindings(after_sequence: int, aor: str) -> edge.WatchBindingsRequest:
    return edge.WatchBindingsRequest(after_sequence=after_sequence, aor=aor)


def ensure_flow_set(
    name: str, uris: Iterable[str], instance_id: str, client_group: str, replace: bool
) -> Call[sets.EnsureFlowSetRequest, sets.EnsureFlowSetResponse, flow_sets.FlowSet]:
    request = sets.EnsureFlowSetRequest(
        name=name, instance_id=instance_id, uris=uris, client_group=client_group, replace=replace
    )
    return Call(
        _methods.ENSURE_FLOW_SET, request, lambda response: _wire_flow_sets.flow_set(response.flow_set)
    )


def get_flow_set(name: str) -> Call[sets.GetFlowSetRequest, sets.GetFlowSetResponse, flow_sets.FlowSet]:
    return Call(
        _methods.GET_FLOW_SET,
        sets.GetFlowSetRequest(name=name),
        lambda response: _wire_flow_sets.flow_set(response.flow_set),
    )


def list_flow_sets() -> Pages[sets.ListFlowSetsResponse, flow_sets.FlowSet]:
    request = sets.ListFlowSetsRequest(page_size=_FLOW_SETS_PER_PAGE)
    return Pages(
        _methods.LIST_FLOW_SETS,
        request,
        lambda response: map(_wire_flow_sets.flow_set, response.flow_sets),
    )


def delete_flow_set(name: str) -> Call[sets.DeleteFlowSetRequest, sets.DeleteFlowSetResponse, None]:
    return Call(_methods.DELETE_FLOW_SET, sets.DeleteFlowSetRequest(name=name), _nothing)


def report_registration(
    name: str,
    reg_id: int,
    flow_id: str,
    outcome: flow_sets.RegistrationOutcome,
    retry_after: datetime.timedelta | None,
) -> Call[sets.ReportRegistrationRequest, sets.ReportRegistrationResponse, None]:
    request = sets.ReportRegistrationRequest(
        name=name,
        reg_id=reg_id,
        flow_id=flow_id,
        outcome=sets.RegistrationOutcome.Name(outcome.value),
        retry_after=_wire.to_duration(retry_after) if retry_after is not None else None,
    )
    return Call(_methods.REPORT_REGISTRATION, request, _nothing)


def watch_flow_set(name: str, after_sequence: int) -> sets.WatchFlowSetRequest:
    return sets.WatchFlowSetRequest(name=name, after_sequence=after_sequence)


def list_family_preferences(
    interface: str,
    family: types.AddressFamily | None,
    prefix: history.IpNetwork | types.IpAddress | str,
    only_impaired: bool,
) -> Pages[memory.ListFamilyPreferencesResponse, history.FamilyPreference]:
    request = memory.ListFamilyPreferencesRequest(
        page_size=_PREFERENCES_PER_PAGE, interface=interface, prefix=str(prefix), only_impaired=only_impaired
    )
    if family is not None:
        request.family = family.value  # type: ignore[assignment]  # An int, at run time.
    return Pages(
        _methods.LIST_FAMILY_PREFERENCES,
        request,
        lambda response: map(_wire_history.preference, response.preferences),
    )


def get_reachability(
    host: str, port: int | None, transport: types.Transport | None, interface: str
) -> Call[memory.GetReachabilityRequest, memory.GetReachabilityResponse, list[history.TargetReachability]]:
    request = memory.GetReachabilityRequest(
        host=host,
        port=port or 0,
        transport=_wire.transport_name(transport or types.Transport.UNKNOWN),
        interface=interface,
    )
    return Call(
        _methods.GET_REACHABILITY,
        request,
        lambda response: [_wire_history.target(one) for one in response.targets],
    )


def list_races(
    count: int, host: str, succeeded: bool | None, client_group: str | None
) -> Pages[memory.ListRacesResponse, history.Race]:
    if count < 1:
        raise ValueError("count is at least 1")
    outcome = {None: "UNSPECIFIED", True: "SUCCEEDED", False: "FAILED"}[succeeded]
    request = memory.ListRacesRequest(
        host=host, outcome=f"RACE_OUTCOME_{outcome}", client_group=client_group
    )
    return Pages(_methods.LIST_RACES, request, lambda response: map(_wire_history.race, response.races), count)


def reset_history(
    all: bool, prefix: history.IpNetwork | str | None, host: str | None
) -> Call[memory.ResetHistoryRequest, memory.ResetHistoryResponse, history.Forgotten]:
    if [all, prefix is not None, host is not None].count(True) != 1:
        raise ValueError("say one of all=True, prefix and host")
    request = memory.ResetHistoryRequest(prefix=str(prefix) if prefix is not None else None, host=host)
    if all:
        request.all = True
    return Call(
        _methods.RESET_HISTORY,
        request,
        lambda response: history.Forgotten(response.targets, response.prefixes),
    )


def watch_preferences(after_sequence: int, interface: str) -> memory.WatchPreferencesRequest:
    return memory.WatchPreferencesRequest(after_sequence=after_sequence, interface=interface)


def _nothing(_: object) -> None:
    return None
