#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "broker/base/expected.h"
#include "broker/base/failure.h"
#include "broker/base/target.h"
#include "broker/base/time.h"
#include "broker/flow/connection_id.h"
#include "broker/flow/tls_identities.h"
#include "broker/net/owned_descriptor.h"
#include "broker/sip/message_framer.h"

namespace flowbroker::net {

/// What one connection attempt shall do.
struct ConnectSpec {
  Target target;
  std::optional<IpAddress> local_address = std::nullopt;  ///< bind to it; absent: the kernel chooses
  std::string local_interface = {};                       ///< bind to it; empty: the kernel chooses
  std::string tls_identity = {};                          ///< TLS only: identity the certificate must carry (RFC 5922)
  bool for_handoff = false;                               ///< TCP only: never read from, so that HandOver loses nothing
};

/// Told what happens on the sockets of one shard, on the shard's thread. A connection may be closed from inside any of
/// these calls.
class ConnectionListener {
 public:
  virtual ~ConnectionListener() = default;

  /// TCP is up and the TLS handshake begins. `rtt` of the connect; absent where a SYN was retransmitted.
  virtual void OnTlsBegins(flow::ConnectionId id, std::optional<Duration> rtt) = 0;
  /// The peer's certificate is verified and speaks for `peer`. OnConnected follows at once.
  virtual void OnTlsVerified(flow::ConnectionId id, flow::TlsIdentities peer) = 0;
  /// Bytes can be sent: TCP connected, TLS verified, UDP socket bound. `rtt` of the last stage (TCP or TLS); absent
  /// where it is unknown.
  virtual void OnConnected(flow::ConnectionId id, const Endpoint& local, std::optional<Duration> rtt) = 0;
  /// Complete messages and keep-alives, in order; the views are valid during the call only.
  virtual void OnReceived(flow::ConnectionId id, std::span<const sip::MessageFramer::Item> items) = 0;
  /// The number of octets that wait for the kernel has changed, other than by Send.
  virtual void OnQueueChanged(flow::ConnectionId id) = 0;
  /// The connection ended, before or after OnConnected, other than by Close. Nothing follows.
  virtual void OnEnded(flow::ConnectionId id, const Failure& failure) = 0;
};

/// One socket of a shard, from the start of its attempt to its close. Confined to the shard's thread.
class Connection {
 public:
  virtual ~Connection() = default;

  /// Sends what the kernel takes and queues the rest.
  /// @pre OnConnected was called
  virtual void Send(std::string_view bytes) = 0;

  /// Octets that wait for the kernel to take them.
  virtual std::size_t queued() const = 0;

  /// Stops and resumes reading, so that a slow consumer is felt by the peer.
  virtual void PauseReading() = 0;
  virtual void ResumeReading() = 0;

  /// Gives the socket away, as it is: non-blocking, and with all that the peer has sent. Fails, and changes nothing,
  /// where the connection has ended or was not made for that. No listener call follows a success.
  virtual Expected<OwnedDescriptor> HandOver() = 0;

  /// Closes the socket; no listener call follows. TLS says goodbye first where that does not block.
  virtual void Close() = 0;
};

}  // namespace flowbroker::net
