#pragma once

#include <memory>
#include <string>
#include <vector>

#include "broker/engine/broker_state.h"
#include "broker/engine/history_access.h"

namespace flowbroker::engine {

/// The memory of a running broker as others may see it.
class BrokerHistory final : public HistoryAccess {
 public:
  /// Both outlive it.
  BrokerHistory(BrokerState& state, const Clock& clock) : state_(state), clock_(clock) {}

  std::vector<history::FamilyPreference> Preferences() const override;
  std::optional<history::FamilyPreference> FindPreference(const history::PrefixKey& prefix) const override {
    return state_.history.FindPreference(prefix, clock_.Now());
  }
  PreferenceCounts CountPreferences() const override { return state_.history.CountPreferences(clock_.Now()); }
  std::vector<TargetReachability> Reachability(const ReachabilityQuery& query) const override;
  HistoryOccupancy Occupancy() const override { return state_.history.occupancy(); }
  std::vector<RaceLog::Entry> Races() const override { return state_.races.Newest(); }
  std::string InterfaceOf(history::NetworkId id) const override { return state_.networks.InterfaceOf(id); }
  Forgotten ForgetAll() override;
  Forgotten Forget(const IpPrefix& prefix) override;
  Forgotten Forget(const Host& host) override;
  std::unique_ptr<EventSubscription> WatchPreferences(std::optional<std::uint64_t> after_sequence,
                                                      PreferenceSink sink) override;
  std::uint64_t LatestPreferenceEvent() const override { return state_.preference_events.latest(); }

 private:
  // All sorted, each once.
  std::vector<IpAddress> AddressesOf(const Host& host) const;
  std::vector<history::Path> CandidatesOf(const Host& host) const;  ///< targets the kept races had of it
  std::vector<history::Path> PathsOf(const Host& host) const;
  /// Paths to an address that was never tried, on which its prefix was.
  std::vector<history::Path> NeighboursOf(const ReachabilityQuery& query) const;

  /// Those asked for of which something is known.
  std::vector<TargetReachability> Known(const std::vector<history::Path>& paths, const ReachabilityQuery& query) const;
  TargetReachability Describe(const history::Path& path, TimePoint now) const;

  BrokerState& state_;
  const Clock& clock_;
};

}  // namespace flowbroker::engine
