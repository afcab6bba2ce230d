#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "broker/base/fair_eviction.h"
#include "broker/engine/event_subscription.h"

namespace flowbroker::engine {

/// The last events of one kind, numbered without gaps in their field `sequence`, and those who watch them. An event is
/// its tenant's, as `const std::string& TenantOf(const Event&)` says: only those who watch that tenant are told, or all
/// tenants, and a tenant with many events does not drive out those of the others. Thread-safe.
template <typename Event>
class EventLog {
 public:
  using Sink = std::function<void(const Event&)>;
  using SubscriptionId = std::uint64_t;

  /// Keeps the last `kept`, of which `percent` are a tenant's share.
  explicit EventLog(std::size_t kept, int percent = 100) : eviction_(kept, percent) {}

  /// Numbers the event, keeps it and tells everyone who watches. Returns it as numbered.
  Event Append(Event event) {
    const std::lock_guard lock(mutex_);
    event.sequence = ++latest_;
    const std::string& tenant = TenantOf(event);
    if (const auto evicted = eviction_.Add(tenant, latest_)) Evict(*evicted);
    events_.emplace(latest_, event);
    for (const auto& [id, sink] : of_all_) sink(event);
    const auto watchers = of_tenant_.find(tenant);
    if (watchers == of_tenant_.end()) return event;
    for (const auto& [id, sink] : watchers->second) sink(event);
    return event;
  }

  /// First gives `sink` the kept events after `after` (absent: none), then every new one, in order, under the log's
  /// lock: a sink must be quick and must not call back. `tenant`: whose events; absent: everybody's. Nothing where some
  /// of them after `after` are no longer kept.
  std::optional<SubscriptionId> Subscribe(std::optional<std::uint64_t> after, std::optional<std::string> tenant,
                                          Sink sink) {
    const std::lock_guard lock(mutex_);
    if (after) {
      if (*after > latest_ || *after < LastEvicted(tenant)) return std::nullopt;
      for (auto event = events_.upper_bound(*after); event != events_.end(); ++event) {
        if (!tenant || *tenant == TenantOf(event->second)) sink(event->second);
      }
    }
    const SubscriptionId id = ++last_subscription_;
    (tenant ? of_tenant_[*tenant] : of_all_).emplace(id, std::move(sink));
    if (tenant) tenants_.emplace(id, *std::move(tenant));
    return id;
  }

  /// After it returns the sink is not called any more.
  void Unsubscribe(SubscriptionId id) {
    const std::lock_guard lock(mutex_);
    of_all_.erase(id);
    const auto tenant = tenants_.extract(id);
    if (tenant.empty()) return;
    const auto watchers = of_tenant_.find(tenant.mapped());
    watchers->second.erase(id);
    if (watchers->second.empty()) of_tenant_.erase(watchers);
  }

  std::uint64_t latest() const {
    const std::lock_guard lock(mutex_);
    return latest_;
  }

 private:
  using Sinks = std::unordered_map<SubscriptionId, Sink>;

  /// Tenants are told apart in evicted_of_ up to this number of them; then all of them count as evicted together.
  static constexpr std::size_t kMaxTenants = 10'000;

  void Evict(std::uint64_t sequence) {
    const auto event = events_.extract(sequence);
    evicted_ = std::max(evicted_, sequence);
    if (evicted_of_.size() >= kMaxTenants) {
      evicted_of_.clear();
      evicted_of_others_ = evicted_;
    }
    evicted_of_[TenantOf(event.mapped())] = sequence;
  }

  /// Zero: none.
  std::uint64_t LastEvicted(const std::optional<std::string>& tenant) const {
    if (!tenant) return evicted_;
    const auto own = evicted_of_.find(*tenant);
    return own == evicted_of_.end() ? evicted_of_others_ : own->second;
  }

  mutable std::mutex mutex_;
  FairEviction eviction_;
  std::map<std::uint64_t, Event> events_;
  std::uint64_t latest_ = 0;
  std::uint64_t evicted_ = 0;                                  // the newest that is no longer kept
  std::unordered_map<std::string, std::uint64_t> evicted_of_;  // the same of a tenant
  std::uint64_t evicted_of_others_ = 0;                        // the same of those who are not in evicted_of_
  Sinks of_all_;
  std::unordered_map<std::string, Sinks> of_tenant_;
  std::unordered_map<SubscriptionId, std::string> tenants_;  // of the sinks in of_tenant_
  SubscriptionId last_subscription_ = 0;
};

/// The end of a sink on an EventLog.
template <typename Event>
class LogSubscription final : public EventSubscription {
 public:
  LogSubscription(EventLog<Event>& log, typename EventLog<Event>::SubscriptionId id) : log_(log), id_(id) {}
  ~LogSubscription() override { log_.Unsubscribe(id_); }
  LogSubscription(const LogSubscription&) = delete;
  LogSubscription& operator=(const LogSubscription&) = delete;

 private:
  EventLog<Event>& log_;
  typename EventLog<Event>::SubscriptionId id_;
};

}  // namespace flowbroker::engine
