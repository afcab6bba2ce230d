#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>

#include "broker/engine/event_subscription.h"

namespace flowbroker::engine {

/// The last events of one kind, numbered without gaps in their field `sequence`, and those who watch them. Thread-safe.
template <typename Event>
class EventLog {
 public:
  using Sink = std::function<void(const Event&)>;
  using SubscriptionId = std::uint64_t;

  explicit EventLog(std::size_t kept) : kept_(kept) {}

  /// Numbers the event, keeps it and tells everyone who watches. Returns it as numbered.
  Event Append(Event event) {
    const std::lock_guard lock(mutex_);
    event.sequence = ++latest_;
    events_.push_back(event);
    if (events_.size() > kept_) events_.pop_front();
    for (const auto& [id, sink] : sinks_) sink(event);
    return event;
  }

  /// First gives `sink` the kept events after `after` (absent: none), then every new one, in order, under the log's
  /// lock: a sink must be quick and must not call back. Nothing where events after `after` are no longer kept.
  std::optional<SubscriptionId> Subscribe(std::optional<std::uint64_t> after, Sink sink) {
    const std::lock_guard lock(mutex_);
    if (after) {
      const std::uint64_t oldest_kept = latest_ - events_.size() + 1;
      if (*after > latest_ || *after + 1 < oldest_kept) return std::nullopt;
      for (const Event& event : events_) {
        if (event.sequence > *after) sink(event);
      }
    }
    sinks_.emplace(++last_subscription_, std::move(sink));
    return last_subscription_;
  }

  /// After it returns the sink is not called any more.
  void Unsubscribe(SubscriptionId id) {
    const std::lock_guard lock(mutex_);
    sinks_.erase(id);
  }

  std::uint64_t latest() const {
    const std::lock_guard lock(mutex_);
    return latest_;
  }

 private:
  const std::size_t kept_;
  mutable std::mutex mutex_;
  std::deque<Event> events_;
  std::uint64_t latest_ = 0;
  std::unordered_map<SubscriptionId, Sink> sinks_;
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
