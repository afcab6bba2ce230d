#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "clients/cpp/result.h"

namespace flowbroker::client {

class EventLoop;

struct FlowWatchOptions {
  /// Resume after this sequence number. Zero: only what comes from now on. So in the other watches.
  std::uint64_t after_sequence = 0;
  std::optional<std::string> client_group = std::nullopt;  ///< absent: all
};

struct PreferenceWatchOptions {
  std::uint64_t after_sequence = 0;
  std::string interface = {};  ///< empty: all
};

struct BindingWatchOptions {
  std::uint64_t after_sequence = 0;
  std::string aor = {};  ///< empty: all
};

struct FlowSetWatchOptions {
  std::string name;
  std::uint64_t after_sequence = 0;
};

/// What a Watch tells. Threads as in RelayHandlers.
template <typename Event>
struct WatchHandlers {
  /// The watch is in place; whatever happens from now on is reported.
  std::function<void(std::uint64_t latest_sequence)> on_ready = {};
  std::function<void(Event)> on_event = {};
  /// Last call. OUT_OF_RANGE: the events to resume from are no longer kept; list or look up, and watch from now on.
  std::function<void(Error)> on_closed = {};
};

/// Numbered events as they happen. Ends with its destructor or with on_closed; to go on after an error, open another
/// with `after_sequence = last_sequence()`. A restarted broker counts from 1 again.
class Watch {
 public:
  class State;
  Watch(std::shared_ptr<EventLoop> loop, std::shared_ptr<State> state);
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;
  ~Watch();

  /// Sequence number to resume from: everything up to it was handed to on_event, or was not asked for.
  std::uint64_t last_sequence() const;

 private:
  std::shared_ptr<EventLoop> loop_;
  std::shared_ptr<State> state_;
};

}  // namespace flowbroker::client
