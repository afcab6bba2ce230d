"""The vocabulary of the client: plain data that mirrors proto/flowbroker/v1, where every field is described.

Enums have an UNKNOWN for values of a broker that is newer than this package. Times on the wall clock are in UTC.
"""

import datetime
import enum
import ipaddress
from dataclasses import dataclass, field

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


class Transport(enum.Enum):
    UNKNOWN = 0
    UDP = 1
    TCP = 2
    TLS = 3


class AddressFamily(enum.Enum):
    UNKNOWN = 0
    IPV4 = 1
    IPV6 = 2


class FlowSource(enum.Enum):
    """Where the flow of an answer came from."""

    UNKNOWN = 0
    RACED = 1  # connected for this request
    SHARED = 2  # connected for an equal request that was in flight
    POOLED = 3  # there already, known to work
    PROBED = 4  # there already, probed first


class TraceWhat(enum.Enum):
    UNKNOWN = 0
    POOL = 1
    DNS_QUERY = 2
    SELECTION = 3
    ORDERING = 4
    ATTEMPT = 5
    PROBE = 6
    WAIT = 7


class TraceOutcome(enum.Enum):
    UNKNOWN = 0
    PENDING = 1
    SUCCEEDED = 2
    WON = 3
    LOST = 4
    FAILED = 5
    CACHE_HIT = 6
    STALE = 7


class FlowState(enum.Enum):
    UNKNOWN = 0
    OPEN = 1
    PROBING = 2
    CLOSED = 3


class FlowEventKind(enum.Enum):
    UNKNOWN = 0
    OPENED = 1
    CLOSED = 2
    MESSAGE_DROPPED = 3


class TransactionOutcome(enum.Enum):
    """How a transaction over a flow ended."""

    ANSWERED = 1
    TIMED_OUT = 2  # timer B or F fired
    SERVICE_UNAVAILABLE = 3  # 503 came
    TRANSPORT_ERROR = 4


class KeepAliveMethod(enum.Enum):
    """How a flow is asked whether it lives (RFC 5626 s.4.4)."""

    NONE = 1  # it is not asked
    CRLF = 2  # TCP and TLS
    STUN = 3  # UDP
    OPTIONS = 4


@dataclass(frozen=True, slots=True)
class Endpoint:
    address: IpAddress
    port: int

    def __str__(self) -> str:
        """"192.0.2.1:5060" or "[2001:db8::1]:5060"."""
        return f"{self.address}:{self.port}" if self.address.version == 4 else f"[{self.address}]:{self.port}"


@dataclass(frozen=True, slots=True)
class ResponseDestination:
    """Where a response goes: the fields of its topmost Via (RFC 3263 s.5)."""

    transport: Transport
    sent_by_host: str
    sent_by_port: int | None = None
    received: IpAddress | None = None
    rport: int | None = None


@dataclass(frozen=True, slots=True)
class Destination:
    """What to reach and how. Calls that take one also take a SIP or SIPS URI as a plain string."""

    to: str | ResponseDestination
    allowed_transports: tuple[Transport, ...] = ()  # empty: all
    local_address: IpAddress | None = None  # None: the host's routing decides
    local_interface: str = ""  # empty: the host's routing decides
    tls_identity: str = ""  # empty: the host of the URI


@dataclass(frozen=True, slots=True)
class TimerAdvice:
    """Timers for transactions towards the target (RFC 3261 s.17.1)."""

    t1: datetime.timedelta
    timer_b: datetime.timedelta
    timer_f: datetime.timedelta


@dataclass(frozen=True, slots=True)
class TraceStep:
    what: TraceWhat
    start: datetime.timedelta  # since the start of the trace
    end: datetime.timedelta | None  # None: not over when the trace was taken
    subject: str  # "SRV _sip._tcp.example.org", "TCP 192.0.2.1:5060"
    outcome: TraceOutcome
    reason: str = ""  # for people
    failure: str = ""  # "tls_timed_out"; empty unless FAILED or LOST
    transport: Transport | None = None  # attempts only
    remote: Endpoint | None = None  # attempts only


