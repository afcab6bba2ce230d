#pragma once

#include <cstddef>
#include <vector>

#include "broker/base/ip_address.h"
#include "broker/location/address_ordering.h"

namespace flowbroker::location {

/// The addresses of one host name: both families are asked at the same time and come in any order.
class HostAddresses {
 public:
  /// The question for `family` is outstanding.
  void Await(AddressFamily family);

  /// The answer for `family` came. Takes at most `limit` of the addresses; those of the other family and those nobody
  /// can send to (IsUsableDestination) are left out. Returns how many were left out.
  std::size_t Take(AddressFamily family, const std::vector<IpAddress>& addresses, std::size_t limit,
                   const SourceAddressSelector& sources);

  /// All known addresses in RFC 6724 order.
  const std::vector<OrderedAddress>& ordered() const { return ordered_; }

  /// Whether an outstanding answer may bring an address better than all known ones.
  bool better_may_come() const;

 private:
  struct Family {
    bool outstanding = false;
    std::vector<IpAddress> addresses;
  };
  Family& Of(AddressFamily family) { return family == AddressFamily::kIpv4 ? ipv4_ : ipv6_; }
  bool MayImprove(AddressFamily family, bool outstanding) const;

  Family ipv4_;
  Family ipv6_;
  std::vector<OrderedAddress> ordered_;
};

}  // namespace flowbroker::location
