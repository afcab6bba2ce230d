"""A broker in the same process that answers as a test tells it to, over a real Unix socket."""

from __future__ import annotations  # Parts of grpc are generic for the type checker only.

import os
import pathlib
import tempfile
import unittest
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent import futures
from typing import Any

import grpc
from google.protobuf.message import Message
from google.rpc import status_pb2

import flowbroker
from flowbroker import _methods
from flowbroker.v1 import broker_service_pb2 as broker
from flowbroker.v1 import flow_service_pb2 as flows
from flowbroker.v1 import types_pb2

METHODS = [value for value in vars(_methods).values() if isinstance(value, _methods.Method)]

FLOW = broker.AcquireResponse(
    flow_id="flow-1",
    transport="TRANSPORT_TCP",
    family="ADDRESS_FAMILY_IPV6",
    local={"address": "2001:db8::1", "port": 40000},
    remote={"address": "2001:db8::2", "port": 5060},
    source="FLOW_SOURCE_RACED",
    timers={"t1": {"nanos": 500_000_000}, "timer_b": {"seconds": 32}, "timer_f": {"seconds": 32}},
)


class FakeBroker:
    """`answers` has a function (request, context) per call name, such as "Acquire"; `requests` what came in."""

    def __init__(self, credentials: grpc.ServerCredentials | None = None) -> None:
        self.answers: dict[str, Callable[[Any, grpc.ServicerContext], Any]] = {}
        self.requests: list[Any] = []
        self.deadlines: list[float | None] = []
        self.metadata: list[dict[str, str | bytes]] = []
        self._home = tempfile.TemporaryDirectory(prefix="flowbroker-python-test-")
        self._server = grpc.server(futures.ThreadPoolExecutor(max_workers=8))
        self._server.add_generic_rpc_handlers([_Handlers(self)])
        if credentials:
            self.address = f"127.0.0.1:{self._server.add_secure_port('127.0.0.1:0', credentials)}"
        else:
            self.address = f"unix:{self._home.name}/broker.sock"
            self._server.add_insecure_port(self.address)
        self._server.start()

    @property
    def socket(self) -> pathlib.Path:
        return pathlib.Path(self.address.removeprefix("unix:"))

    def stop(self) -> None:
        self._server.stop(grace=None).wait()
        self._home.cleanup()

    def answer(self, method: str, request: Any, context: grpc.ServicerContext) -> Any:
        self.requests.append(request)
        self.deadlines.append(context.time_remaining())
        self.metadata.append(dict(context.invocation_metadata()))
        return self.answers[method](request, context)


class _Handlers(grpc.GenericRpcHandler):
    def __init__(self, owner: FakeBroker) -> None:
        self._owner = owner

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[Any, Any] | None:
        for method in METHODS:
            if method.path == handler_call_details.method:
                return self._handler(method)
        return None

    def _handler(self, method: Any) -> grpc.RpcMethodHandler[Any, Any]:
        name = os.path.basename(method.path)
        make: Any = grpc.unary_unary_rpc_method_handler
        if name == "Relay":
            make = grpc.stream_stream_rpc_method_handler
        elif name.startswith("Watch"):
            make = grpc.unary_stream_rpc_method_handler
        handler: grpc.RpcMethodHandler[Any, Any] = make(
            lambda request, context: self._owner.answer(name, request, context),
            request_deserializer=method.request.FromString,
            response_serializer=method.response.SerializeToString,
        )
        return handler


def fail(
    context: grpc.ServicerContext, code: grpc.StatusCode, message: str, details: Sequence[Message] = ()
) -> None:
    """Ends the call as flowbrokerd does: a google.rpc.Status in the trailers."""
    status = status_pb2.Status(code=code.value[0], message=message)
    for detail in details:
        status.details.add().Pack(detail)
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(code, message)


def echo(frames: Iterator[flows.RelayRequest], _: grpc.ServicerContext) -> Iterator[flows.RelayResponse]:
    """Relay: sends messages back; one for the flow "gone" is a failure."""
    for frame in frames:
        response = flows.RelayResponse()
        for one in frame.messages:
            if one.flow_id == "gone":
                response.failures.add(flow_id="gone", tag=one.tag, failure="unknown_flow", detail="no such flow")
            else:
                response.messages.add(flow_id=one.flow_id, message=one.message)
        if frame.messages:
            yield response


def flow_event(sequence: int) -> flows.FlowEvent:
    endpoint = types_pb2.Endpoint(address="192.0.2.1", port=5060)
    flow = flows.Flow(flow_id=f"flow-{sequence}", local=endpoint, remote=endpoint)
    return flows.FlowEvent(sequence=sequence, kind="FLOW_EVENT_KIND_OPENED", flow=flow)


def watch_answers(
    latest: int, sequences: Iterable[int], end: Callable[[grpc.ServicerContext], None] = lambda _: None
) -> Callable[[flows.WatchFlowsRequest, grpc.ServicerContext], Iterator[flows.WatchFlowsResponse]]:
    """WatchFlows: a greeting, an event per frame, then `end`."""

    def answers(_: flows.WatchFlowsRequest, context: grpc.ServicerContext) -> Iterator[flows.WatchFlowsResponse]:
        yield flows.WatchFlowsResponse(latest_sequence=latest)
        for sequence in sequences:
            yield flows.WatchFlowsResponse(events=[flow_event(sequence)], latest_sequence=sequence)
        end(context)

    return answers


class BrokerCalls(unittest.TestCase):
    """Calls of one client each to a broker that answers what it is told."""

    def setUp(self) -> None:
        self.broker = FakeBroker()
        self.addCleanup(self.broker.stop)

    def answer(self, method: str, response: Any) -> None:
        self.broker.answers[method] = lambda request, context: response

    def call(self, name: str, *arguments: Any, **options: Any) -> Any:
        with flowbroker.Client(self.broker.address) as client:
            return getattr(client, name)(*arguments, **options)
