#pragma once

#include <map>
#include <vector>

#include "broker/dns/dns_name.h"
#include "broker/location/host_addresses.h"
#include "broker/location/lead.h"
#include "broker/location/server_locator.h"

namespace flowbroker::location {

/// The addresses known of every host that was asked for.
using Hosts = std::map<dns::DnsName, HostAddresses>;

/// The targets the leads have brought so far: host after host in the order of the leads (D3), within a host in RFC 6724
/// order (D2). A target that several hosts lead to stands once, at the best place.
std::vector<LocatedTarget> ListTargets(const std::vector<Lead>& leads, const Hosts& hosts,
                                       const SourceAddressSelector& sources);

/// Whether an outstanding answer may bring a target better than the first one listed.
bool BetterTargetMayCome(const std::vector<Lead>& leads, const Hosts& hosts);

}  // namespace flowbroker::location
