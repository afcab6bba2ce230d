#include "clients/cpp/wire.h"
#include "clients/cpp/wire_fields.h"

namespace flowbroker::client {
namespace {

using client::From;  // beside the one below

StageRtt From(const v1::StageRtt& rtt) {
  return {.stage = EnumFrom(rtt.stage(), AttemptStage::kProbe),
          .smoothed = From(rtt.smoothed()),
          .variation = From(rtt.variation()),
          .samples = rtt.samples(),
          .of_target = rtt.of_target()};
}

}  // namespace

v1::ListFamilyPreferencesRequest ToProto(const PreferenceFilter& filter) {
  v1::ListFamilyPreferencesRequest to;
  to.set_interface(filter.interface);
  to.set_family(static_cast<v1::AddressFamily>(filter.family));
  to.set_prefix(filter.prefix);
  to.set_only_impaired(filter.only_impaired);
  return to;
}

v1::GetReachabilityRequest ToProto(const ReachabilityQuery& query) {
  v1::GetReachabilityRequest to;
  to.set_host(query.host);
  to.set_port(query.port);
  to.set_transport(static_cast<v1::Transport>(query.transport));
  to.set_interface(query.interface);
  return to;
}

v1::ListRacesRequest ToProto(const RaceFilter& filter) {
  v1::ListRacesRequest to;
  to.set_host(filter.host);
  if (filter.succeeded) to.set_outcome(*filter.succeeded ? v1::RACE_OUTCOME_SUCCEEDED : v1::RACE_OUTCOME_FAILED);
  if (filter.client_group) to.set_client_group(*filter.client_group);
  return to;
}

FamilyPreference FromProto(const v1::FamilyPreference& preference) {
  FamilyPreference to{.interface = preference.interface(),
                      .network = preference.network(),
                      .prefix = preference.prefix(),
                      .transport = From(preference.transport()),
                      .family = From(preference.family()),
                      .preferred_family = From(preference.preferred_family()),
                      .confidence = preference.confidence(),
                      .wins = preference.wins(),
                      .losses = preference.losses(),
                      .since = From(preference.since()),
                      .reachability = EnumFrom(preference.reachability(), Reachability::kUnreachable),
                      .failure = preference.failure()};
  if (preference.has_smoothed_rtt()) to.smoothed_rtt = From(preference.smoothed_rtt());
  if (preference.has_next_reprobe()) to.next_reprobe = From(preference.next_reprobe());
  return to;
}

TargetReachability FromProto(const v1::TargetReachability& target) {
  TargetReachability to{.interface = target.interface(),
                        .network = target.network(),
                        .transport = From(target.transport()),
                        .endpoint = From(target.endpoint()),
                        .family = From(target.family()),
                        .reachability = EnumFrom(target.reachability(), Reachability::kUnreachable),
                        .level = EnumFrom(target.level(), MemoryLevel::kFamily),
                        .failure = target.failure(),
                        .unavailable = target.unavailable(),
                        .rtts = {},
                        .timers = {.t1 = From(target.timers().t1()),
                                   .timer_b = From(target.timers().timer_b()),
                                   .timer_f = From(target.timers().timer_f())}};
  if (target.has_since()) to.since = From(target.since());
  if (target.has_next_reprobe()) to.next_reprobe = From(target.next_reprobe());
  for (const v1::StageRtt& rtt : target.rtts()) to.rtts.push_back(From(rtt));
  return to;
}

Race FromProto(const v1::Race& race) {
  return {.number = race.number(),
          .start_time = From(race.start_time()),
          .duration = From(race.duration()),
          .host = race.host(),
          .client_group = race.client_group(),
          .succeeded = race.outcome() == v1::RACE_OUTCOME_SUCCEEDED,
          .source = EnumFrom(race.source(), FlowSource::kProbed),
          .transport = From(race.transport()),
          .family = From(race.family()),
          .local = From(race.local()),
          .remote = From(race.remote()),
          .failure = race.failure(),
          .detail = race.detail(),
          .trace = FromProto(race.trace())};
}

PreferenceEvent FromProto(const v1::PreferenceEvent& event) {
  PreferenceEvent to{.sequence = event.sequence(), .time = From(event.time()), .forgotten = event.forgotten()};
  if (event.has_changed()) to.changed = FromProto(event.changed());
  return to;
}

Forgotten FromProto(const v1::ResetHistoryResponse& response) {
  return {.targets = response.targets(), .prefixes = response.prefixes()};
}

}  // namespace flowbroker::client
