#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "clients/cpp/result.h"

namespace flowbroker::client {

class EventLoop;

struct WatchOptions {
  /// Resume after this sequence number. Zero: only what comes from now on.
  std::uint64_t after_sequence = 0;
  std::optional<std::string> client_group = std::nullopt;  ///< absent: all
};

/// What a FlowWatch tells. Threads as in RelayHandlers.
struct WatchHandlers {
  /// The watch is in place; whatever happens from now on is reported.
  std::function<void(std::uint64_t latest_sequence)> on_ready = {};
  std::function<void(FlowEvent)> on_event = {};
  /// Last call. OUT_OF_RANGE: the events to resume from are no longer kept; list the flows and watch from now on.
  std::function<void(Error)> on_closed = {};
};

/// The life of flows as it happens. Ends with its destructor or with on_closed; to go on after an error, open another
/// with `after_sequence = last_sequence()`. A restarted broker counts from 1 again.
class FlowWatch {
 public:
  class State;
  FlowWatch(std::shared_ptr<EventLoop> loop, std::shared_ptr<State> state);
  FlowWatch(const FlowWatch&) = delete;
  FlowWatch& operator=(const FlowWatch&) = delete;
  ~FlowWatch();

  /// Sequence number to resume from: everything up to it was handed to on_event, or is of another group.
  std::uint64_t last_sequence() const;

 private:
  std::shared_ptr<EventLoop> loop_;
  std::shared_ptr<State> state_;
};

}  // namespace flowbroker::client
