#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "broker/base/expected.h"
#include "broker/base/target.h"
#include "broker/flow/connection_id.h"

namespace flowbroker::flow {

/// What a token says: the flow that came to `local` from `remote`. Both of one family.
struct FlowAddresses {
  Transport transport;
  Endpoint local;
  Endpoint remote;

  friend bool operator==(const FlowAddresses&, const FlowAddresses&) = default;
};

/// Leftmost 80 bits of an HMAC-SHA1 (RFC 2104 s.5).
using TokenTag = std::array<std::uint8_t, 10>;

/// The keys of this edge. Lives outside the pure code, which knows no cryptography.
class TokenMac {
 public:
  virtual ~TokenMac() = default;

  /// HMAC-SHA1-80 of `octets` under the key of that id; nothing where there is no such key.
  virtual std::optional<TokenTag> HmacSha1_80(std::uint8_t key_id, std::span<const std::uint8_t> octets) const = 0;
};

/// Why a text is no token of ours. The first is a defect of the sender; to the others a proxy answers 403 (E4).
enum class TokenDefect : std::uint8_t {
  kMalformed,   ///< not what MintToken writes: length, alphabet, bits left over, transport
  kUnknownKey,  ///< minted under a key that is not here: rotated out, of another edge, or made up
  kForged,      ///< the key is here, but did not make this token
};

/// "malformed", "unknown_key" or "forged".
std::string_view ToString(TokenDefect defect);

/// A flow token for the user part of a Path or Record-Route URI: algorithm 2 of draft-ietf-sip-outbound-02 s.5.2, which
/// is the one of RFC 5626 s.5.2 (E1, E3).
///
///     token = base64url(HMAC-SHA1-80(K, S) + S)            K: 20 random octets
///     S = key id (1 octet), transport (1 octet: 1 UDP, 2 TCP, 3 TLS), local address, local port, remote address,
///         remote port; all in network order
///
/// 32 characters for IPv4 and 64 for IPv6, all of them `unreserved` (RFC 3261 s.25.1): no element ever escapes them in
/// a user part. The key id is there so that keys can be changed while old tokens are still about; it is in S, so that a
/// token cannot be moved to another key. A token says who sent from where when it was minted, not that the flow lives.
///
/// kInvalidArgument: addresses of two families, or no key of that id.
Expected<std::string> MintToken(const FlowAddresses& flow, std::uint8_t key_id, const TokenMac& mac);

/// What the token says, once it is sure that one of the keys minted it. Takes any text, whatever its length; the tag is
/// compared in constant time. No allocation.
tl::expected<FlowAddresses, TokenDefect> ReadToken(std::string_view token, const TokenMac& mac);

/// A moment as RFC 1305 writes it: seconds since 1900-01-01 UTC in the upper 32 bits, a fraction in the lower ones.
struct NtpTime {
  std::uint64_t value;
  friend bool operator==(const NtpTime&, const NtpTime&) = default;
};

/// What a token of algorithm 1 says: which connection, and when it began.
struct FlowDescriptor {
  ConnectionId connection;
  NtpTime created;
  friend bool operator==(const FlowDescriptor&, const FlowDescriptor&) = default;
};

/// Algorithm 1 of the same section (E2): base64url(connection id (8 octets) + creation time (8 octets)), 22 characters.
/// Nothing protects it: whoever can write one hijacks calls. It "MUST NOT be used unless all messages between the Edge
/// proxy and Registrar use a SIPS protected transport": only where the next hop is SIPS and an operator asked for it.
/// Our connection ids are never reused and name flows on UDP too, so these need no form of their own.
std::string MintDescriptorToken(const FlowDescriptor& flow);

/// Nothing for anything that MintDescriptorToken does not write. That it can be read proves nothing: the caller
/// compares both parts with those of a flow that lives.
std::optional<FlowDescriptor> ReadDescriptorToken(std::string_view token);

}  // namespace flowbroker::flow

template <>
struct std::hash<flowbroker::flow::FlowAddresses> {
  std::size_t operator()(const flowbroker::flow::FlowAddresses& flow) const noexcept {
    return std::hash<flowbroker::Endpoint>{}(flow.remote) ^ (std::hash<flowbroker::Endpoint>{}(flow.local) * 31) ^
           static_cast<std::size_t>(flow.transport);
  }
};
