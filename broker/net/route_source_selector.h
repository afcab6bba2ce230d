#pragma once

#include <optional>

#include "broker/location/address_ordering.h"

namespace flowbroker::net {

/// Asks the kernel's routing table which source address a packet would carry (RFC 6724 s.5 is the kernel's part), by
/// connecting an unbound UDP socket, which sends nothing and takes about 2 us. Rule 3 (deprecated) comes from the flags
/// in /proc/net/if_inet6; rule 7 (encapsulated) from the interface's hardware type and from the 6to4 and Teredo
/// prefixes. Mobile IPv6 home addresses are not recognised (rule 4 never decides).
///
/// Keeps two sockets and no cache, so a change of routes is seen at once. For a wanted local side a socket is made and
/// bound each time, which takes about 10 us more: one kept bound would outlive its interface, and callers may name any
/// number of them. Not thread-safe: one per shard. Never blocks.
class RouteSourceSelector final : public location::SourceAddressSelector {
 public:
  RouteSourceSelector();
  ~RouteSourceSelector() override;
  RouteSourceSelector(const RouteSourceSelector&) = delete;
  RouteSourceSelector& operator=(const RouteSourceSelector&) = delete;

  std::optional<location::SourceAddress> SourceFor(const IpAddress& destination) const override;

  /// None for the other family than that of a wanted address, where the address is not (or no longer) this host's, and
  /// where no such interface exists. Binding to an interface needs no privilege since Linux 5.7.
  std::optional<location::SourceAddress> BoundSourceFor(const IpAddress& destination,
                                                        const location::LocalBinding& local) const override;

 private:
  int ipv4_socket_;  // -1 where the family is switched off
  int ipv6_socket_;
};

}  // namespace flowbroker::net
