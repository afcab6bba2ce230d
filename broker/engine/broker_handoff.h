#pragma once

#include <memory>
#include <vector>

#include "broker/engine/broker_state.h"
#include "broker/engine/shard.h"
#include "broker/net/handoff_listener.h"

namespace flowbroker::engine {

/// The socket of a broker on which tickets become descriptors. Lives between the start of the shards and their end.
class BrokerHandoff {
 public:
  using Shards = std::vector<std::unique_ptr<Shard>>;

  BrokerHandoff(BrokerState& state, const Shards& shards) : state_(state), shards_(shards) {}

  /// Opens the socket, where there shall be one. To be called before the shards start.
  Expected<void> Listen();
  /// Takes no further tickets. To be called before the shards stop; idempotent, one thread at a time.
  void Close();

 private:
  void OnTicket(const flow::HandoffTicket& ticket, net::HandoffListener::Answer answer);

  BrokerState& state_;
  const Shards& shards_;
  std::unique_ptr<net::HandoffListener> listener_;  // on the first shard's thread; null: no handoff
  bool closed_ = false;
};

}  // namespace flowbroker::engine
