#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "broker/base/expected.h"
#include "broker/dns/records.h"
#include "broker/flow/connection_id.h"
#include "broker/net/connection.h"
#include "broker/net/owned_descriptor.h"

namespace flowbroker::engine {

struct OpenConnection {
  flow::ConnectionId id;
  net::ConnectSpec spec;
};
struct CloseConnection {
  flow::ConnectionId id;
};
struct SendBytes {
  flow::ConnectionId id;
  std::string bytes;
};
/// On a datagram listener of the edge.
struct SendDatagram {
  std::uint16_t listener;
  Endpoint remote;
  std::string bytes;
};
struct PauseReading {
  flow::ConnectionId id;
};
struct ResumeReading {
  flow::ConnectionId id;
};
/// Gives the connection's socket away; `taken` gets it, or why it cannot be had, on the shard's thread.
struct HandOver {
  using Taken = std::function<void(Expected<net::OwnedDescriptor>)>;
  flow::ConnectionId id;
  Taken taken;
};
struct AskDns {
  dns::Question question;
  std::string tenant;  ///< who wants to know
};

/// What a shard's core wants done on the shard's thread, in order.
using IoAction = std::variant<OpenConnection, CloseConnection, SendBytes, SendDatagram, PauseReading, ResumeReading,
                              HandOver, AskDns>;

/// What one call of a shard's core wants done after the shard's lock is released.
struct ShardActions {
  std::vector<IoAction> io;                  ///< on the shard's thread
  std::vector<std::function<void()>> calls;  ///< callers' callbacks, on whatever thread is there

  std::size_t send_octets = 0;  ///< in all SendBytes and SendDatagram that callers want sent

  bool empty() const { return io.empty() && calls.empty(); }
};

}  // namespace flowbroker::engine
