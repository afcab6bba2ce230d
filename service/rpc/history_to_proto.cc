#include "service/rpc/history_conversion.h"

namespace flowbroker::rpc {
namespace {

using history::Level;
using history::Reachability;

v1::Reachability ToProto(Reachability reachability) {
  switch (reachability) {
    case Reachability::kUnknown:
      return v1::REACHABILITY_UNKNOWN;
    case Reachability::kReachable:
      return v1::REACHABILITY_REACHABLE;
    case Reachability::kSlow:
      return v1::REACHABILITY_SLOW;
    case Reachability::kUnreachable:
      return v1::REACHABILITY_UNREACHABLE;
  }
  __builtin_unreachable();
}

v1::MemoryLevel ToProto(Level level) {
  switch (level) {
    case Level::kTarget:
      return v1::MEMORY_LEVEL_TARGET;
    case Level::kPrefix:
      return v1::MEMORY_LEVEL_PREFIX;
    case Level::kFamily:
      return v1::MEMORY_LEVEL_FAMILY;
  }
  __builtin_unreachable();
}

v1::AttemptStage ToProto(AttemptStage stage) {
  switch (stage) {
    case AttemptStage::kTcp:
      return v1::ATTEMPT_STAGE_TCP;
    case AttemptStage::kTls:
      return v1::ATTEMPT_STAGE_TLS;
    case AttemptStage::kProbe:
      return v1::ATTEMPT_STAGE_PROBE;
  }
  __builtin_unreachable();
}

bool IsHeld(Reachability reachability) {
  return reachability == Reachability::kSlow || reachability == Reachability::kUnreachable;
}

void FillRtt(const engine::TargetReachability::StageRtt& rtt, v1::StageRtt& out) {
  const history::RttEstimate& estimate = rtt.expected.estimate;
  out.set_stage(ToProto(rtt.stage));
  Fill(estimate.smoothed(), *out.mutable_smoothed());
  Fill(estimate.variation(), *out.mutable_variation());
  out.set_samples(estimate.samples());
  out.set_of_target(rtt.expected.of_target);
}

void FillVerdict(const history::Verdict& verdict, const Moment& now, v1::TargetReachability& out) {
  out.set_reachability(ToProto(verdict.reachability));
  out.set_unavailable(verdict.unavailable);
  if (verdict.reachability == Reachability::kUnknown) return;
  out.set_level(ToProto(verdict.level));
  if (!IsHeld(verdict.reachability)) return;
  if (verdict.failure) out.set_failure(std::string(ToString(*verdict.failure)));
  *out.mutable_since() = WallTime(verdict.since, now);
}

}  // namespace

void Fill(const history::FamilyPreference& preference, const HistoryView& view, v1::FamilyPreference& out) {
  out.set_interface(Printable(view.history.InterfaceOf(preference.key.network)));
  out.set_network(preference.key.network.value);
  out.set_prefix(IpPrefix{preference.key.prefix, preference.prefix_bits}.ToString());
  out.set_transport(ToProto(preference.key.transport));
  out.set_family(ToProto(preference.key.prefix.family()));
  out.set_preferred_family(ToProto(preference.preferred));
  out.set_confidence(preference.confidence);
  out.set_wins(preference.wins);
  out.set_losses(preference.losses);
  if (preference.smoothed_rtt) Fill(*preference.smoothed_rtt, *out.mutable_smoothed_rtt());
  *out.mutable_since() = WallTime(preference.since, view.now);
  out.set_reachability(ToProto(preference.reachability));
  if (preference.failure) out.set_failure(std::string(ToString(*preference.failure)));
  if (preference.next_reprobe != kNever) *out.mutable_next_reprobe() = WallTime(preference.next_reprobe, view.now);
}

void Fill(const engine::TargetReachability& target, const HistoryView& view, v1::TargetReachability& out) {
  const Target& place = target.path.target;
  out.set_interface(Printable(view.history.InterfaceOf(target.path.network)));
  out.set_network(target.path.network.value);
  out.set_transport(ToProto(place.transport));
  Fill(place.endpoint, *out.mutable_endpoint());
  out.set_family(ToProto(place.family()));
  FillVerdict(target.verdict, view.now, out);
  if (target.next_reprobe != kNever) *out.mutable_next_reprobe() = WallTime(target.next_reprobe, view.now);
  for (const auto& rtt : target.rtts) FillRtt(rtt, *out.add_rtts());
  Fill(target.timers, *out.mutable_timers());
}

void Fill(const engine::PreferenceEvent& event, const HistoryView& view, v1::PreferenceEvent& out) {
  out.set_sequence(event.sequence);
  *out.mutable_time() = WallTime(event.time, view.now);
  if (const auto* changed = std::get_if<history::FamilyPreference>(&event.what)) {
    return Fill(*changed, view, *out.mutable_changed());
  }
  const auto& forgotten = std::get<engine::PreferencesForgotten>(event.what);
  out.set_forgotten(forgotten.prefix ? forgotten.prefix->ToString() : "all");
}

void Fill(const engine::RaceRecord& race, const Moment& now, v1::Race& out) {
  out.set_number(race.number);
  *out.mutable_start_time() = WallTime(race.trace.start, now);
  Fill(race.ended - race.trace.start, *out.mutable_duration());
  out.set_host(Printable(race.host));
  out.set_client_group(race.owner.client_group);
  out.set_outcome(race.flow ? v1::RACE_OUTCOME_SUCCEEDED : v1::RACE_OUTCOME_FAILED);
  Fill(race.trace, now, *out.mutable_trace());
  if (!race.flow) {
    out.set_failure(std::string(ToString(race.flow.error().reason)));
    out.set_detail(Printable(race.flow.error().detail));
    return;
  }
  out.set_source(ToProto(race.flow->source));
  out.set_transport(ToProto(race.flow->remote.transport));
  out.set_family(ToProto(race.flow->remote.family()));
  Fill(race.flow->local, *out.mutable_local());
  Fill(race.flow->remote.endpoint, *out.mutable_remote());
}

}  // namespace flowbroker::rpc
