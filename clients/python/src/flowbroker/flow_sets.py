"""Flow sets (SIP Outbound, RFC 5626 section 4): plain data that mirrors proto/flowbroker/v1/outbound_service.proto."""

import datetime
import enum
from dataclasses import dataclass


class FlowSetMemberState(enum.Enum):
    """Where a flow of a set stands."""

    UNKNOWN = 0
    WAITING = 1  # no flow; the next try is in next_attempt_in
    OPENING = 2  # no flow; a try is under way
    UP = 3  # a REGISTER over the flow is due or under way
    REGISTERED = 4


class FlowSetEventKind(enum.Enum):
    """What happened to a set."""

    UNKNOWN = 0
    SNAPSHOT = 1  # how it stands; members in state UP need a REGISTER
    ENSURED = 2  # made, or made anew with other URIs
    FLOW_UP = 3
    NEEDS_REGISTER = 4  # with reg_id, over flow_id
    REGISTERED = 5
    FLOW_DOWN = 6  # for `reason`; the next try is at `due`
    DELETED = 7


class RegistrationOutcome(enum.Enum):
    """How a REGISTER ended."""

    ACCEPTED = 1
    REFUSED = 2  # or not answered


@dataclass(frozen=True, slots=True)
class FlowSetMember:
    """One URI of a set, with its flow."""

    reg_id: int
    uri: str
    state: FlowSetMemberState
    flow_id: str  # empty unless UP or REGISTERED
    host: str  # address at the other end; empty without a flow
    failures: int  # consecutive ones
    last_failure: str  # "refused"; empty: none
    next_attempt_in: datetime.timedelta | None  # None unless WAITING


@dataclass(frozen=True, slots=True)
class FlowSet:
    """A flow to each of a few outbound proxies, kept by the broker."""

    name: str
    instance_id: str  # a URN, for +sip.instance
    client_group: str
    tenant: str
    members: tuple[FlowSetMember, ...]  # in the order of the URIs; reg_id counts them from 1


@dataclass(frozen=True, slots=True)
class FlowSetEvent:
    sequence: int
    time: datetime.datetime
    kind: FlowSetEventKind
    flow_set: FlowSet | None  # SNAPSHOT only
    reg_id: int | None  # None: of the whole set
    flow_id: str  # empty: there was none
    reason: str  # of NEEDS_REGISTER "first_flow" or "new_flow"; of FLOW_DOWN why, such as "reset"
    detail: str
    due: datetime.datetime | None  # when to register, or when the next try begins
