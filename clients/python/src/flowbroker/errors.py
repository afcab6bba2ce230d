"""Why a call gave nothing. Every error of this package is a BrokerError; the common codes have classes of their own."""

import datetime
from collections.abc import Sequence
from typing import Any, TypeVar, cast

import grpc
from google.protobuf.message import DecodeError, Message
from google.rpc import error_details_pb2, status_pb2

from flowbroker import _wire
from flowbroker.types import Draining, Trace
from flowbroker.v1 import types_pb2

_DETAILS = "grpc-status-details-bin"
_DRAINING = "DRAINING"
_Detail = TypeVar("_Detail", bound=Message)


class BrokerError(Exception):
    """code: the gRPC status code. failure: stable name such as "tls_timed_out", may be empty. message: for people.
    field: the request field at fault, such as "destination.uri". trace: the story so far, where the broker told one.
    retry_delay: the same call may succeed after so long. draining: the broker is about to stop: ask another instance;
    time_left is how long it still serves what is under way, where it has said so."""

    def __init__(
        self,
        code: grpc.StatusCode,
        message: str,
        *,
        failure: str = "",
        field: str = "",
        trace: Trace | None = None,
        retry_delay: datetime.timedelta | None = None,
        draining: bool = False,
        time_left: datetime.timedelta | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.failure = failure
        self.field = field
        self.trace = trace
        self.retry_delay = retry_delay
        self.draining = draining
        self.time_left = time_left

    def __str__(self) -> str:
        """"UNAVAILABLE: tls_timed_out: ..."."""
        return ": ".join(part for part in (self.code.name, self.failure, self.message) if part)


class InvalidArgument(BrokerError):
    """The request makes no sense; `field` says where."""


class NotFound(BrokerError):
    """No such name, flow, or nothing known of it."""


class Unavailable(BrokerError):
    """All targets failed, or the broker itself cannot be reached (failure "broker_unreachable") or is draining."""


class DeadlineExceeded(BrokerError):
    """No flow in time; the trace says what took it."""


class ResourceExhausted(BrokerError):
    """A limit, named in the message; `retry_delay` where waiting helps."""


class QueueFull(ResourceExhausted):
    """Relay: more was sent than the broker takes. Wait, then send again."""


class PermissionDenied(BrokerError):
    """The broker's policy forbids the target, or this caller may not do that."""


class Unauthenticated(BrokerError):
    """The broker does not know this caller."""


class StreamClosed(BrokerError):
    """The stream was closed by this side: open another one."""


_CLASSES = {
    grpc.StatusCode.INVALID_ARGUMENT: InvalidArgument,
    grpc.StatusCode.NOT_FOUND: NotFound,
    grpc.StatusCode.UNAVAILABLE: Unavailable,
    grpc.StatusCode.DEADLINE_EXCEEDED: DeadlineExceeded,
    grpc.StatusCode.RESOURCE_EXHAUSTED: ResourceExhausted,
    grpc.StatusCode.PERMISSION_DENIED: PermissionDenied,
    grpc.StatusCode.UNAUTHENTICATED: Unauthenticated,
}

# Names for errors that gRPC itself makes up, whose message does not begin with one.
_NAMES = {
    grpc.StatusCode.UNAVAILABLE: "broker_unreachable",
    grpc.StatusCode.DEADLINE_EXCEEDED: "deadline_exceeded",
    grpc.StatusCode.CANCELLED: "cancelled",
    grpc.StatusCode.INVALID_ARGUMENT: "invalid_argument",
}


def from_rpc_error(error: grpc.RpcError, draining: Draining | None = None) -> BrokerError:
    """What a call of grpc or grpc.aio raised, as a BrokerError. `draining`: what the broker said on the stream before."""
    call = cast(Any, error)  # Every error of a call is a grpc.Call, too, which RpcError does not say.
    return from_status(call.code(), call.details() or "", call.trailing_metadata() or (), draining)


def from_status(
    code: grpc.StatusCode, text: str, metadata: Sequence[tuple[str, str | bytes]], draining: Draining | None = None
) -> BrokerError:
    details = _details(metadata)
    bad_request = _first(details, error_details_pb2.BadRequest)
    retry = _first(details, error_details_pb2.RetryInfo)
    info = _first(details, error_details_pb2.ErrorInfo)
    trace = _first(details, types_pb2.Trace)
    field = bad_request.field_violations[0].field if bad_request and bad_request.field_violations else ""
    failure, message = _split(text) if not field else ("", text)  # a message that names a field begins with the field
    return _CLASSES.get(code, BrokerError)(
        code,
        message,
        failure=failure or _NAMES.get(code, ""),
        field=field,
        trace=_story(trace),
        retry_delay=retry.retry_delay.ToTimedelta() if retry and retry.HasField("retry_delay") else None,
        draining=draining is not None or (info is not None and info.reason == _DRAINING),
        time_left=draining.time_left if draining else None,
    )


def _story(trace: types_pb2.Trace | None) -> Trace | None:
    try:
        return _wire.trace(trace) if trace else None
    except ValueError:  # As with damaged details.
        return None


def _split(text: str) -> tuple[str, str]:
    """("tls_timed_out", "the handshake hung") of "tls_timed_out: the handshake hung"; no name where it has none."""
    name, colon, rest = text.partition(": ")
    is_name = bool(name) and all(char == "_" or "a" <= char <= "z" for char in name)
    return (name, rest) if is_name and (colon or not rest) else ("", text)


def _details(metadata: Sequence[tuple[str, str | bytes]]) -> status_pb2.Status:
    status = status_pb2.Status()
    for key, value in metadata:
        if key == _DETAILS and isinstance(value, bytes):
            try:
                status.ParseFromString(value)
            except DecodeError:  # Nobody shall miss an error because its details are damaged.
                return status_pb2.Status()
    return status


def _first(details: status_pb2.Status, kind: type[_Detail]) -> _Detail | None:
    for detail in details.details:
        found = kind()
        if detail.Is(kind.DESCRIPTOR):
            try:
                detail.Unpack(found)
            except DecodeError:
                return None
            return found
    return None
