"""What the broker remembers: plain data that mirrors proto/flowbroker/v1/history_service.proto."""

import datetime
import enum
import ipaddress
from dataclasses import dataclass

from flowbroker.types import AddressFamily, Endpoint, FlowSource, TimerAdvice, Trace, Transport

IpNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network


class Reachability(enum.Enum):
    """What memory says of a path before the next attempt on it."""

    UNSPECIFIED = 0
    UNKNOWN = 1  # no evidence, or too old
    REACHABLE = 2
    SLOW = 3  # behind the others of its host
    UNREACHABLE = 4  # behind everything else


class MemoryLevel(enum.Enum):
    UNSPECIFIED = 0
    TARGET = 1
    PREFIX = 2
    FAMILY = 3


class AttemptStage(enum.Enum):
    UNKNOWN = 0
    TCP = 1
    TLS = 2
    PROBE = 3


@dataclass(frozen=True, slots=True)
class FamilyPreference:
    """One prefix on one network with one transport."""

    interface: str  # empty: not known
    network: int  # 0: not known
    prefix: IpNetwork
    transport: Transport
    family: AddressFamily  # of the prefix
    preferred_family: AddressFamily  # used today
    confidence: float  # 0 to 1
    wins: int
    losses: int
    smoothed_rtt: datetime.timedelta | None
    since: datetime.datetime
    reachability: Reachability
    failure: str  # empty unless slow or unreachable
    next_reprobe: datetime.datetime | None


@dataclass(frozen=True, slots=True)
class StageRtt:
    stage: AttemptStage
    smoothed: datetime.timedelta
    variation: datetime.timedelta
    samples: int
    of_target: bool  # False: of its prefix


@dataclass(frozen=True, slots=True)
class TargetReachability:
    """One target on one network."""

    interface: str  # empty: not known
    network: int  # 0: not known
    transport: Transport
    endpoint: Endpoint
    family: AddressFamily
    reachability: Reachability
    level: MemoryLevel
    failure: str  # empty unless slow or unreachable
    since: datetime.datetime | None  # None unless slow or unreachable
    next_reprobe: datetime.datetime | None
    unavailable: bool  # said 503
    rtts: tuple[StageRtt, ...]
    timers: TimerAdvice


@dataclass(frozen=True, slots=True)
class RaceWinner:
    """What a race ended with where it succeeded."""

    source: FlowSource
    transport: Transport
    family: AddressFamily
    local: Endpoint
    remote: Endpoint


@dataclass(frozen=True, slots=True)
class Race:
    """An Acquire that needed DNS or a race."""

    number: int
    start_time: datetime.datetime
    duration: datetime.timedelta
    host: str
    client_group: str
    winner: RaceWinner | None  # None: it failed
    failure: str  # empty where it succeeded
    detail: str
    trace: Trace

    @property
    def succeeded(self) -> bool:
        return self.winner is not None


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How much was forgotten."""

    targets: int
    prefixes: int


@dataclass(frozen=True, slots=True)
class PreferenceEvent:
    """A change of what is thought of a prefix, or word that much was forgotten: one of the two is there."""

    sequence: int
    time: datetime.datetime
    changed: FamilyPreference | None
    forgotten: str  # a prefix, or "all"; empty where something changed
