#include "broker/sip/stun_message.h"

#include <algorithm>

#include "broker/base/crc32.h"

namespace flowbroker::sip {
namespace {

constexpr std::size_t kHeaderOctets = 20;
constexpr std::size_t kAttributeHeaderOctets = 4;
constexpr std::size_t kFingerprintOctets = 8;
constexpr std::uint32_t kMagicCookie = 0x2112A442;
constexpr std::uint32_t kFingerprintMask = 0x5354554E;  // "STUN"; RFC 8489 s.14.7
constexpr std::uint16_t kBindingRequest = 0x0001;
constexpr std::uint16_t kBindingSuccess = 0x0101;
constexpr std::uint16_t kBindingError = 0x0111;
constexpr std::uint8_t kIpv4 = 1;
constexpr std::uint8_t kIpv6 = 2;

/// RFC 8489 s.18.3.
enum AttributeType : std::uint16_t {
  kMappedAddress = 0x0001,
  kUsername = 0x0006,
  kMessageIntegrity = 0x0008,
  kErrorCode = 0x0009,
  kUnknownAttributes = 0x000A,
  kRealm = 0x0014,
  kNonce = 0x0015,
  kMessageIntegritySha256 = 0x001C,
  kPasswordAlgorithm = 0x001D,
  kUserHash = 0x001E,
  kXorMappedAddress = 0x0020,
  kFirstOptional = 0x8000,
  kFingerprint = 0x8028,
};

Unexpected Malformed(const char* what) {
  return Unexpected(Failure{FailureReason::kMalformedMessage, what});
}

std::uint8_t Octet(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint8_t>(bytes[at]);
}

std::uint16_t Number16(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint16_t>(Octet(bytes, at) << 8U | Octet(bytes, at + 1));
}

std::uint32_t Number32(std::string_view bytes, std::size_t at) {
  return std::uint32_t{Number16(bytes, at)} << 16U | Number16(bytes, at + 2);
}

constexpr std::size_t Padded(std::size_t octets) {
  return (octets + 3) & ~std::size_t{3};
}

std::uint32_t Fingerprint(std::string_view covered) {
  return Crc32({reinterpret_cast<const std::uint8_t*>(covered.data()), covered.size()}) ^ kFingerprintMask;
}

template <std::size_t size>
std::array<std::uint8_t, size> Unmasked(std::string_view octets, std::string_view mask) {
  std::array<std::uint8_t, size> plain{};
  for (std::size_t i = 0; i < size; ++i) plain[i] = static_cast<std::uint8_t>(Octet(octets, i) ^ Octet(mask, i));
  return plain;
}

/// MAPPED-ADDRESS (s.14.1) with a mask of zeros. XOR-MAPPED-ADDRESS (s.14.2) with what follows the length in the
/// header: the magic cookie, which is also the mask of the port, and the transaction id.
std::optional<Endpoint> ReadAddress(std::string_view value, std::string_view mask) {
  if (value.size() < 4) return std::nullopt;
  const auto port = static_cast<std::uint16_t>(Number16(value, 2) ^ Number16(mask, 0));
  const std::string_view address = value.substr(4);
  if (port == 0) return std::nullopt;
  if (Octet(value, 1) == kIpv4 && address.size() == 4)
    return Endpoint{IpAddress::FromIpv4(Unmasked<4>(address, mask)), port};
  if (Octet(value, 1) == kIpv6 && address.size() == 16) {
    return Endpoint{IpAddress::FromIpv6(Unmasked<16>(address, mask)), port};
  }
  return std::nullopt;
}

std::optional<std::uint16_t> ReadErrorCode(std::string_view value) {
  if (value.size() < 4) return std::nullopt;
  const unsigned hundreds = Octet(value, 2) & 0b111U;
  const unsigned rest = Octet(value, 3);
  if (hundreds < 3 || hundreds > 6 || rest > 99) return std::nullopt;
  return static_cast<std::uint16_t>(hundreds * 100 + rest);
}

/// Takes the attributes of one message in, in order; of those of one type only the first counts (s.14).
class AttributeReader {
 public:
  AttributeReader(StunMessage& message, std::string_view bytes) : message_(message), bytes_(bytes) {}

