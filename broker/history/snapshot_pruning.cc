#include "broker/history/snapshot_pruning.h"

#include <algorithm>
#include <optional>
#include <set>
#include <vector>

namespace flowbroker::history {
namespace {

/// Whether any evidence is younger than a lifetime.
class Youth {
 public:
  Youth(TimePoint now, Duration lifetime) : now_(now), oldest_(now - lifetime) {}

  bool Of(TimePoint at) const { return at != kNever && at > oldest_; }
  bool Of(const Evidence& evidence) const { return evidence.successes + evidence.failures > 0 && Of(evidence.at); }
  bool Of(const std::optional<Hold>& hold) const { return hold && Of(hold->latest); }
  bool Of(const StageRecords& stages) const {
    return std::ranges::any_of(
        stages, [this](const StageRecord& stage) { return stage.estimate.has_samples() && Of(stage.at); });
  }
  bool Of(const TargetRecord& target) const {
    const bool unavailable = target.unavailable_until != kNever && target.unavailable_until > now_;
    return unavailable || Of(target.evidence) || Of(target.stages) || Of(target.hold) || Of(target.last_success) ||
           Of(target.last_failure);
  }
  bool Of(const PrefixRecord& prefix) const {
    return Of(prefix.evidence) || Of(prefix.stages) || Of(prefix.hold) || Of(prefix.races) || Of(prefix.last_success);
  }
  bool Of(const FamilyRecord& family) const { return Of(family.evidence) || Of(family.hold); }

 private:
  TimePoint now_;
  TimePoint oldest_;
};

/// Moves to where memory itself could have put it what lies too far in the future: where clocks went backwards or a
/// file was forged, a hold would never end, and evidence never fade.
class Bounds {
 public:
  Bounds(TimePoint now, const HistoryOptions& options)
      : now_(now),
        head_start_(now + options.max_hold),
        reprobe_(now + options.longest_reprobe + options.longest_reprobe / 10),  // they vary by +-10 %
        unavailable_(now + options.max_unavailable) {}

  void Apply(TargetRecord& target) const {
    Past(target.evidence.at);
    Apply(target.stages);
    Apply(target.hold);
    Past(target.last_success);
    Past(target.last_failure);
    Limit(target.unavailable_until, unavailable_);
  }
  void Apply(PrefixRecord& prefix) const {
    Past(prefix.evidence.at);
    Apply(prefix.stages);
    Apply(prefix.hold);
    if (prefix.suspect) Past(prefix.suspect->at);
    Past(prefix.last_success);
    Past(prefix.races.at);
    Past(prefix.lost_race);
    Past(prefix.preferred_since);
  }
  void Apply(FamilyRecord& family) const {
    Past(family.evidence.at);
    Apply(family.hold);
    for (Suspect& suspect : family.suspects) Past(suspect.at);
  }

 private:
  static void Limit(TimePoint& at, TimePoint latest) {
    if (at != kNever) at = std::min(at, latest);
  }
  void Past(TimePoint& at) const { Limit(at, now_); }
  void Apply(StageRecords& stages) const {
    for (StageRecord& stage : stages) Past(stage.at);
  }
  void Apply(std::optional<Hold>& hold) const {
    if (!hold) return;
    hold->since = std::min(hold->since, now_);
    hold->latest = std::min(hold->latest, now_);
    hold->head_start = std::min(hold->head_start, head_start_);
    hold->next_reprobe = std::min(hold->next_reprobe, reprobe_);
  }

  TimePoint now_;
  TimePoint head_start_;
  TimePoint reprobe_;
  TimePoint unavailable_;
};

NetworkId NetworkOf(const TargetRecordData& data) {
  return data.path.network;
}
NetworkId NetworkOf(const PrefixRecordData& data) {
  return data.key.network;
}
NetworkId NetworkOf(const FamilyRecordData& data) {
  return data.key.network;
}

}  // namespace

void Prune(Snapshot& snapshot, TimePoint now, const HistoryOptions& options) {
  std::set<NetworkId> named{NetworkId{}};
  for (const KnownNetwork& network : snapshot.networks) named.insert(network.id);
  const Bounds bounds(now, options);
  for (TargetRecordData& target : snapshot.records.targets) bounds.Apply(target.record);
  for (PrefixRecordData& prefix : snapshot.records.prefixes) bounds.Apply(prefix.record);
  for (FamilyRecordData& family : snapshot.families) bounds.Apply(family.record);
  const Youth youth(now, options.lifetime);
  const auto useless = [&](const auto& data) { return !named.contains(NetworkOf(data)) || !youth.Of(data.record); };
  std::erase_if(snapshot.records.targets, useless);
  std::erase_if(snapshot.records.prefixes, useless);
  std::erase_if(snapshot.families, useless);
  if (snapshot.ipv4_prefix_bits == options.ipv4_prefix_bits && snapshot.ipv6_prefix_bits == options.ipv6_prefix_bits) {
    return;
  }
  snapshot.records.prefixes.clear();
  snapshot.families.clear();  // held for the sake of prefixes
}

}  // namespace flowbroker::history
