"""Between the plain data of edge.py and the messages of proto/flowbroker/v1/edge_service.proto."""

from flowbroker import edge, types
from flowbroker._wire import duration, endpoint, known, time
from flowbroker.v1 import edge_service_pb2


def verified_token(value: edge_service_pb2.VerifyTokenResponse) -> edge.VerifiedToken:
    return edge.VerifiedToken(
        state=known(edge.TokenState, value.state),
        sip_status=value.sip_status or None,
        flow_id=value.flow_id,
        transport=known(types.Transport, value.transport) if value.transport else None,
        local=endpoint(value.local) if value.HasField("local") else None,
        remote=endpoint(value.remote) if value.HasField("remote") else None,
    )


def bound_contact(value: edge_service_pb2.BoundContact) -> edge.BoundContact:
    return edge.BoundContact(
        value.contact_uri, known(edge.BindingChange, value.change), duration(value.expires_in)
    )


def target(value: edge_service_pb2.BindingTarget) -> edge.BindingTarget:
    return edge.BindingTarget(_binding(value.binding), tuple(_binding(one) for one in value.next))


def binding_event(value: edge_service_pb2.BindingEvent) -> edge.BindingEvent:
    return edge.BindingEvent(
        sequence=value.sequence,
        time=time(value.time),
        change=known(edge.BindingChange, value.change),
        binding=_binding(value.binding),
    )


def _binding(value: edge_service_pb2.Binding) -> edge.Binding:
    return edge.Binding(
        aor=value.aor,
        contact=value.contact,
        contact_uri=value.contact_uri,
        instance_id=value.instance_id,
        reg_id=value.reg_id or None,
        path=tuple(value.path),
        flow_id=value.flow_id,
        q=value.q,
        expires_in=duration(value.expires_in),
        age=duration(value.age),
    )
