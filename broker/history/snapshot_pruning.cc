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
