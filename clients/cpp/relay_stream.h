#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "clients/cpp/result.h"

namespace flowbroker::client {

class EventLoop;

/// A SIP message that came in.
struct IncomingMessage {
  std::string flow_id;
  std::string message;
  std::optional<EdgeOrigin> origin = std::nullopt;  ///< absent: the broker has opened the flow
};

/// A message that the broker did not send.
struct SendFailure {
  std::string flow_id;
  std::uint64_t tag = 0;
  std::string failure;  ///< "unknown_flow", "limit_reached", ...
  std::string detail;
};

struct RelayOptions {
  std::string client_group = {};
  std::size_t max_queued_messages = 10'000;                     ///< messages waiting for the broker
  std::size_t max_queued_bytes = std::size_t{8} * 1024 * 1024;  ///< their octets
  std::size_t max_messages_per_frame = 64;                      ///< messages that share a frame when the stream is busy
  std::size_t max_bytes_per_frame = std::size_t{512} * 1024;    ///< a frame is closed once it holds this much
};

/// What a RelayStream tells. Called on the client's event thread, one at a time; a handler that does not return holds
/// up every stream of the client, and back-pressures the flows. Handlers may call Send, and may destroy the stream.
/// Each may be empty.
struct RelayHandlers {
  std::function<void(IncomingMessage)> on_message = {};
  std::function<void(SendFailure)> on_send_failure = {};
  /// The queue had refused a message and is half empty again.
  std::function<void()> on_writable = {};
  /// The broker ends in `time_left` and has no new flows: acquire them elsewhere, finish what is under way, then
  /// CloseWhenSent.
  std::function<void(Duration time_left)> on_draining = {};
  /// Last call. A value: the broker ended the stream after CloseWhenSent. Queued messages may be lost with an error.
  std::function<void(Result<void>)> on_closed = {};
};

/// Sends and receives SIP messages over any number of flows. One stream carries a lot; messages that queue up while a
/// frame is being written share the next one. Does not reconnect: on_closed says why it ended, the owner decides.
/// Thread-safe. After the destructor has returned no handler runs, unless a handler itself destroyed the stream.
class RelayStream {
 public:
  class State;
  RelayStream(std::shared_ptr<EventLoop> loop, std::shared_ptr<State> state);
  RelayStream(const RelayStream&) = delete;
  RelayStream& operator=(const RelayStream&) = delete;
  /// Drops what is queued.
  ~RelayStream();

  /// Queues `message`, complete as it shall appear on the wire, for `flow_id`; in order per flow. Never blocks. Errors:
  /// kQueueFull, kStreamClosed. `tag` comes back in SendFailure.
  Result<void> Send(std::string_view flow_id, std::string_view message, std::uint64_t tag = 0);

  /// Sends what is queued, then tells the broker that nothing follows. Messages may still come in until on_closed.
  void CloseWhenSent();

 private:
  std::shared_ptr<EventLoop> loop_;
  std::shared_ptr<State> state_;
};

}  // namespace flowbroker::client
