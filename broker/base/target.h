#pragma once

#include <compare>
#include <functional>
#include <string>

#include "broker/base/ip_address.h"
#include "broker/base/transport.h"

namespace flowbroker {

/// An address/port/transport triple to which a SIP message can be sent (draft-worley-sipcore-dual-stack, Terminology).
struct Target {
  Endpoint endpoint;
  Transport transport;

  AddressFamily family() const { return endpoint.address.family(); }

  /// "TCP 192.0.2.1:5060".
  std::string ToString() const { return std::string(flowbroker::ToString(transport)) + " " + endpoint.ToString(); }

  friend bool operator==(const Target&, const Target&) = default;
  friend auto operator<=>(const Target&, const Target&) = default;
};

/// The stages an attempt on a target goes through; each has its own round-trip estimate (design: racing).
enum class AttemptStage : std::uint8_t {
  kTcp,    ///< from SYN to connected
  kTls,    ///< from ClientHello to verified certificate
  kProbe,  ///< from request or ping to its answer (UDP `OPTIONS`, CRLF CRLF)
};

/// "TCP", "TLS" or "probe".
constexpr std::string_view ToString(AttemptStage stage) {
  switch (stage) {
    case AttemptStage::kTcp:
      return "TCP";
    case AttemptStage::kTls:
      return "TLS";
    case AttemptStage::kProbe:
      return "probe";
  }
  __builtin_unreachable();
}

/// The stage an attempt on `transport` begins with.
constexpr AttemptStage FirstStage(Transport transport) {
  return transport == Transport::kUdp ? AttemptStage::kProbe : AttemptStage::kTcp;
}

}  // namespace flowbroker

template <>
struct std::hash<flowbroker::Target> {
  std::size_t operator()(const flowbroker::Target& t) const noexcept {
    return std::hash<flowbroker::Endpoint>{}(t.endpoint) * 4 + static_cast<std::size_t>(t.transport);
  }
};
