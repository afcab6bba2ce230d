#include "broker/engine/flow_event_log.h"

#include <utility>

namespace flowbroker::engine {

FlowEvent FlowEventLog::Append(FlowEvent event) {
  const std::lock_guard lock(mutex_);
  event.sequence = ++latest_;
  events_.push_back(event);
  if (events_.size() > kept_) events_.pop_front();
  for (const auto& [id, sink] : sinks_) sink(event);
  return event;
}

std::optional<FlowEventLog::SubscriptionId> FlowEventLog::Subscribe(std::optional<std::uint64_t> after, Sink sink) {
  const std::lock_guard lock(mutex_);
  if (after) {
    const std::uint64_t oldest_kept = latest_ - events_.size() + 1;
    if (*after > latest_ || *after + 1 < oldest_kept) return std::nullopt;
    for (const FlowEvent& event : events_) {
      if (event.sequence > *after) sink(event);
    }
  }
  sinks_.emplace(++last_subscription_, std::move(sink));
  return last_subscription_;
}

void FlowEventLog::Unsubscribe(SubscriptionId id) {
  const std::lock_guard lock(mutex_);
  sinks_.erase(id);
}

std::uint64_t FlowEventLog::latest() const {
  const std::lock_guard lock(mutex_);
  return latest_;
}

}  // namespace flowbroker::engine
