#include "broker/location/host_addresses.h"

#include <algorithm>

#include "broker/location/address_scope.h"

namespace flowbroker::location {

void HostAddresses::Await(AddressFamily family) {
  Of(family).outstanding = true;
}

std::size_t HostAddresses::Take(AddressFamily family, const std::vector<IpAddress>& addresses, std::size_t limit,
                                const SourceAddressSelector& sources) {
  Family& mine = Of(family);
  mine.outstanding = false;
  for (const IpAddress& address : addresses) {
    if (mine.addresses.size() >= limit) break;
    if (address.family() != family || !IsUsableDestination(address)) continue;
    if (std::find(mine.addresses.begin(), mine.addresses.end(), address) != mine.addresses.end()) continue;
    mine.addresses.push_back(address);
  }
  std::vector<IpAddress> all = ipv6_.addresses;
  all.insert(all.end(), ipv4_.addresses.begin(), ipv4_.addresses.end());
  ordered_ = OrderDestinations(all, sources);
  return addresses.size() - mine.addresses.size();
}

bool HostAddresses::better_may_come() const {
  return MayImprove(AddressFamily::kIpv4, ipv4_.outstanding) || MayImprove(AddressFamily::kIpv6, ipv6_.outstanding);
}

bool HostAddresses::MayImprove(AddressFamily family, bool outstanding) const {
  return outstanding && (ordered_.empty() || MayPrecede(family, ordered_.front()));
}

}  // namespace flowbroker::location
