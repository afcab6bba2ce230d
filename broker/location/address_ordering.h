#pragma once

#include <optional>
#include <string>
#include <vector>

#include "broker/base/ip_address.h"

namespace flowbroker::location {

/// The local address a packet to some destination would carry, with what RFC 6724 asks of it.
struct SourceAddress {
  IpAddress address;
  bool deprecated = false;    ///< rule 3: its preferred lifetime is over
  bool home = false;          ///< rule 4: a Mobile IPv6 home address
  bool encapsulated = false;  ///< rule 7: reached through a tunnel interface (6to4, Teredo, sit)
};

/// The local side that packets must have (H9). With neither set the host's routing decides.
struct LocalBinding {
  std::optional<IpAddress> address = std::nullopt;
  std::string interface = {};

  bool empty() const { return !address && interface.empty(); }
};

/// Knows which source address the host would use. `net` asks the kernel; tests script it.
class SourceAddressSelector {
 public:
  virtual ~SourceAddressSelector() = default;
  /// Nothing where there is no route to `destination` or no address for it. Must not block.
  virtual std::optional<SourceAddress> SourceFor(const IpAddress& destination) const = 0;
  /// The same for packets bound to `local`, which is not empty.
  virtual std::optional<SourceAddress> BoundSourceFor(const IpAddress& destination,
                                                      const LocalBinding& local) const = 0;
};

/// One destination put in its place.
struct OrderedAddress {
  IpAddress address;
  std::optional<SourceAddress> source;
  int deciding_rule;  ///< rule of RFC 6724 s.6 (1..10) that put it behind the one before; 0 for the first
};

/// Orders destinations by RFC 6724 s.6 with the default policy table (D2). Stable: equal ones keep their order (rule
/// 10). Rule 9 (longest prefix) is applied within IPv6 only: between IPv4 addresses, which are handed out without
/// regard to topology and sit behind NAT, it would only defeat the rotation of DNS, and common libraries leave it out
/// there too.
std::vector<OrderedAddress> OrderDestinations(const std::vector<IpAddress>& destinations,
                                              const SourceAddressSelector& sources);

/// Whether some address of the family `outstanding` could be ordered before `known`. False for IPv4 where `known` is an
/// ordinary IPv6 address with a suitable source: then nothing is gained by waiting for the A answer.
bool MayPrecede(AddressFamily outstanding, const OrderedAddress& known);

}  // namespace flowbroker::location
