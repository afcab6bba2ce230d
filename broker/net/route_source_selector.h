#pragma once

#include <optional>

#include "broker/location/address_ordering.h"

namespace flowbroker::net {

/// Asks the kernel's routing table which source address a packet would carry (RFC 6724 s.5 is the kernel's part), by
/// connecting an unbound UDP socket, which sends nothing and takes about 2 us. Rule 3 (deprecated) comes from the flags
/// in /proc/net/if_inet6; rule 7 (encapsulated) from the interface's hardware type and from the 6to4 and Teredo
/// prefixes. Mobile IPv6 home addresses are not recognised (rule 4 never decides).
///
/// Keeps two sockets and no cache, so a change of routes is seen at once. Not thread-safe: one per shard. Never blocks.
class RouteSourceSelector final : public location::SourceAddressSelector {
 public:
  RouteSourceSelector();

  /// Only `local_address` may be the source: there is none for the other family, nor where the address is not (or no
  /// longer) this host's.
  explicit RouteSourceSelector(const IpAddress& local_address);

  ~RouteSourceSelector() override;
  RouteSourceSelector(const RouteSourceSelector&) = delete;
  RouteSourceSelector& operator=(const RouteSourceSelector&) = delete;

  std::optional<location::SourceAddress> SourceFor(const IpAddress& destination) const override;

 private:
  int ipv4_socket_;  // -1 where the family is switched off
  int ipv6_socket_;
};

}  // namespace flowbroker::net
