#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>

#include "broker/engine/broker_observer.h"
#include "broker/engine/broker_options.h"
#include "broker/engine/edge_tokens.h"
#include "broker/engine/event_log.h"
#include "broker/engine/flow_loan.h"
#include "broker/engine/flow_view.h"
#include "broker/engine/preference_event.h"
#include "broker/engine/race_log.h"
#include "broker/engine/registrar.h"
#include "broker/engine/shared_history.h"
#include "broker/engine/shared_networks.h"
#include "broker/engine/shared_places.h"
#include "broker/engine/shared_resolver.h"
#include "broker/flow/source_counts.h"
#include "broker/flow/source_limits.h"
#include "broker/net/system_random.h"

namespace flowbroker::engine {

/// The options in force. Each shard holds those it last saw, and looks again when it is told to.
class SharedLiveOptions {
 public:
  explicit SharedLiveOptions(LiveOptions options) { Set(std::move(options)); }

  void Set(LiveOptions options) {
    auto fresh = std::make_shared<const LiveOptions>(std::move(options));
    const std::lock_guard lock(mutex_);
    options_ = std::move(fresh);
  }
  std::shared_ptr<const LiveOptions> Get() const {
    const std::lock_guard lock(mutex_);
    return options_;
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const LiveOptions> options_;
};

/// How many flows each tenant has open, in all shards. A tenant without flows is not remembered. Thread-safe; callers
/// of this host, who have no name, are not counted: they are the operator's, and max_flows holds for them.
class TenantFlows {
 public:
  bool HasRoom(const std::string& tenant, std::size_t limit) const {
    if (tenant.empty() || limit == 0) return true;
    const std::lock_guard lock(mutex_);
    const auto count = counts_.find(tenant);
    return count == counts_.end() || count->second < limit;
  }
  /// False, and not counted, where the tenant has `limit` already; 0: no limit.
  bool Add(const std::string& tenant, std::size_t limit) {
    if (tenant.empty()) return true;
    const std::lock_guard lock(mutex_);
    const auto count = counts_.try_emplace(tenant, 0).first;
    if (limit > 0 && count->second >= limit) return false;
    ++count->second;
    return true;
  }
  void Remove(const std::string& tenant) {
    if (tenant.empty()) return;
    const std::lock_guard lock(mutex_);
    const auto count = counts_.find(tenant);
    if (--count->second == 0) counts_.erase(count);
  }
  /// With at least one flow.
  std::size_t tenants() const {
    const std::lock_guard lock(mutex_);
    return counts_.size();
  }

 private:
  mutable std::mutex mutex_;
  std::unordered_map<std::string, std::size_t> counts_;
};

/// How many connections user agents have open from where, in all shards. Thread-safe.
class SharedSourceLimits {
 public:
  explicit SharedSourceLimits(const flow::SourceLimitOptions& options) : limits_(options) {}

  flow::SourceLimits::Verdict Admit(const IpAddress& source) {
    const std::lock_guard lock(mutex_);
    return limits_.Admit(source);
  }
  void Release(const IpAddress& source) {
    const std::lock_guard lock(mutex_);
    limits_.Release(source);
  }

 private:
  std::mutex mutex_;
  flow::SourceLimits limits_;
};

/// How many flows user agents have over UDP from where, in all shards. Thread-safe.
class SharedSourceCounts {
 public:
  SharedSourceCounts(std::size_t width, RandomSource& random) : counts_(width, random) {}

  /// False, and not counted, where there are `limit` already.
  bool Add(const IpAddress& source, std::size_t limit) {
    const std::lock_guard lock(mutex_);
    if (counts_.Of(source) >= limit) return false;
    counts_.Add(source);
    return true;
  }
  void Remove(const IpAddress& source) {
    const std::lock_guard lock(mutex_);
    counts_.Remove(source);
  }

 private:
  std::mutex mutex_;
  flow::SourceCounts counts_;
};

/// What all shards of a broker share; every part is thread-safe. Outlives the shards.
struct BrokerState {
  BrokerState(const BrokerOptions& broker_options, BrokerObserver& broker_observer)
      : options(broker_options),
        live(broker_options.live),
        observer(broker_observer),
        preference_events(options.kept_preference_events),
        history(options.history, preference_events),
        resolver(options.dns.cache),
        events(options.flows.kept_events, options.tenant_share),
        registrar(options.edge.registrar, options.tenant_share, random_of_start),
        tokens(random_of_start, options.edge.token_algorithm),
        sources(options.edge.sources),
        datagram_sources(HasDatagrams(options.edge) ? kSourceCounters : 1, random_of_start),
        races(options.kept_races, options.tenant_share) {
    preference_events.Subscribe(std::nullopt, std::nullopt,
                                [this](const PreferenceEvent& event) { observer.OnPreferenceEvent(event); });
  }
  BrokerState(const BrokerState&) = delete;
  BrokerState& operator=(const BrokerState&) = delete;

  /// Of half a megabyte together. A million flows make any source seem to have up to 15 more than it has.
  static constexpr std::size_t kSourceCounters = 65'536;

  static bool HasDatagrams(const EdgeOptions& edge) {
    return std::ranges::any_of(
        edge.listeners, [](const flow::EdgeListener& listener) { return !IsConnectionOriented(listener.transport); });
  }

  /// Every attempt ends here once per stage: memory and observer are told.
  void Record(const history::AttemptOutcome& outcome, TimePoint now) {
    history.Record(outcome, now);
    observer.OnAttempt(outcome);
  }

  /// The server at the end of `path` said 503 (D6).
  void RecordUnavailable(const history::Path& path, TimePoint until, TimePoint now) {
    history.RecordUnavailable(path, until, now);
    ++unavailable_epoch;
  }

  /// What the target's own samples say of the round-trip time of SIP on `path`, else of its first stage. Neighbours do
  /// not count: how quickly one server answers says nothing of the next (S11: "per target").
  std::optional<history::RttEstimate> RttOf(const history::Path& path, TimePoint now) const {
    for (const AttemptStage stage : {AttemptStage::kProbe, FirstStage(path.target.transport)}) {
      const auto expected = history.Expect(path, stage, now);
      if (expected && expected->of_target) return expected->estimate;
    }
    return std::nullopt;
  }

  net::SystemRandom random_of_start;  ///< for what draws a key when it is made, and no more
  const BrokerOptions options;        ///< its `live` is that of the start
  SharedLiveOptions live;
  BrokerObserver& observer;
  EventLog<PreferenceEvent> preference_events;
  SharedHistory history;
  SharedNetworks networks;
  SharedResolver resolver;
  EventLog<FlowEvent> events;
  Registrar registrar;
  EdgeTokens tokens;
  SharedSourceLimits sources;
  SharedSourceCounts datagram_sources;
  RaceLog races;
  SharedPlaces places;
  /// Called without a lock, inside the call that decides it; null where there is one shard only. Set before the shards
  /// start.
  std::function<void(const LoanRequest&)> on_loan_wanted = nullptr;
  std::atomic<std::size_t> flows = 0;  ///< open, in all shards
  TenantFlows tenant_flows;
  /// Told when a held flow has been closed, without a lock. Set before the shards start; null: nobody holds any.
  std::function<void(const flow::FlowId&, const Failure&)> on_held_closed = nullptr;
  /// Rises with every 503, so that shortcuts which do not ask memory know that they must.
  std::atomic<std::uint64_t> unavailable_epoch = 0;
};

}  // namespace flowbroker::engine
