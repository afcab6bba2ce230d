#include "broker/location/policy_table.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace flowbroker::location {
namespace {

using Octets = std::array<std::uint8_t, 16>;

struct PolicyRow {
  Octets prefix;
  std::size_t bits;
  AddressPolicy policy;
};

constexpr Octets Loopback() {
  Octets octets{};
  octets[15] = 1;
  return octets;
}

constexpr Octets Ipv4Mapped() {
  Octets octets{};
  octets[10] = 0xff;
  octets[11] = 0xff;
  return octets;
}

// RFC 6724 s.2.1, longest prefix first, so that the first match is the longest one.
constexpr std::array<PolicyRow, 9> kDefaultTable{{
    {Loopback(), 128, {.precedence = 50, .label = 0}},
    {Ipv4Mapped(), 96, {.precedence = 35, .label = 4}},
    {{}, 96, {.precedence = 1, .label = 3}},             // ::/96, IPv4-compatible (deprecated)
    {{0x20, 0x01}, 32, {.precedence = 5, .label = 5}},   // 2001::/32, Teredo
    {{0x20, 0x02}, 16, {.precedence = 30, .label = 2}},  // 2002::/16, 6to4
    {{0x3f, 0xfe}, 16, {.precedence = 1, .label = 12}},  // 3ffe::/16, 6bone
    {{0xfe, 0xc0}, 10, {.precedence = 1, .label = 11}},  // fec0::/10, site-local (deprecated)
    {{0xfc}, 7, {.precedence = 3, .label = 13}},         // fc00::/7, unique local
    {{}, 0, {.precedence = 40, .label = 1}},             // ::/0
}};

bool HasPrefix(const Octets& address, const PolicyRow& row) {
  const std::size_t whole = row.bits / 8;
  if (!std::equal(address.begin(), address.begin() + static_cast<std::ptrdiff_t>(whole), row.prefix.begin())) {
    return false;
  }
  if (row.bits % 8 == 0) return true;
  const auto mask = static_cast<std::uint8_t>(0xffU << (8 - row.bits % 8));
  return (address[whole] & mask) == row.prefix[whole];
}

}  // namespace

AddressPolicy PolicyOf(const IpAddress& address) {
  const Octets octets = address.MappedOctets();
  const auto row = std::find_if(kDefaultTable.begin(), kDefaultTable.end(),
                                [&](const PolicyRow& candidate) { return HasPrefix(octets, candidate); });
  return row->policy;  // ::/0 matches everything
}

}  // namespace flowbroker::location
