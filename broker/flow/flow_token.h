#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "broker/base/expected.h"
#include "broker/flow/flow_addresses.h"

namespace flowbroker::flow {

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

}  // namespace flowbroker::flow
