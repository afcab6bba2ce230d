#pragma once

#include <mutex>
#include <utility>
#include <vector>

#include "broker/engine/event_log.h"

namespace flowbroker::engine {

/// Events on their way into an EventLog: put here under the lock that orders them, told later without it, so that a
/// slow sink stops nobody who has nothing to tell. Thread-safe.
template <typename Event>
class EventOutbox {
 public:
  /// `log` outlives it.
  explicit EventOutbox(EventLog<Event>& log) : log_(log) {}

  /// Quick; may be called with locks held.
  void Put(Event event) {
    const std::lock_guard lock(mutex_);
    events_.push_back(std::move(event));
  }

  /// Appends what was put before to the log, in that order; when it returns that is done, by whomever. To be called
  /// without a lock that others need.
  void Flush() {
    const std::lock_guard order(flushing_);
    std::vector<Event> events;
    {
      const std::lock_guard lock(mutex_);
      events.swap(events_);
    }
    for (Event& event : events) log_.Append(std::move(event));
  }

 private:
  EventLog<Event>& log_;
  std::mutex flushing_;  // taken before mutex_
  std::mutex mutex_;
  std::vector<Event> events_;
};

}  // namespace flowbroker::engine
