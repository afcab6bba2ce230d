#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace flowbroker {

/// Characters that `octets` octets become: no padding.
constexpr std::size_t Base64UrlLength(std::size_t octets) {
  return (octets * 4 + 2) / 3;
}

/// The URL- and filename-safe alphabet of RFC 3548 s.4 (A-Z a-z 0-9 - _), without padding. All of it is `unreserved` in
/// RFC 3261 s.25.1, so that no element ever escapes it in a URI.
std::string EncodeBase64Url(std::span<const std::uint8_t> octets);

/// Fills `octets` from the text. False for any other length than theirs, any other character, and bits left over that
/// are not zero, so that no two texts are equal in octets; what `octets` hold then means nothing.
bool DecodeBase64Url(std::string_view text, std::span<std::uint8_t> octets);

}  // namespace flowbroker
