#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace flowbroker {

/// The transports a SIP message can leave on (RFC 3261 s.18, Via transport names).
enum class Transport : std::uint8_t {
  kUdp,  ///< datagrams; one message each
  kTcp,  ///< stream, framed by Content-Length
  kTls,  ///< TLS over TCP; the only one a `sips:` URI may use
};

/// Whether a connection (and therefore a connect attempt) exists for `transport` (H10).
constexpr bool IsConnectionOriented(Transport transport) {
  return transport != Transport::kUdp;
}

/// The port when neither the URI nor an SRV record names one (RFC 3261 s.19.1.2): 5060, TLS 5061.
constexpr std::uint16_t DefaultPort(Transport transport) {
  return transport == Transport::kTls ? 5061 : 5060;
}

/// "UDP", "TCP" or "TLS", as written in a Via header.
constexpr std::string_view ToString(Transport transport) {
  switch (transport) {
    case Transport::kUdp:
      return "UDP";
    case Transport::kTcp:
      return "TCP";
    case Transport::kTls:
      return "TLS";
  }
  __builtin_unreachable();
}

/// A set of transports; value type of one byte.
class TransportSet {
 public:
  constexpr TransportSet() = default;
  static constexpr TransportSet All() { return TransportSet{0b111}; }
  static constexpr TransportSet Of(Transport transport) { return TransportSet{Bit(transport)}; }

  constexpr void Add(Transport transport) { bits_ = static_cast<std::uint8_t>(bits_ | Bit(transport)); }
  constexpr bool Contains(Transport transport) const { return (bits_ & Bit(transport)) != 0; }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr TransportSet Intersect(TransportSet other) const {
    return TransportSet{static_cast<std::uint8_t>(bits_ & other.bits_)};
  }
  friend constexpr bool operator==(TransportSet, TransportSet) = default;

 private:
  explicit constexpr TransportSet(std::uint8_t bits) : bits_(bits) {}
  static constexpr std::uint8_t Bit(Transport transport) {
    return static_cast<std::uint8_t>(1U << static_cast<unsigned>(transport));
  }
  std::uint8_t bits_ = 0;
};

}  // namespace flowbroker
