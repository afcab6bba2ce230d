#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "broker/engine/history_access.h"

namespace flowbroker::engine {

/// A memory that says what the test put into it. Network 1 is "eth0", network 2 "eth1". Threads: the lists are set
/// before the first call; the rest is guarded.
class FakeHistory final : public HistoryAccess {
 public:
  static history::FamilyPreference PreferenceOf(const char* prefix, std::uint32_t network = 1);
  static RaceLog::Entry RaceOf(std::uint64_t number, const char* host, bool succeeded = true);

  std::vector<history::FamilyPreference> preferences;
  std::vector<TargetReachability> targets;
  PreferenceCounts counts;
  std::vector<RaceLog::Entry> races;
  std::atomic<std::uint64_t> latest_event = 0;

  /// What was forgotten, in order: "all", "prefix 192.0.2.0/24", "host example.org".
  std::vector<std::string> resets() const;
  /// The last question.
  std::optional<ReachabilityQuery> asked() const;
  std::size_t watchers() const;
  /// Tells the watchers, on the calling thread.
  void Emit(const PreferenceEvent& event);

  std::vector<history::FamilyPreference> Preferences() const override { return preferences; }
  std::optional<history::FamilyPreference> FindPreference(const history::PrefixKey& prefix) const override;
  PreferenceCounts CountPreferences() const override { return counts; }
  std::vector<TargetReachability> Reachability(const ReachabilityQuery& query) const override;
  HistoryOccupancy Occupancy() const override { return {.targets = targets.size(), .prefixes = preferences.size()}; }
  std::vector<RaceLog::Entry> Races() const override { return races; }
  std::string InterfaceOf(history::NetworkId id) const override;
  Forgotten ForgetAll() override;
  Forgotten Forget(const IpPrefix& prefix) override;
  Forgotten Forget(const Host& host) override;
  std::unique_ptr<EventSubscription> WatchPreferences(std::optional<std::uint64_t> after, PreferenceSink sink) override;
  std::uint64_t LatestPreferenceEvent() const override { return latest_event; }

 private:
  Forgotten Note(const std::string& what);

  mutable std::mutex mutex_;
  mutable std::optional<ReachabilityQuery> asked_;
  std::vector<std::string> resets_;
  std::map<std::uint64_t, PreferenceSink> watchers_;
  std::uint64_t next_ = 1;
};

}  // namespace flowbroker::engine
