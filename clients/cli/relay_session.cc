#include "clients/cli/relay_session.h"

#include <utility>

namespace flowbroker::cli {

RelaySession::RelaySession(client::ClientOptions broker, const std::string& group) : client_(std::move(broker)) {
  stream_ = client_.OpenRelay({.client_group = group},
                              {.on_message = [this](client::IncomingMessage message) { Push(std::move(message)); },
                               .on_send_failure = [this](client::SendFailure failure) { Push(std::move(failure)); },
                               .on_writable = {},
                               .on_closed = [this](client::Result<void> end) { Push(RelayEnd{std::move(end)}); }});
}

void RelaySession::Push(RelayEvent event) {
  const std::lock_guard lock(mutex_);
  events_.push_back(std::move(event));
  arrived_.notify_one();
}

std::optional<RelayEvent> RelaySession::Next(std::chrono::system_clock::time_point deadline) {
  std::unique_lock lock(mutex_);
  if (!arrived_.wait_until(lock, deadline, [this] { return !events_.empty(); })) return std::nullopt;
  RelayEvent event = std::move(events_.front());
  events_.pop_front();
  return event;
}

}  // namespace flowbroker::cli
