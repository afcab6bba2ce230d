#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "broker/engine/acquire.h"
#include "broker/engine/shared_networks.h"

namespace flowbroker::engine {

/// Text that is equal for two requests exactly when one flow can serve both: what locates the target, how it may be
/// reached, and for whom. User part, URI parameters without influence and headers are left out. Written into `buffer`
/// so that the fast path allocates nothing once the buffer has grown.
std::string_view WriteDestinationKey(const AcquireRequest& request, std::string& buffer);

/// Text that is equal for a request and its retries: the destination key, and whether the flow shall be exclusive,
/// and whether it shall be handed off.
std::string RequestKey(const AcquireRequest& request, std::string_view destination_key);

/// Identity the peer's TLS certificate must carry for `destination` (RFC 5922): the one asked for, else the URI's host
/// - never the SRV target -, else the Via's sent-by host.
std::string TlsIdentityOf(const Destination& destination);

/// What the locator is asked: only the families that a wanted local address leaves, in the order in which the wanted
/// local side would reach them (H9), and only where `egress` allows.
location::LocateRequest LocateRequestFor(const Destination& destination,
                                         std::shared_ptr<const location::EgressPolicy> egress);

/// The network that packets to `destination` leave on: that of the local interface or address asked for, else that of
/// the source address which the host's routing chooses.
history::NetworkId NetworkFor(const Destination& destination, const std::optional<IpAddress>& source,
                              const SharedNetworks& networks);

}  // namespace flowbroker::engine
