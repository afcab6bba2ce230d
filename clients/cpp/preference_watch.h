#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "clients/cpp/history.h"
#include "clients/cpp/result.h"

namespace flowbroker::client {

class EventLoop;

struct PreferenceWatchOptions {
  /// Resume after this sequence number. Zero: only what comes from now on.
  std::uint64_t after_sequence = 0;
  std::string interface = {};  ///< empty: all
};

/// What a PreferenceWatch tells. Threads as in RelayHandlers.
struct PreferenceWatchHandlers {
  /// The watch is in place; whatever changes from now on is reported.
  std::function<void(std::uint64_t latest_sequence)> on_ready = {};
  std::function<void(PreferenceEvent)> on_event = {};
  /// Last call. OUT_OF_RANGE: the events to resume from are no longer kept; list the preferences and watch from now on.
  std::function<void(Error)> on_closed = {};
};

/// Changes of what the broker thinks of prefixes, as they happen. Ends and resumes like a FlowWatch.
class PreferenceWatch {
 public:
  class State;
  PreferenceWatch(std::shared_ptr<EventLoop> loop, std::shared_ptr<State> state);
  PreferenceWatch(const PreferenceWatch&) = delete;
  PreferenceWatch& operator=(const PreferenceWatch&) = delete;
  ~PreferenceWatch();

  /// Sequence number to resume from: everything up to it was handed to on_event, or is of another interface.
  std::uint64_t last_sequence() const;

 private:
  std::shared_ptr<EventLoop> loop_;
  std::shared_ptr<State> state_;
};

}  // namespace flowbroker::client
