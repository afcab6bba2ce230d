#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "broker/base/expected.h"
#include "broker/base/ip_address.h"
#include "broker/base/random_source.h"

namespace flowbroker::sip {

// The part of STUN (RFC 8489, as RFC 5389) that keep-alives of SIP flows need: Binding requests and their answers, on
// the same port as SIP (S9, E6, O5). MESSAGE-INTEGRITY is read over and not judged: the broker shares no STUN password
// with anybody. Messages without the magic cookie (RFC 3489) are not STUN here.

/// Whether a datagram, or what comes next on a stream, is STUN and not SIP or CRLF, told by its first octet (E6). The
/// two top bits are 0 in STUN; as they are in CR, this asks for the other five method bits too, which no method in use
/// sets.
constexpr bool IsStun(char first_octet) {
  return first_octet == '\x00' || first_octet == '\x01';
}

/// Longest STUN message that is read: what fits a datagram on Ethernet. Ours are at most 56 octets long.
inline constexpr std::size_t kMaxStunOctets = 1500;

/// So many octets of a STUN message tell its length.
inline constexpr std::size_t kStunPrefixOctets = 8;

/// Octets of the whole STUN message that `prefix` begins; for cutting a stream into messages (E6). Nothing while
/// `prefix` is shorter than kStunPrefixOctets, and where it begins no STUN message or one of more than kMaxStunOctets.
std::optional<std::size_t> StunLength(std::string_view prefix);

/// Ties an answer to its request; unguessable, so that nobody off the path can answer (RFC 8489 s.5).
struct StunTransactionId {
  std::array<std::uint8_t, 12> octets{};

  /// Uses 96 bits of `random`, which must be a cryptographic one outside tests.
  static StunTransactionId Make(RandomSource& random);

  friend bool operator==(const StunTransactionId&, const StunTransactionId&) = default;
};

enum class StunClass : std::uint8_t {
  kRequest,     ///< to be answered
  kIndication,  ///< wants no answer
  kSuccess,     ///< success response
  kError,       ///< error response
};

/// The Binding method, the only one of use to us.
inline constexpr std::uint16_t kStunBinding = 0x001;

/// Types of attributes of which the sender says that they must be understood, and which we do not understand. The first
/// few different ones: one is reason enough for a 420.
class StunUnknownAttributes {
 public:
  static constexpr std::size_t kMaxKept = 8;

  std::span<const std::uint16_t> types() const { return {types_.data(), size_}; }
  bool empty() const { return size_ == 0; }

  /// Does nothing where `type` is in already or kMaxKept are.
  void Add(std::uint16_t type);

 private:
  std::array<std::uint16_t, kMaxKept> types_{};
  std::uint8_t size_ = 0;
};

/// What the broker reads of a STUN message. A value without heap memory.
struct StunMessage {
  StunClass message_class = StunClass::kRequest;
  std::uint16_t method = kStunBinding;
  StunTransactionId id;
  std::optional<Endpoint> mapped_address;   ///< XOR-MAPPED-ADDRESS, else MAPPED-ADDRESS
  std::optional<std::uint16_t> error_code;  ///< 300..699
  bool has_fingerprint = false;             ///< FINGERPRINT is there and right
  StunUnknownAttributes unknown;            ///< a request with such is answered with 420 (RFC 8489 s.6.3.1)
};

/// Reads one whole STUN message of exactly these octets. Total and linear; no allocation but for a failure's text.
/// Fails with kMalformedMessage, also for a FINGERPRINT that is wrong or not the last attribute.
Expected<StunMessage> ReadStun(std::string_view message);

/// A written STUN message; a value without heap memory, since an edge writes tens of thousands each second.
struct WrittenStun {
  /// Of a 420 with as many unknown attributes as are kept, and a FINGERPRINT.
  static constexpr std::size_t kMaxOctets = 56;

  std::array<char, kMaxOctets> octets{};
  std::size_t size = 0;

  /// Valid as long as this object.
  std::string_view view() const { return {octets.data(), size}; }
};

/// A Binding request. FINGERPRINT tells it apart from everything else on the port beyond doubt, for 8 octets more.
WrittenStun WriteBindingRequest(const StunTransactionId& id, bool with_fingerprint);

/// The success response to the Binding request `id` that came from `source`: XOR-MAPPED-ADDRESS. With FINGERPRINT where
/// the request had one (RFC 8489 s.6.3.1.1).
WrittenStun WriteBindingAnswer(const StunTransactionId& id, const Endpoint& source, bool with_fingerprint);

/// The error response `code` to the Binding request `id`; 420 names what was unknown. Without reason phrase, so that a
/// forged source address gains a flood as little as possible.
/// @pre 300 <= code <= 699
WrittenStun WriteBindingError(const StunTransactionId& id, std::uint16_t code, const StunUnknownAttributes& unknown,
                              bool with_fingerprint);

}  // namespace flowbroker::sip
