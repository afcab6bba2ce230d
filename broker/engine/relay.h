#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/base/failure.h"
#include "broker/base/target.h"
#include "broker/flow/flow_id.h"

namespace flowbroker::engine {

/// Where a message of a user agent came in (N3, E1).
struct EdgeOrigin {
  std::string listener;  ///< "tcp:192.0.2.1:5060"
  std::string token;     ///< of its flow
  Transport transport;
  Endpoint remote;            ///< its sender, as we see it
  bool states_other_address;  ///< its topmost Via names another: there is a NAT between
};

/// A message that came in on a flow.
struct InboundMessage {
  flow::FlowId flow;
  std::string bytes;
  std::optional<EdgeOrigin> origin = std::nullopt;  ///< set where a user agent has opened the flow
};

/// The receiving end of one Relay stream, implemented by the RPC side. Called on shard threads, by several at once.
class RelaySink {
 public:
  virtual ~RelaySink() = default;

  /// Takes a message. False when the stream is full: `message` is left untouched, the broker stops reading that flow
  /// and offers the message again after ResumeRelay, unless too much of the client group waits already
  /// (FlowOptions::held_octets_per_group): then it is dropped, with an event. Must not block and must not call back
  /// into the broker. A shard's lock is held: never call the broker while holding a lock that Offer takes.
  virtual bool Offer(InboundMessage& message) = 0;
};

using RelayId = std::uint64_t;

/// A message to send. `bytes` is borrowed for the duration of the call.
struct OutboundMessage {
  flow::FlowId flow;
  std::string_view bytes;
};

}  // namespace flowbroker::engine
