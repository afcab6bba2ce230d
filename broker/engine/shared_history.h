#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "broker/history/reachability_history.h"

namespace flowbroker::engine {

/// The ReachabilityHistory of the whole broker, striped by address prefix so that long readers (a snapshot, a listing)
/// never stop all shards at once. Families span stripes and have a lock of their own. Thread-safe; for what the calls
/// mean see ReachabilityHistory.
class SharedHistory {
 public:
  explicit SharedHistory(const history::HistoryOptions& options);

  void Record(const history::AttemptOutcome& outcome, TimePoint now);
  void RecordRace(const history::Path& winner, std::span<const history::Path> candidates, TimePoint now);
  void RecordUnavailable(const history::Path& path, TimePoint until, TimePoint now);

  history::Verdict Judge(const history::Path& path, TimePoint now) const;
  history::Verdict JudgeForRace(const history::Path& path, TimePoint now);
  bool TakeReprobe(const history::Path& path, TimePoint now, RandomSource& random);
  TimePoint NextReprobe(const history::Path& path, TimePoint now) const;
  std::optional<history::ExpectedRtt> Expect(const history::Path& path, AttemptStage stage, TimePoint now) const;

  std::vector<history::FamilyPreference> Preferences(TimePoint now) const;
  std::vector<history::FamilyPreference> TakeChanges(TimePoint now);

  void ForgetAll();
  bool Forget(const IpAddress& address);
  bool Forget(const IpAddress& prefix, int bits);

  /// Everything kept, one stripe after the other, so that no lock is held for long; `write` is called without one.
  void Export(const std::function<void(history::HistoryRecords)>& write) const;
  std::vector<history::FamilyRecordData> ExportFamilies() const;
  void Import(const history::HistoryRecords& records);
  void ImportFamilies(const std::vector<history::FamilyRecordData>& records);

  /// How full memory is, and how much it has forgotten for want of room.
  struct Occupancy {
    std::size_t targets;
    std::size_t prefixes;
    std::uint64_t evicted_targets;   ///< ever
    std::uint64_t evicted_prefixes;  ///< ever
  };
  Occupancy occupancy() const;

 private:
  struct Stripe {
    Stripe(const history::HistoryOptions& options, history::FamilyHistory& families) : history(options, families) {}
    mutable std::mutex mutex;
    history::ReachabilityHistory history;
  };
  static constexpr std::size_t kStripes = 16;

  std::size_t StripeIndex(const IpAddress& address) const;
  Stripe& StripeOf(const IpAddress& address) const { return *stripes_[StripeIndex(address)]; }

  history::HistoryOptions options_;
  mutable std::mutex families_mutex_;  // taken after a stripe's
  history::FamilyHistory families_;
  std::array<std::unique_ptr<Stripe>, kStripes> stripes_;
};

}  // namespace flowbroker::engine