@dataclass(frozen=True, slots=True)
class Trace:
    """The story of one request, steps in order of their start."""

    start_time: datetime.datetime
    steps: tuple[TraceStep, ...]


@dataclass(frozen=True, slots=True)
class HandoffTicket:
    """What a flow's descriptor is given for, once: see Client.acquire_handoff, which presents it."""

    ticket: str = field(repr=False)  # a secret
    socket_path: str
    valid_for: datetime.timedelta


@dataclass(frozen=True, slots=True)
class AcquiredFlow:
    """A flow that can be sent on."""

    flow_id: str
    transport: Transport
    family: AddressFamily
    local: Endpoint
    remote: Endpoint
    source: FlowSource
    timers: TimerAdvice
    trace: Trace | None = field(default=None, repr=False)  # where the request wanted it
    handoff: HandoffTicket | None = None  # where the descriptor itself was asked for


@dataclass(frozen=True, slots=True)
class ResolvedTarget:
    """One place a request would be sent to."""

    transport: Transport
    endpoint: Endpoint
    family: AddressFamily
    host: str  # name the address came from; the address itself for numeric hosts
    reason: str
    expected_time: datetime.timedelta | None = None
    srv_owner: str = ""  # empty: not from SRV; then the two below mean nothing
    srv_priority: int = 0
    srv_weight: int = 0


@dataclass(frozen=True, slots=True)
class Resolution:
    targets: tuple[ResolvedTarget, ...]  # best first
    valid_for: datetime.timedelta | None  # None: for ever
    trace: Trace


@dataclass(frozen=True, slots=True)
class Flow:
    """A flow as the broker sees it: a snapshot."""

    flow_id: str
    transport: Transport
    family: AddressFamily
    local: Endpoint
    remote: Endpoint
    state: FlowState
    tls_identity: str  # empty: not TLS
    client_group: str
    tenant: str  # empty: of a caller on the broker's own host
    exclusive: bool
    age: datetime.timedelta
    idle: datetime.timedelta
    messages_sent: int
    messages_received: int
    smoothed_rtt: datetime.timedelta | None
    listener: str  # of the edge, that it came in on; empty: the broker has opened it


@dataclass(frozen=True, slots=True)
class FlowEvent:
    sequence: int
    time: datetime.datetime
    kind: FlowEventKind
    flow: Flow
    reason: str  # name of the failure reason; empty for OPENED
    detail: str  # for people


@dataclass(frozen=True, slots=True)
class ProbeResult:
    alive: bool  # False: the broker has closed the flow
    rtt: datetime.timedelta | None
    answer: str  # "CRLF" or "OPTIONS 200"


@dataclass(frozen=True, slots=True)
class EdgeOrigin:
    """Where a message of a user agent came in: on a flow that it has opened."""

    listener: str  # "tcp:192.0.2.1:5060"
    token: str  # of the flow, for the user part of a Path or Record-Route URI (RFC 5626 s.5)
    transport: Transport
    remote: Endpoint  # its sender as the broker sees it: `received` and `rport`
    states_other_address: bool  # the topmost Via names another address: a NAT is between


@dataclass(frozen=True, slots=True)
class IncomingMessage:
    """A SIP message that came in, as it came."""

    flow_id: str
    message: bytes
    origin: EdgeOrigin | None = None  # None: the broker has opened the flow


@dataclass(frozen=True, slots=True)
class SendFailure:
    """A message that the broker did not send."""

    flow_id: str
    tag: int  # the one given to send()
    failure: str  # "unknown_flow", "limit_reached", ...
    detail: str


@dataclass(frozen=True, slots=True)
class Draining:
    """The broker takes no more calls and ends soon: acquire flows from another instance."""

    time_left: datetime.timedelta


RelayEvent = IncomingMessage | SendFailure | Draining
