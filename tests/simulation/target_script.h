#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "broker/base/ip_address.h"
#include "broker/base/time.h"

namespace flowbroker::simulation {

/// How a target of the scripted network, and the way to it, behave. Every packet meets the script of its own time, so
/// that a copy of a SYN gets through once the network is repaired.
struct TargetScript {
  enum class Kind : std::uint8_t {
    kAnswers,             ///< connects after one RTT, TLS after one more, answers every OPTIONS and ping after one
    kSilent,              ///< every packet vanishes
    kRefuses,             ///< RST after one RTT
    kStallsTls,           ///< TCP connects, the handshake never ends
    kBadIdentity,         ///< TLS handshake ends with a certificate for somebody else
    kHostUnreachable,     ///< ICMP after one RTT
    kNetworkUnreachable,  ///< the same
    kResets,              ///< RST one RTT after the connect, whatever is sent
  };
  Kind kind = Kind::kAnswers;
  Duration rtt = std::chrono::milliseconds(20);  ///< the shortest
  Duration jitter = Duration::zero();            ///< mean of what comes on top, exponentially distributed
  bool answers_pings = true;                     ///< CRLF CRLF; elements of plain RFC 3261 need not
  /// Our address as the target sees it and tells by STUN; absent: the true one.
  std::optional<Endpoint> mapped = std::nullopt;
  std::string_view certified = {};  ///< another DNS name in the certificate, besides the one asked for
  double loss = 0;                  ///< probability that a packet is lost, each way
};

}  // namespace flowbroker::simulation
