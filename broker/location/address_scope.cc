#include "broker/location/address_scope.h"

#include <algorithm>

namespace flowbroker::location {
namespace {

bool AllZero(std::span<const std::uint8_t> octets) {
  return std::all_of(octets.begin(), octets.end(), [](std::uint8_t octet) { return octet == 0; });
}

AddressScope ScopeOfIpv4(std::span<const std::uint8_t> octets) {
  const bool link_local = octets[0] == 127 || (octets[0] == 169 && octets[1] == 254);
  return link_local ? AddressScope::kLinkLocal : AddressScope::kGlobal;
}

AddressScope ScopeOfIpv6(std::span<const std::uint8_t> octets) {
  if (octets[0] == 0xff) return static_cast<AddressScope>(octets[1] & 0x0fU);
  const bool loopback = AllZero(octets.first(15)) && octets[15] == 1;
  if (loopback) return AddressScope::kLinkLocal;
  if (octets[0] != 0xfe) return AddressScope::kGlobal;
  switch (octets[1] & 0xc0U) {
    case 0x80:
      return AddressScope::kLinkLocal;
    case 0xc0:
      return AddressScope::kSiteLocal;
    default:
      return AddressScope::kGlobal;
  }
}

bool IsUsableIpv4(std::span<const std::uint8_t> octets) {
  return octets[0] != 0 && octets[0] < 224;  // 0/8 "this network"; 224/4 multicast; 240/4 reserved and broadcast
}

bool IsUsableIpv6(std::span<const std::uint8_t> octets) {
  if (octets[0] == 0xff || AllZero(octets)) return false;
  const bool mapped = AllZero(octets.first(10)) && octets[10] == 0xff && octets[11] == 0xff;
  return !mapped;
}

}  // namespace

AddressScope ScopeOf(const IpAddress& address) {
  return address.is_ipv4() ? ScopeOfIpv4(address.octets()) : ScopeOfIpv6(address.octets());
}

bool IsUsableDestination(const IpAddress& address) {
  return address.is_ipv4() ? IsUsableIpv4(address.octets()) : IsUsableIpv6(address.octets());
}

}  // namespace flowbroker::location
