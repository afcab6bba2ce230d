#include "broker/base/base64url.h"

#include <array>

namespace flowbroker {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::uint8_t kForeign = 0xFF;

constexpr std::array<std::uint8_t, 256> kValues = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(kForeign);
  for (std::size_t n = 0; n < kAlphabet.size(); ++n) {
    values[static_cast<unsigned char>(kAlphabet[n])] = static_cast<std::uint8_t>(n);
  }
  return values;
}();

}  // namespace

std::string EncodeBase64Url(std::span<const std::uint8_t> octets) {
  std::string text(Base64UrlLength(octets.size()), '\0');
  std::size_t end = 0;
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (const std::uint8_t octet : octets) {
    bits = bits << 8U | octet;
    for (held += 8; held >= 6; held -= 6) text[end++] = kAlphabet[bits >> (held - 6) & 63U];
  }
  if (held > 0) text[end] = kAlphabet[bits << (6 - held) & 63U];
  return text;
}

bool DecodeBase64Url(std::string_view text, std::span<std::uint8_t> octets) {
  if (text.size() != Base64UrlLength(octets.size())) return false;
  std::uint32_t bits = 0;
  unsigned held = 0;
  std::size_t end = 0;
  for (const char character : text) {
    const std::uint8_t value = kValues[static_cast<unsigned char>(character)];
    if (value == kForeign) return false;
    bits = bits << 6U | value;
    held += 6;
    if (held < 8) continue;
    held -= 8;
    octets[end++] = static_cast<std::uint8_t>(bits >> held);
  }
  return (bits & ((1U << held) - 1)) == 0;
}

}  // namespace flowbroker
