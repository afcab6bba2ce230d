"""Tokens and bindings (SIP Outbound, RFC 5626): plain data that mirrors proto/flowbroker/v1/edge_service.proto."""

import datetime
import enum
from dataclasses import dataclass

from flowbroker.types import Endpoint, Transport


class TokenState(enum.Enum):
    """What a token is worth."""

    UNKNOWN = 0
    LIVE = 1  # its flow is open
    GONE = 2  # one of the broker's, whose flow has ended; by algorithm 1 also one that was made up
    FORGED = 3  # none of the broker's, or changed


class BindingChange(enum.Enum):
    """What became of a binding."""

    UNKNOWN = 0
    BOUND = 1
    REFRESHED = 2  # over the same flow
    REPLACED = 3  # over another flow
    UNBOUND = 4  # taken out by its owner
    EXPIRED = 5
    FLOW_ENDED = 6


@dataclass(frozen=True, slots=True)
class VerifiedToken:
    state: TokenState
    sip_status: int | None  # what to answer the request with; None: LIVE
    flow_id: str  # to send the request on; empty unless LIVE
    transport: Transport | None  # None, as both endpoints: FORGED, or GONE by algorithm 1
    local: Endpoint | None
    remote: Endpoint | None


@dataclass(frozen=True, slots=True)
class Binding:
    """A user agent is reachable over a flow."""

    aor: str
    contact: str  # value of the Contact header field with all its parameters
    contact_uri: str  # the Request-URI
    instance_id: str  # a URN; empty: none
    reg_id: int | None
    path: tuple[str, ...]  # URIs, topmost first: the Route set of the request
    flow_id: str
    q: float  # preference, 0 to 1
    expires_in: datetime.timedelta
    age: datetime.timedelta  # since it was registered last


@dataclass(frozen=True, slots=True)
class BoundContact:
    """What a bind() did to one contact."""

    contact_uri: str
    change: BindingChange
    expires_in: datetime.timedelta  # for the 200: may be less than was asked for; zero: not bound any more


@dataclass(frozen=True, slots=True)
class BindingTarget:
    """A user agent to send a request to."""

    binding: Binding
    next: tuple[Binding, ...]  # the same instance over its other flows, where the one before is answered with 430 or 410


@dataclass(frozen=True, slots=True)
class BindingEvent:
    sequence: int
    time: datetime.datetime
    change: BindingChange
    binding: Binding  # as it is now, or as it was when it went
