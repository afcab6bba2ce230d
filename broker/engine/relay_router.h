#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "broker/engine/relay.h"
#include "broker/flow/owner.h"
#include "broker/sip/message_head.h"

namespace flowbroker::engine {

/// Which Relay stream gets a message that came in on a flow: a reply goes to the stream that sent the request (by the
/// branch of its topmost Via), any other message to one stream of the flow's owner (by Call-ID, so that a dialog
/// stays together). One per shard, under the shard's lock.
class RelayRouter {
 public:
  explicit RelayRouter(std::size_t max_pending_transactions) : max_pending_(max_pending_transactions) {}

  void Attach(RelayId relay, flow::Owner owner, std::shared_ptr<RelaySink> sink);
  void Detach(RelayId relay);

  /// The sink of an attached stream; null when it has been detached.
  RelaySink* SinkOf(RelayId relay) const;
  /// The owner of an attached stream; null when it has been detached.
  const flow::Owner* OwnerOf(RelayId relay) const;

  /// Remembers that `relay` sent the request with this branch. The oldest is forgotten beyond the limit.
  void NoteRequest(std::string_view branch, RelayId relay);

  /// The stream for a message of a flow of `owner`; nothing where none is attached.
  std::optional<RelayId> Route(const sip::MessageHead& head, const flow::Owner& owner) const;

 private:
  struct Stream {
    flow::Owner owner;
    std::shared_ptr<RelaySink> sink;
  };

  const std::size_t max_pending_;
  std::unordered_map<RelayId, Stream> streams_;
  std::unordered_map<flow::Owner, std::vector<RelayId>> of_owner_;
  std::unordered_map<std::size_t, RelayId> transactions_;  // by hash of branch and owner
  std::deque<std::size_t> transaction_age_;                // oldest first
};

}  // namespace flowbroker::engine
