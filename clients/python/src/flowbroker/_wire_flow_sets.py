"""Between the plain data of flow_sets.py and the messages of proto/flowbroker/v1/outbound_service.proto."""

from flowbroker import flow_sets
from flowbroker._wire import duration, known, time
from flowbroker.v1 import outbound_service_pb2


def flow_set(value: outbound_service_pb2.FlowSet) -> flow_sets.FlowSet:
    return flow_sets.FlowSet(
        name=value.name,
        instance_id=value.instance_id,
        client_group=value.client_group,
        tenant=value.tenant,
        members=tuple(_member(one) for one in value.members),
    )


def flow_set_event(value: outbound_service_pb2.FlowSetEvent) -> flow_sets.FlowSetEvent:
    return flow_sets.FlowSetEvent(
        sequence=value.sequence,
        time=time(value.time),
        kind=known(flow_sets.FlowSetEventKind, value.kind),
        flow_set=flow_set(value.flow_set) if value.HasField("flow_set") else None,
        reg_id=value.reg_id or None,
        flow_id=value.flow_id,
        reason=value.reason,
        detail=value.detail,
        due=time(value.due) if value.HasField("due") else None,
    )


def _member(value: outbound_service_pb2.FlowSetMember) -> flow_sets.FlowSetMember:
    return flow_sets.FlowSetMember(
        reg_id=value.reg_id,
        uri=value.uri,
        state=known(flow_sets.FlowSetMemberState, value.state),
        flow_id=value.flow_id,
        host=value.host,
        failures=value.failures,
        last_failure=value.last_failure,
        next_attempt_in=duration(value.next_attempt_in) if value.HasField("next_attempt_in") else None,
    )
