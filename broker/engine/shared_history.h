#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "broker/engine/event_log.h"
#include "broker/engine/event_outbox.h"
#include "broker/engine/history_query.h"
#include "broker/engine/preference_event.h"
#include "broker/engine/shared_families.h"
#include "broker/history/reachability_history.h"

namespace flowbroker::engine {

/// The ReachabilityHistory of the whole broker, striped by address prefix so that long readers (a snapshot, a listing)
/// never stop all shards at once. Families span stripes and have a lock of their own, never held for long. Thread-safe;
/// for what the calls mean see ReachabilityHistory.
class SharedHistory {
 public:
  /// Changes of preferences go to `events`, which outlives this object, before the call that found them returns; those
  /// of one prefix in the order in which they happened. No lock that other calls need is held meanwhile.
  SharedHistory(const history::HistoryOptions& options, EventLog<PreferenceEvent>& events);

  void Record(const history::AttemptOutcome& outcome, TimePoint now);
  void RecordRace(const history::Path& winner, std::span<const history::Path> candidates, TimePoint now);
  void RecordUnavailable(const history::Path& path, TimePoint until, TimePoint now);

  history::Verdict Judge(const history::Path& path, TimePoint now) const;
  history::Verdict JudgeForRace(const history::Path& path, TimePoint now);
  void TakeUnavailable(const history::Path& path);
  bool TakeReprobe(const history::Path& path, TimePoint now, RandomSource& random);
  TimePoint NextReprobe(const history::Path& path, TimePoint now) const;
  std::optional<history::ExpectedRtt> Expect(const history::Path& path, AttemptStage stage, TimePoint now) const;

  std::vector<history::FamilyPreference> Preferences(TimePoint now) const;
  std::optional<history::FamilyPreference> FindPreference(const history::PrefixKey& prefix, TimePoint now) const;
  PreferenceCounts CountPreferences(TimePoint now) const;
  /// Publishes what time alone or the trouble of a family has changed; otherwise that is noticed within half a minute
  /// of traffic on the prefix's neighbours.
  void PublishChanges(TimePoint now);

  /// The targets of `address` of which something is remembered, on every network.
  std::vector<history::Path> PathsOf(const IpAddress& address) const;

  /// Whether anything is remembered of the prefix of `path`.
  bool KnowsPrefixOf(const history::Path& path) const;

  Forgotten ForgetAll(TimePoint now);
  Forgotten Forget(const IpAddress& address, TimePoint now);
  Forgotten Forget(const IpPrefix& prefix, TimePoint now);

  /// Everything kept, one stripe after the other, so that no lock is held for long; `write` is called without one.
  void Export(const std::function<void(history::HistoryRecords)>& write) const;
  std::vector<history::FamilyRecordData> ExportFamilies() const;
  void Import(const history::HistoryRecords& records);
  void ImportFamilies(const std::vector<history::FamilyRecordData>& records);

  HistoryOccupancy occupancy() const;

 private:
  struct Stripe {
    Stripe(const history::HistoryOptions& options, history::Families& families) : history(options, families) {}
    mutable std::mutex mutex;
    history::ReachabilityHistory history;
    TimePoint looked_through{};  ///< all its prefixes, for changes
  };
  static constexpr std::size_t kStripes = 16;
  /// Looking through a stripe takes about 0.2 us per prefix, 0.3 ms with the default limits.
  static constexpr Duration kLookThroughEvery = std::chrono::seconds(30);

  std::size_t StripeIndex(const IpAddress& address) const;
  Stripe& StripeOf(const IpAddress& address) const { return *stripes_[StripeIndex(address)]; }
  /// What `function` makes of the history that knows `address`, under its lock.
  template <typename Function>
  auto With(const IpAddress& address, Function function) const;
  // These put changes into the outbox, under the lock of the stripe; true where there are any, then it is to be flushed
  // without that lock.
  bool PutChanges(Stripe& stripe, std::span<const history::Path> touched, TimePoint now);
  bool PutAllChanges(Stripe& stripe, TimePoint now);
  void Put(history::FamilyPreference changed, TimePoint now);
  void PutForgotten(std::optional<IpPrefix> prefix, TimePoint now);
  template <typename Function>
  Forgotten ForgetIn(Stripe& stripe, Function forget);

  history::HistoryOptions options_;
  EventOutbox<PreferenceEvent> outbox_;  // its lock and that of families_ are taken after a stripe's
  SharedFamilies families_;
  std::array<std::unique_ptr<Stripe>, kStripes> stripes_;
};

}  // namespace flowbroker::engine
