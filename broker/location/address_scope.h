#pragma once

#include <cstdint>

#include "broker/base/ip_address.h"

namespace flowbroker::location {

/// How far an address reaches (RFC 6724 s.3.1); the values are those of the IPv6 multicast scope field, of which any
/// other one may occur in a multicast address.
enum class AddressScope : std::uint8_t {
  kLinkLocal = 0x2,  ///< fe80::/10 and ::1; 169.254/16 and 127/8 (RFC 6724 s.3.2)
  kSiteLocal = 0x5,  ///< fec0::/10
  kGlobal = 0xe,     ///< everything else, private IPv4 and unique local IPv6 addresses included
};

AddressScope ScopeOf(const IpAddress& address);

/// Whether a SIP message may be sent to `address`: neither unspecified (the kernel would take it for ourselves), nor
/// multicast, nor broadcast, nor an IPv4 address in IPv6 clothing, which would slip past a ban of IPv4.
bool IsUsableDestination(const IpAddress& address);

}  // namespace flowbroker::location
