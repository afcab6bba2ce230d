#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "broker/base/ip_prefix.h"
#include "broker/engine/event_subscription.h"
#include "broker/engine/history_query.h"
#include "broker/engine/preference_event.h"
#include "broker/engine/race_log.h"
#include "broker/history/reachability_history.h"
#include "broker/history/timer_advice.h"

namespace flowbroker::engine {

/// What memory holds of one target on one network.
struct TargetReachability {
  struct StageRtt {
    AttemptStage stage;
    history::ExpectedRtt expected;
  };
  history::Path path;
  history::Verdict verdict;
  TimePoint next_reprobe;      ///< kNever where it is not held
  std::vector<StageRtt> rtts;  ///< of the stages that were measured
  history::TimerAdvice timers;
};

/// Which targets a question is about.
struct ReachabilityQuery {
  Host host;
  std::optional<std::uint16_t> port = std::nullopt;     ///< absent: any
  std::optional<Transport> transport = std::nullopt;    ///< absent: any
  std::optional<std::string> interface = std::nullopt;  ///< absent: any
};

/// What others may ask and order of the broker's memory. Thread-safe; lives as long as its broker.
class HistoryAccess {
 public:
  using PreferenceSink = std::function<void(const PreferenceEvent&)>;

  virtual ~HistoryAccess() = default;

  /// What is known of each prefix, in order of network, prefix and transport.
  virtual std::vector<history::FamilyPreference> Preferences() const = 0;

  /// What is known of one prefix, found without looking at others; nothing where it is not remembered.
  virtual std::optional<history::FamilyPreference> FindPreference(const history::PrefixKey& prefix) const = 0;
  /// Looks at all prefixes, but holds no lock for longer than 0.2 us for each of a sixteenth of them.
  virtual PreferenceCounts CountPreferences() const = 0;

  /// The targets asked for of which something is known, in order of network, address, port and transport. A host name
  /// stands for the targets that the kept races for it or through it led to, and for its addresses in the DNS cache.
  /// Of an address that was never tried itself: what its prefix says, at the port asked for or the default one.
  virtual std::vector<TargetReachability> Reachability(const ReachabilityQuery& query) const = 0;

  /// How full it is.
  virtual HistoryOccupancy Occupancy() const = 0;

  /// The races kept, newest first.
  virtual std::vector<RaceLog::Entry> Races() const = 0;

  /// Name of the interface behind `id`; empty where it is not known.
  virtual std::string InterfaceOf(history::NetworkId id) const = 0;

  /// Forgets everything that was learned of any target.
  virtual Forgotten ForgetAll() = 0;
  /// Forgets the targets and prefixes inside `prefix`.
  virtual Forgotten Forget(const IpPrefix& prefix) = 0;
  /// Forgets the targets that Reachability tells of, all ports of their addresses, and what is known of the prefixes
  /// they are in as a whole; other targets there stay.
  virtual Forgotten Forget(const Host& host) = 0;

  /// Preference events after `after_sequence` (absent: from now on), in order, pushed to `sink` with locks held, on any
  /// thread, until the returned subscription is destroyed. The sink must be quick and must not call back. Nothing where
  /// those events are no longer kept.
  virtual std::unique_ptr<EventSubscription> WatchPreferences(std::optional<std::uint64_t> after_sequence,
                                                              PreferenceSink sink) = 0;
  virtual std::uint64_t LatestPreferenceEvent() const = 0;
};

}  // namespace flowbroker::engine
