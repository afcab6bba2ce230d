#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <variant>

#include "clients/cpp/flowbroker_client.h"

namespace flowbroker::cli {

/// The end of a relay stream.
struct RelayEnd {
  client::Result<void> result;
};
using RelayEvent = std::variant<client::IncomingMessage, client::SendFailure, RelayEnd>;

/// A RelayStream whose events are waited for, as a command does that has nothing else to do.
class RelaySession {
 public:
  RelaySession(client::ClientOptions broker, const std::string& group);

  client::RelayStream& stream() { return *stream_; }

  /// The next event; nothing if none came until `deadline`.
  std::optional<RelayEvent> Next(std::chrono::system_clock::time_point deadline);

 private:
  void Push(RelayEvent event);

  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<RelayEvent> events_;
  client::Client client_;
  std::unique_ptr<client::RelayStream> stream_;  // last: no event after its end
};

}  // namespace flowbroker::cli
