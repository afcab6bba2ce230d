#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/base/expected.h"
#include "broker/location/lead.h"
#include "broker/location/server_locator.h"

namespace flowbroker::location {

/// What RFC 3263 decides about a request before any DNS question is asked.
struct Opening {
  /// Where the search begins, best first.
  std::vector<Lead> leads = {};
  /// Transports a NAPTR record may lead to.
  TransportSet usable = {};
  /// Followed where NAPTR leads nowhere (RFC 3263 s.4.1): SRV of every usable transport.
  std::vector<SrvLead> srv_leads = {};
  /// Its A and AAAA are asked where there is no SRV record (RFC 3263 s.4.2). Absent: the leads say it all.
  std::optional<dns::DnsName> domain = std::nullopt;
  /// Transports for that case; the first that SRV does not declare unavailable is taken.
  std::vector<Transport> address_transports = {};
  /// What was decided and why; for the trace.
  std::string subject = {};
  std::string reason = {};
};

/// RFC 3263 s.4 for URIs, s.5 for responses. Fails with kInvalidArgument, naming the field, for what can never be
/// served, and with kNoLocalAddress for a numeric host of a family that may not be used.
Expected<Opening> Open(const LocateRequest& request, const LocatorOptions& options);

/// The two halves of Open.
Expected<Opening> OpenUri(const sip::SipUri& uri, const LocateRequest& request, const LocatorOptions& options);
Expected<Opening> OpenResponse(const ResponseDestination& response, const LocateRequest& request);

/// Whether the request may be sent to addresses of `family`.
inline bool Allows(const LocateRequest& request, AddressFamily family) {
  return family == AddressFamily::kIpv4 ? request.allow_ipv4 : request.allow_ipv6;
}

/// Whether a message may go to the numeric host `address`; otherwise why not. `field` names where it came from.
Expected<void> CheckNumericHost(const IpAddress& address, const LocateRequest& request, std::string_view field);

/// The name under which SRV records for `transport` stand: "_sip._tcp.example.org" (RFC 3263 s.4.1). Nothing where it
/// would be too long for a domain name.
std::optional<dns::DnsName> SrvOwner(const dns::DnsName& domain, Transport transport);

}  // namespace flowbroker::location
