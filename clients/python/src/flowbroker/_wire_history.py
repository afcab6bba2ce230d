"""Between the plain data of history.py and the messages of proto/flowbroker/v1/history_service.proto."""

import ipaddress

from flowbroker import history, types
from flowbroker._wire import duration, endpoint, known, time, timers, trace
from flowbroker.v1 import history_service_pb2


def preference(value: history_service_pb2.FamilyPreference) -> history.FamilyPreference:
    return history.FamilyPreference(
        interface=value.interface,
        network=value.network,
        prefix=ipaddress.ip_network(value.prefix),
        transport=known(types.Transport, value.transport),
        family=known(types.AddressFamily, value.family),
        preferred_family=known(types.AddressFamily, value.preferred_family),
        confidence=value.confidence,
        wins=value.wins,
        losses=value.losses,
        smoothed_rtt=duration(value.smoothed_rtt) if value.HasField("smoothed_rtt") else None,
        since=time(value.since),
        reachability=known(history.Reachability, value.reachability),
        failure=value.failure,
        next_reprobe=time(value.next_reprobe) if value.HasField("next_reprobe") else None,
    )


def target(value: history_service_pb2.TargetReachability) -> history.TargetReachability:
    return history.TargetReachability(
        interface=value.interface,
        network=value.network,
        transport=known(types.Transport, value.transport),
        endpoint=endpoint(value.endpoint),
        family=known(types.AddressFamily, value.family),
        reachability=known(history.Reachability, value.reachability),
        level=known(history.MemoryLevel, value.level),
        failure=value.failure,
        since=time(value.since) if value.HasField("since") else None,
        next_reprobe=time(value.next_reprobe) if value.HasField("next_reprobe") else None,
        unavailable=value.unavailable,
        rtts=tuple(_stage(one) for one in value.rtts),
        timers=timers(value.timers),
    )


def _stage(value: history_service_pb2.StageRtt) -> history.StageRtt:
    return history.StageRtt(
        stage=known(history.AttemptStage, value.stage),
        smoothed=duration(value.smoothed),
        variation=duration(value.variation),
        samples=value.samples,
        of_target=value.of_target,
    )


def race(value: history_service_pb2.Race) -> history.Race:
    succeeded = value.outcome == history_service_pb2.RACE_OUTCOME_SUCCEEDED
    return history.Race(
        number=value.number,
        start_time=time(value.start_time),
        duration=duration(value.duration),
        host=value.host,
        client_group=value.client_group,
        winner=_winner(value) if succeeded else None,
        failure=value.failure,
        detail=value.detail,
        trace=trace(value.trace),
    )


def _winner(value: history_service_pb2.Race) -> history.RaceWinner:
    return history.RaceWinner(
        source=known(types.FlowSource, value.source),
        transport=known(types.Transport, value.transport),
        family=known(types.AddressFamily, value.family),
        local=endpoint(value.local),
        remote=endpoint(value.remote),
    )


def preference_event(value: history_service_pb2.PreferenceEvent) -> history.PreferenceEvent:
    return history.PreferenceEvent(
        sequence=value.sequence,
        time=time(value.time),
        changed=preference(value.changed) if value.HasField("changed") else None,
        forgotten=value.forgotten,
    )
