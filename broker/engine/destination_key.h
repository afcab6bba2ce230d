#pragma once

#include <string>
#include <string_view>

#include "broker/engine/acquire.h"

namespace flowbroker::engine {

/// Text that is equal for two requests exactly when one flow can serve both: what locates the target, how it may be
/// reached, and for whom. User part, URI parameters without influence and headers are left out. Written into `buffer`
/// so that the fast path allocates nothing once the buffer has grown.
std::string_view WriteDestinationKey(const AcquireRequest& request, std::string& buffer);

/// Identity the peer's TLS certificate must carry for `destination` (RFC 5922): the one asked for, else the URI's host
/// - never the SRV target -, else the Via's sent-by host.
std::string TlsIdentityOf(const Destination& destination);

/// What the locator is asked: only the families that a wanted local address leaves.
location::LocateRequest LocateRequestFor(const Destination& destination);

}  // namespace flowbroker::engine
