// Which family is used for each prefix, and what of that has changed: the part of ReachabilityHistory for onlookers.

#include "broker/history/reachability_history.h"

namespace flowbroker::history {
namespace {

FamilyKey FamilyOf(const PrefixKey& key) {
  return {key.network, key.prefix.family()};
}

AddressFamily Other(AddressFamily family) {
  return family == AddressFamily::kIpv4 ? AddressFamily::kIpv6 : AddressFamily::kIpv4;
}

}  // namespace

bool ReachabilityHistory::OtherPreferred(const std::optional<Hold>& hold, const PrefixRecord& record,
                                         TimePoint now) const {
  return hold || IsRecent(record.lost_race, now);
}

void ReachabilityHistory::UpdatePreference(const std::optional<Hold>& hold, PrefixRecord& record, TimePoint now) const {
  const bool other = OtherPreferred(hold, record, now);
  if (other != record.other_preferred || record.preferred_since == TimePoint{}) record.preferred_since = now;
  record.other_preferred = other;
}

std::optional<Hold> ReachabilityHistory::HoldOf(const PrefixKey& key, const PrefixRecord& record, TimePoint now) const {
  return IsLive(record.hold, now) ? record.hold : families_.HoldOf(FamilyOf(key), now);
}

Reachability ReachabilityHistory::ReachabilityOf(const std::optional<Hold>& hold, const PrefixRecord& record,
                                                 TimePoint now) const {
  if (hold) return hold->reachability();
  return IsRecent(record.last_success, now) ? Reachability::kReachable : Reachability::kUnknown;
}

FamilyPreference ReachabilityHistory::PreferenceOf(const PrefixKey& key, const PrefixRecord& record,
                                                   const std::optional<Hold>& hold, TimePoint now) const {
  const bool other = OtherPreferred(hold, record, now);
  const AddressFamily own_family = key.prefix.family();
  const double own_works = record.evidence.Probability(families_.Probability(FamilyOf(key), now), now, options_);
  const double own_wins = record.races.Probability(own_works, now, options_);
  FamilyPreference preference{
      .key = key,
      .prefix_bits = key.prefix.is_ipv4() ? options_.ipv4_prefix_bits : options_.ipv6_prefix_bits,
      .preferred = other ? Other(own_family) : own_family,
      .confidence = other ? 1 - own_wins : own_wins,
      .since = record.preferred_since,
      .wins = record.wins,
      .losses = record.losses,
      .reachability = ReachabilityOf(hold, record, now),
      .failure = std::nullopt,
      .smoothed_rtt = std::nullopt,
      .next_reprobe = kNever};
  if (other != record.other_preferred) preference.since = hold ? hold->since : now;
  if (hold) {
    preference.failure = hold->reason;
    preference.next_reprobe = hold->next_reprobe;
  }
  const StageRecord& first = record.stages[IndexOf(FirstStage(key.transport))];
  if (first.estimate.has_samples() && IsRecent(first.at, now)) preference.smoothed_rtt = first.estimate.smoothed();
  return preference;
}

std::vector<FamilyPreference> ReachabilityHistory::Preferences(TimePoint now) const {
  std::vector<FamilyPreference> all;
  all.reserve(prefixes_.size());
  prefixes_.ForEach([&](const PrefixKey& key, const PrefixRecord& record) {
    all.push_back(PreferenceOf(key, record, HoldOf(key, record, now), now));
  });
  return all;
}

std::optional<FamilyPreference> ReachabilityHistory::FindPreference(const PrefixKey& prefix, TimePoint now) const {
  const PrefixRecord* record = prefixes_.Find(prefix);
  if (record == nullptr) return std::nullopt;
  return PreferenceOf(prefix, *record, HoldOf(prefix, *record, now), now);
}

void ReachabilityHistory::VisitPreferences(TimePoint now, const PreferenceVisitor& visit) const {
  prefixes_.ForEach([&](const PrefixKey& key, const PrefixRecord& record) {
    const auto hold = HoldOf(key, record, now);
    const AddressFamily own = key.prefix.family();
    visit(key, OtherPreferred(hold, record, now) ? Other(own) : own, hold.has_value());
  });
}

std::optional<FamilyPreference> ReachabilityHistory::TakeNews(const PrefixKey& key, PrefixRecord& record,
                                                              TimePoint now) const {
  const auto hold = HoldOf(key, record, now);
  UpdatePreference(hold, record, now);
  const Reachability reachability = ReachabilityOf(hold, record, now);
  const bool old = record.told_other_preferred == record.other_preferred && record.told_reachability == reachability;
  record.told_other_preferred = record.other_preferred;
  record.told_reachability = reachability;
  return old ? std::nullopt : std::optional(PreferenceOf(key, record, hold, now));
}

std::vector<FamilyPreference> ReachabilityHistory::TakeChanges(TimePoint now) {
  std::vector<FamilyPreference> changes;
  prefixes_.ForEach([&](const PrefixKey& key, PrefixRecord& record) {
    if (auto news = TakeNews(key, record, now)) changes.push_back(*std::move(news));
  });
  return changes;
}

std::optional<FamilyPreference> ReachabilityHistory::TakeChange(const Path& path, TimePoint now) {
  const PrefixKey key = PrefixOf(path);
  PrefixRecord* record = prefixes_.Find(key);
  return record == nullptr ? std::nullopt : TakeNews(key, *record, now);
}

std::vector<Path> ReachabilityHistory::PathsOf(const IpAddress& address) const {
  std::vector<Path> paths;
  targets_.ForEach([&](const Path& path, const TargetRecord& /*record*/) {
    if (path.target.endpoint.address == address) paths.push_back(path);
  });
  return paths;
}

}  // namespace flowbroker::history
