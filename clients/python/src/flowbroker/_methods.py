"""The calls of the contract: where they are and what goes in and out. The same for grpc and grpc.aio."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from google.protobuf.message import Message

from flowbroker.v1 import broker_service_pb2 as broker
from flowbroker.v1 import edge_service_pb2 as edge
from flowbroker.v1 import flow_service_pb2 as flows
from flowbroker.v1 import history_service_pb2 as history
from flowbroker.v1 import outbound_service_pb2 as outbound

Request = TypeVar("Request", bound=Message)
Response = TypeVar("Response", bound=Message)


@dataclass(frozen=True, slots=True)
class Method(Generic[Request, Response]):
    path: str
    request: type[Request]
    response: type[Response]


ACQUIRE = Method("/flowbroker.v1.BrokerService/Acquire", broker.AcquireRequest, broker.AcquireResponse)
RELEASE = Method("/flowbroker.v1.BrokerService/Release", broker.ReleaseRequest, broker.ReleaseResponse)
WARM = Method("/flowbroker.v1.BrokerService/Warm", broker.WarmRequest, broker.WarmResponse)
RESOLVE = Method("/flowbroker.v1.BrokerService/Resolve", broker.ResolveRequest, broker.ResolveResponse)
REPORT_OUTCOME = Method(
    "/flowbroker.v1.BrokerService/ReportOutcome", broker.ReportOutcomeRequest, broker.ReportOutcomeResponse
)
RELAY = Method("/flowbroker.v1.FlowService/Relay", flows.RelayRequest, flows.RelayResponse)
WATCH_FLOWS = Method("/flowbroker.v1.FlowService/WatchFlows", flows.WatchFlowsRequest, flows.WatchFlowsResponse)
LIST_FLOWS = Method("/flowbroker.v1.FlowService/ListFlows", flows.ListFlowsRequest, flows.ListFlowsResponse)
GET_FLOW = Method("/flowbroker.v1.FlowService/GetFlow", flows.GetFlowRequest, flows.GetFlowResponse)
CLOSE_FLOW = Method("/flowbroker.v1.FlowService/CloseFlow", flows.CloseFlowRequest, flows.CloseFlowResponse)
PROBE_FLOW = Method("/flowbroker.v1.FlowService/ProbeFlow", flows.ProbeFlowRequest, flows.ProbeFlowResponse)
SET_KEEP_ALIVE = Method(
    "/flowbroker.v1.FlowService/SetKeepAlive", flows.SetKeepAliveRequest, flows.SetKeepAliveResponse
)
MINT_TOKEN = Method("/flowbroker.v1.EdgeService/MintToken", edge.MintTokenRequest, edge.MintTokenResponse)
VERIFY_TOKEN = Method("/flowbroker.v1.EdgeService/VerifyToken", edge.VerifyTokenRequest, edge.VerifyTokenResponse)
BIND = Method("/flowbroker.v1.EdgeService/Bind", edge.BindRequest, edge.BindResponse)
UNBIND = Method("/flowbroker.v1.EdgeService/Unbind", edge.UnbindRequest, edge.UnbindResponse)
LOOKUP_BINDINGS = Method(
    "/flowbroker.v1.EdgeService/LookupBindings", edge.LookupBindingsRequest, edge.LookupBindingsResponse
)
WATCH_BINDINGS = Method(
    "/flowbroker.v1.EdgeService/WatchBindings", edge.WatchBindingsRequest, edge.WatchBindingsResponse
)
ENSURE_FLOW_SET = Method(
    "/flowbroker.v1.OutboundService/EnsureFlowSet", outbound.EnsureFlowSetRequest, outbound.EnsureFlowSetResponse
)
GET_FLOW_SET = Method(
    "/flowbroker.v1.OutboundService/GetFlowSet", outbound.GetFlowSetRequest, outbound.GetFlowSetResponse
)
LIST_FLOW_SETS = Method(
    "/flowbroker.v1.OutboundService/ListFlowSets", outbound.ListFlowSetsRequest, outbound.ListFlowSetsResponse
)
DELETE_FLOW_SET = Method(
    "/flowbroker.v1.OutboundService/DeleteFlowSet", outbound.DeleteFlowSetRequest, outbound.DeleteFlowSetResponse
)
REPORT_REGISTRATION = Method(
    "/flowbroker.v1.OutboundService/ReportRegistration", outbound.ReportRegistrationRequest, outbound.ReportRegistrationResponse
)
WATCH_FLOW_SET = Method(
    "/flowbroker.v1.OutboundService/WatchFlowSet", outbound.WatchFlowSetRequest, outbound.WatchFlowSetResponse
)
LIST_FAMILY_PREFERENCES = Method(
    "/flowbroker.v1.HistoryService/ListFamilyPreferences",
    history.ListFamilyPreferencesRequest,
    history.ListFamilyPreferencesResponse,
)
GET_REACHABILITY = Method(
    "/flowbroker.v1.HistoryService/GetReachability", history.GetReachabilityRequest, history.GetReachabilityResponse
)
LIST_RACES = Method("/flowbroker.v1.HistoryService/ListRaces", history.ListRacesRequest, history.ListRacesResponse)
RESET_HISTORY = Method(
    "/flowbroker.v1.HistoryService/ResetHistory", history.ResetHistoryRequest, history.ResetHistoryResponse
)
WATCH_PREFERENCES = Method(
    "/flowbroker.v1.HistoryService/WatchPreferences",
    history.WatchPreferencesRequest,
    history.WatchPreferencesResponse,
)
