#include "broker/base/ip_prefix.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

namespace flowbroker {

IpPrefix IpPrefix::Of(const IpAddress& inside, int bits) {
  std::array<std::uint8_t, 16> octets{};
  std::ranges::copy(inside.octets(), octets.begin());
  for (std::size_t i = 0; i < octets.size(); ++i) {
    const int kept = std::clamp(bits - static_cast<int>(i) * 8, 0, 8);
    octets[i] = static_cast<std::uint8_t>(octets[i] & (0xFF00U >> static_cast<unsigned>(kept)));
  }
  if (!inside.is_ipv4()) return {IpAddress::FromIpv6(octets), bits};
  return {IpAddress::FromIpv4({octets[0], octets[1], octets[2], octets[3]}), bits};
}

std::optional<IpPrefix> IpPrefix::Parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto address = IpAddress::Parse(text.substr(0, slash));
  unsigned bits = 0;  // so that "-0" is none
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data() + slash + 1, end, bits);
  if (!address || error != std::errc() || rest != end) return std::nullopt;
  if (bits > (address->is_ipv4() ? 32U : 128U)) return std::nullopt;
  return Of(*address, static_cast<int>(bits));
}

bool IpPrefix::Contains(const IpAddress& other) const {
  return other.family() == address.family() && CommonPrefixLength(other, address) >= bits;
}

bool IpPrefix::Overlaps(const IpPrefix& other) const {
  return bits <= other.bits ? Contains(other.address) : other.Contains(address);
}

}  // namespace flowbroker
