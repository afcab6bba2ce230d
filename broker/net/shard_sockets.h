#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <memory>

#include "broker/base/time.h"
#include "broker/net/connection.h"
#include "broker/net/stream_listener.h"
#include "broker/sip/message_framer.h"

namespace flowbroker::net {

class TlsContext;

/// What all sockets of one shard share. Outlives them. Confined to the shard's thread.
struct ShardSockets {
  boost::asio::io_context& io;
  const Clock& clock;
  ConnectionListener& listener;
  sip::FramerLimits framing;
  sip::FramerLimits accepted_framing;  ///< of connections that user agents open
  /// For one message on such a connection, since its first octet: half of one would hold its memory for ever.
  Duration accepted_message_time = std::chrono::seconds(30);
  /// Of all such connections, in messages that are not whole yet.
  std::size_t max_partial_octets = std::size_t{64} * 1024 * 1024;
  std::size_t partial_octets = 0;
  std::shared_ptr<TlsContext> tls;  ///< of connections begun from now on; null: no TLS attempts are made

  /// Received bytes pass through here, so that an idle flow holds no buffer. 64 KiB: one full datagram.
  std::array<char, 65536> scratch{};
};

/// Begins a connection attempt. Never calls the listener from inside; a socket that cannot even be made ends with
/// OnEnded soon after.
std::shared_ptr<Connection> Connect(ShardSockets& sockets, flow::ConnectionId id, const ConnectSpec& spec);

/// Takes over a connection that the peer has opened; over TLS the handshake comes first. OnConnected follows.
std::shared_ptr<Connection> Adopt(ShardSockets& sockets, flow::ConnectionId id, AcceptedSocket accepted,
                                  Transport transport);

}  // namespace flowbroker::net