  /// What is wrong, or null.
  const char* ReadAll() {
    for (std::size_t at = kHeaderOctets; at < bytes_.size();) {
      if (bytes_.size() - at < kAttributeHeaderOctets) return "STUN attribute cut off";
      const std::size_t length = Number16(bytes_, at + 2);
      const std::size_t end = at + kAttributeHeaderOctets + Padded(length);
      if (end > bytes_.size()) return "STUN attribute longer than the message";
      const std::string_view value = bytes_.substr(at + kAttributeHeaderOctets, length);
      if (const char* wrong = Take(Number16(bytes_, at), value, at)) return wrong;
      at = end;
    }
    if (!message_.mapped_address) message_.mapped_address = plain_address_;
    return nullptr;
  }

 private:
  const char* Take(std::uint16_t type, std::string_view value, std::size_t at) {
    if (type == kFingerprint) return TakeFingerprint(value, at);
    if (after_integrity_) return nullptr;  // not protected by it, so to be ignored (s.14.5)
    switch (type) {
      case kXorMappedAddress:
        return TakeAddress(value, bytes_.substr(4, 16), message_.mapped_address);
      case kMappedAddress:
        return TakeAddress(value, std::string_view("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16), plain_address_);
      case kErrorCode:
        return TakeErrorCode(value);
      case kMessageIntegrity:
      case kMessageIntegritySha256:
        after_integrity_ = true;
        return nullptr;
      case kUsername:
      case kUnknownAttributes:
      case kRealm:
      case kNonce:
      case kPasswordAlgorithm:
      case kUserHash:
        return nullptr;
      default:
        if (type < kFirstOptional) message_.unknown.Add(type);
        return nullptr;
    }
  }

  const char* TakeFingerprint(std::string_view value, std::size_t at) {
    if (at + kFingerprintOctets != bytes_.size()) return "STUN FINGERPRINT is not the last attribute";
    if (value.size() != 4) return "STUN FINGERPRINT is not of 4 octets";
    message_.has_fingerprint = Number32(value, 0) == Fingerprint(bytes_.substr(0, at));
    return message_.has_fingerprint ? nullptr : "wrong STUN FINGERPRINT";
  }

  static const char* TakeAddress(std::string_view value, std::string_view mask, std::optional<Endpoint>& address) {
    if (address) return nullptr;
    address = ReadAddress(value, mask);
    return address ? nullptr : "STUN address that is none";
  }

  const char* TakeErrorCode(std::string_view value) {
    if (!message_.error_code) message_.error_code = ReadErrorCode(value);
    return message_.error_code ? nullptr : "STUN ERROR-CODE that is none";
  }

  StunMessage& message_;
  std::string_view bytes_;
  std::optional<Endpoint> plain_address_;  // MAPPED-ADDRESS; NATs that rewrite addresses in packets spoil it
  bool after_integrity_ = false;
};

/// Writes one message from front to back.
class StunWriter {
 public:
  StunWriter(std::uint16_t type, const StunTransactionId& id) {
    Put16(type);
    Put16(0);  // the length, once it is known
    Put16(kMagicCookie >> 16U);
    Put16(kMagicCookie & 0xFFFFU);
    for (const std::uint8_t octet : id.octets) Put8(octet);
  }

  void PutXorMappedAddress(const Endpoint& source) {
    const auto octets = source.address.octets();
    PutAttribute(kXorMappedAddress, 4 + octets.size());
    Put8(0);
    Put8(source.address.is_ipv4() ? kIpv4 : kIpv6);
    const std::string_view mask = written_.view().substr(4, 16);
    Put16(source.port ^ std::uint32_t{Number16(mask, 0)});
    for (std::size_t i = 0; i < octets.size(); ++i) Put8(std::uint32_t{octets[i]} ^ Octet(mask, i));
  }

  void PutErrorCode(std::uint16_t code) {
    PutAttribute(kErrorCode, 4);
    Put16(0);
    Put8(code / 100U);
    Put8(code % 100U);
  }

  void PutUnknownAttributes(std::span<const std::uint16_t> types) {
    PutAttribute(kUnknownAttributes, types.size() * 2);
    for (const std::uint16_t type : types) Put16(type);
    if (types.size() % 2 != 0) Put16(0);  // padding
  }

  WrittenStun Finish(bool with_fingerprint) {
    const std::size_t length = written_.size - kHeaderOctets + (with_fingerprint ? kFingerprintOctets : 0);
    written_.octets[3] = static_cast<char>(length);  // fits: kMaxOctets < 256
    if (!with_fingerprint) return written_;
    const std::uint32_t fingerprint = Fingerprint(written_.view());
    PutAttribute(kFingerprint, 4);
    Put16(fingerprint >> 16U);
    Put16(fingerprint & 0xFFFFU);
    return written_;
  }

 private:
  void PutAttribute(AttributeType type, std::size_t length) {
    Put16(type);
    Put16(static_cast<std::uint32_t>(length));
  }
  void Put16(std::uint32_t number) {
    Put8(number >> 8U);
    Put8(number);
  }
  void Put8(std::uint32_t octet) { written_.octets[written_.size++] = static_cast<char>(octet & 0xFFU); }

  WrittenStun written_;
};

/// The class bits are bits 4 and 8 of the type, the method is the rest (s.5).
StunClass ClassOf(std::uint16_t type) {
  return static_cast<StunClass>((type >> 7U & 0b10U) | (type >> 4U & 0b01U));
}

std::uint16_t MethodOf(std::uint16_t type) {
  return static_cast<std::uint16_t>((type & 0x000FU) | (type >> 1U & 0x0070U) | (type >> 2U & 0x0F80U));
}

}  // namespace

std::optional<std::size_t> StunLength(std::string_view prefix) {
  if (prefix.size() < kStunPrefixOctets || !IsStun(prefix[0]) || Number32(prefix, 4) != kMagicCookie)
    return std::nullopt;
  const std::size_t length = kHeaderOctets + Number16(prefix, 2);
  if (length % 4 != 0 || length > kMaxStunOctets) return std::nullopt;
  return length;
}

StunTransactionId StunTransactionId::Make(RandomSource& random) {
  StunTransactionId id;
  std::uint64_t bits = random.NextBits();
  for (std::size_t i = 0; i < id.octets.size(); ++i) {
    if (i == 8) bits = random.NextBits();
    id.octets[i] = static_cast<std::uint8_t>(bits & 0xFFU);
    bits >>= 8U;
  }
  return id;
}

void StunUnknownAttributes::Add(std::uint16_t type) {
  const auto kept = types();
  if (size_ == kMaxKept || std::find(kept.begin(), kept.end(), type) != kept.end()) return;
  types_[size_++] = type;
}

Expected<StunMessage> ReadStun(std::string_view message) {
  const std::optional<std::size_t> length = StunLength(message);
  if (!length) return Malformed("no STUN message, or one too long");
  if (message.size() != *length) return Malformed("STUN message shorter or longer than it says");
  StunMessage stun;
  const std::uint16_t type = Number16(message, 0);
  stun.message_class = ClassOf(type);
  stun.method = MethodOf(type);
  std::copy_n(message.begin() + kStunPrefixOctets, stun.id.octets.size(), stun.id.octets.begin());
  if (const char* wrong = AttributeReader(stun, message).ReadAll()) return Malformed(wrong);
  return stun;
}

WrittenStun WriteBindingRequest(const StunTransactionId& id, bool with_fingerprint) {
  return StunWriter(kBindingRequest, id).Finish(with_fingerprint);
}

WrittenStun WriteBindingAnswer(const StunTransactionId& id, const Endpoint& source, bool with_fingerprint) {
  StunWriter writer(kBindingSuccess, id);
  writer.PutXorMappedAddress(source);
  return writer.Finish(with_fingerprint);
}

WrittenStun WriteBindingError(const StunTransactionId& id, std::uint16_t code, const StunUnknownAttributes& unknown,
                              bool with_fingerprint) {
  StunWriter writer(kBindingError, id);
  writer.PutErrorCode(code);
  if (!unknown.empty()) writer.PutUnknownAttributes(unknown.types());
  return writer.Finish(with_fingerprint);
}

}  // namespace flowbroker::sip
