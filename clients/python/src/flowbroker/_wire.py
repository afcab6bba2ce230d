"""Between the plain data of types.py and the messages of proto/flowbroker/v1."""

import datetime
import enum
import ipaddress
from typing import TypeVar

from google.protobuf import duration_pb2, timestamp_pb2

from flowbroker import types
from flowbroker.v1 import broker_service_pb2, flow_service_pb2, types_pb2

_Enum = TypeVar("_Enum", bound=enum.Enum)


def known(kind: type[_Enum], value: int) -> _Enum:
    """The value, or the one that stands for zero where this package does not know it."""
    try:
        return kind(value)
    except ValueError:
        return kind(0)


def duration(value: duration_pb2.Duration) -> datetime.timedelta:
    return value.ToTimedelta()


def time(value: timestamp_pb2.Timestamp) -> datetime.datetime:
    return value.ToDatetime(tzinfo=datetime.UTC)


def to_duration(value: datetime.timedelta) -> duration_pb2.Duration:
    message = duration_pb2.Duration()
    message.FromTimedelta(value)
    return message


def endpoint(value: types_pb2.Endpoint) -> types.Endpoint:
    return types.Endpoint(ipaddress.ip_address(value.address), value.port)


def timers(value: types_pb2.TimerAdvice) -> types.TimerAdvice:
    return types.TimerAdvice(duration(value.t1), duration(value.timer_b), duration(value.timer_f))


def trace(value: types_pb2.Trace) -> types.Trace:
    return types.Trace(time(value.start_time), tuple(_step(step) for step in value.steps))


def _step(value: types_pb2.TraceStep) -> types.TraceStep:
    return types.TraceStep(
        what=known(types.TraceWhat, value.what),
        start=duration(value.start),
        end=duration(value.end) if value.HasField("end") else None,
        subject=value.subject,
        outcome=known(types.TraceOutcome, value.outcome),
        reason=value.reason,
        failure=value.failure,
        transport=known(types.Transport, value.transport) if value.transport else None,
        remote=endpoint(value.remote) if value.HasField("remote") else None,
    )


def to_destination(value: str | types.ResponseDestination | types.Destination) -> types_pb2.Destination:
    if not isinstance(value, types.Destination):
        value = types.Destination(value)
    message = types_pb2.Destination(
        allowed_transports=[transport_name(one) for one in value.allowed_transports],
        local_address=str(value.local_address or ""),
        local_interface=value.local_interface,
        tls_identity=value.tls_identity,
    )
    if isinstance(value.to, str):
        message.uri = value.to
    else:
        message.response.CopyFrom(_to_response(value.to))
    return message


def transport_name(value: types.Transport) -> str:
    return types_pb2.Transport.Name(value.value)


def _to_response(value: types.ResponseDestination) -> types_pb2.ResponseDestination:
    return types_pb2.ResponseDestination(
        transport=transport_name(value.transport),
        sent_by_host=value.sent_by_host,
        sent_by_port=value.sent_by_port or 0,
        received=str(value.received or ""),
        rport=value.rport or 0,
    )


def acquired(value: broker_service_pb2.AcquireResponse) -> types.AcquiredFlow:
    return types.AcquiredFlow(
        flow_id=value.flow_id,
        transport=known(types.Transport, value.transport),
        family=known(types.AddressFamily, value.family),
        local=endpoint(value.local),
        remote=endpoint(value.remote),
        source=known(types.FlowSource, value.source),
        timers=timers(value.timers),
        trace=trace(value.trace) if value.HasField("trace") else None,
        handoff=_handoff(value.handoff) if value.HasField("handoff") else None,
    )


def _handoff(value: broker_service_pb2.HandoffTicket) -> types.HandoffTicket:
    return types.HandoffTicket(value.ticket, value.socket_path, duration(value.valid_for))


def resolution(value: broker_service_pb2.ResolveResponse) -> types.Resolution:
    return types.Resolution(
        targets=tuple(_target(one) for one in value.targets),
        valid_for=duration(value.valid_for) if value.HasField("valid_for") else None,
        trace=trace(value.trace),
    )


def _target(value: broker_service_pb2.ResolvedTarget) -> types.ResolvedTarget:
    return types.ResolvedTarget(
        transport=known(types.Transport, value.transport),
        endpoint=endpoint(value.endpoint),
        family=known(types.AddressFamily, value.family),
        host=value.host,
        reason=value.reason,
        expected_time=duration(value.expected_time) if value.HasField("expected_time") else None,
        srv_owner=value.srv_owner,
        srv_priority=value.srv_priority,
        srv_weight=value.srv_weight,
    )


def flow(value: flow_service_pb2.Flow) -> types.Flow:
    return types.Flow(
        flow_id=value.flow_id,
        transport=known(types.Transport, value.transport),
        family=known(types.AddressFamily, value.family),
        local=endpoint(value.local),
        remote=endpoint(value.remote),
        state=known(types.FlowState, value.state),
        tls_identity=value.tls_identity,
        client_group=value.client_group,
        tenant=value.tenant,
        exclusive=value.exclusive,
        age=duration(value.age),
        idle=duration(value.idle),
        messages_sent=value.messages_sent,
        messages_received=value.messages_received,
        smoothed_rtt=duration(value.smoothed_rtt) if value.HasField("smoothed_rtt") else None,
        listener=value.listener,
    )


def flow_event(value: flow_service_pb2.FlowEvent) -> types.FlowEvent:
    return types.FlowEvent(
        sequence=value.sequence,
        time=time(value.time),
        kind=known(types.FlowEventKind, value.kind),
        flow=flow(value.flow),
        reason=value.reason,
        detail=value.detail,
    )


def probe(value: flow_service_pb2.ProbeFlowResponse) -> types.ProbeResult:
    return types.ProbeResult(value.alive, duration(value.rtt) if value.HasField("rtt") else None, value.answer)


def draining(value: types_pb2.Draining) -> types.Draining:
    return types.Draining(duration(value.time_left))


def relay_events(value: flow_service_pb2.RelayResponse) -> list[types.RelayEvent]:
    events: list[types.RelayEvent] = [_incoming(one) for one in value.messages]
    events += [types.SendFailure(one.flow_id, one.tag, one.failure, one.detail) for one in value.failures]
    if value.HasField("draining"):
        events.append(draining(value.draining))
    return events


def _incoming(value: flow_service_pb2.IncomingMessage) -> types.IncomingMessage:
    origin = _origin(value.origin) if value.HasField("origin") else None
    return types.IncomingMessage(value.flow_id, value.message, origin)


def _origin(value: flow_service_pb2.EdgeOrigin) -> types.EdgeOrigin:
    return types.EdgeOrigin(
        listener=value.listener,
        token=value.token,
        transport=known(types.Transport, value.transport),
        remote=endpoint(value.remote),
        states_other_address=value.states_other_address,
    )
