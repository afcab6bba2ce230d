#include "broker/engine/broker_handoff.h"

#include <boost/asio/post.hpp>
#include <future>
#include <utility>

namespace flowbroker::engine {

Expected<void> BrokerHandoff::Listen() {
  const HandoffOptions& options = state_.options.handoff;
  if (options.socket.empty()) return {};
  auto listener = net::HandoffListener::Open(
      shards_.front()->io(),
      {.path = options.socket,
       .uids = options.uids,
       .max_connections = options.max_connections,
       .time_limit = options.time_limit},
      [this](const flow::HandoffTicket& ticket, auto answer) { OnTicket(ticket, std::move(answer)); },
      [this](net::HandoffOutcome outcome) { state_.observer.OnHandoff(outcome); });
  if (!listener) return Unexpected(listener.error());
  listener_ = std::move(*listener);
  listener_->Start();
  return {};
}

void BrokerHandoff::Close() {
  if (listener_ == nullptr || std::exchange(closed_, true)) return;
  std::promise<void> closed;
  boost::asio::post(shards_.front()->io(), [&] {
    listener_->Close();
    closed.set_value();
  });
  closed.get_future().wait();
}

void BrokerHandoff::OnTicket(const flow::HandoffTicket& ticket, net::HandoffListener::Answer answer) {
  if (ticket.shard() >= shards_.size()) return answer(Unexpected({FailureReason::kUnknownFlow, ""}));
  shards_[ticket.shard()]->WithCore(
      [&](ShardCore& core, TimePoint now) { core.handoffs().Redeem(ticket, std::move(answer), now); });
}

}  // namespace flowbroker::engine
