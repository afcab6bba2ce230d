#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "broker/engine/flow_view.h"

namespace flowbroker::engine {

/// The last events in the lives of flows, numbered without gaps, and those who watch them. Thread-safe.
class FlowEventLog {
 public:
  using Sink = std::function<void(const FlowEvent&)>;
  using SubscriptionId = std::uint64_t;

  explicit FlowEventLog(std::size_t kept) : kept_(kept) {}

  /// Numbers the event, keeps it and tells everyone who watches. Returns it as numbered.
  FlowEvent Append(FlowEvent event);

  /// First gives `sink` the kept events after `after` (absent: none), then every new one, in order, under the log's
  /// lock: a sink must be quick and must not call back. Nothing where events after `after` are no longer kept.
  std::optional<SubscriptionId> Subscribe(std::optional<std::uint64_t> after, Sink sink);

  /// After it returns the sink is not called any more.
  void Unsubscribe(SubscriptionId id);

  std::uint64_t latest() const;

 private:
  const std::size_t kept_;
  mutable std::mutex mutex_;
  std::deque<FlowEvent> events_;
  std::uint64_t latest_ = 0;
  std::unordered_map<SubscriptionId, Sink> sinks_;
  SubscriptionId last_subscription_ = 0;
};

}  // namespace flowbroker::engine
