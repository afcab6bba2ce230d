#include <algorithm>
#include <array>
#include <utility>

#include "broker/location/opening.h"

namespace flowbroker::location {
namespace {

constexpr std::string_view kUriField = "destination.uri";
constexpr std::string_view kTransportsField = "destination.allowed_transports";

// RFC 3263 s.4.1: without any hint UDP for sip:, TLS for sips:; the others only where UDP may not be used.
constexpr std::array kDefaultOrder{Transport::kUdp, Transport::kTcp, Transport::kTls};

Unexpected Invalid(std::string_view field, std::string detail) {
  return Unexpected({FailureReason::kInvalidArgument, std::move(detail), std::string(field)});
}

// The transport the URI demands; nothing where it leaves the choice. For sips: both "tcp" and "tls" mean TLS over TCP.
std::optional<Transport> DemandedTransport(const sip::SipUri& uri) {
  if (uri.secure && uri.transport) return Transport::kTls;
  return uri.transport;
}

// The transports that the URI and the request leave, in the order of `order`; all usable ones it lacks at its end.
template <typename Order>
std::vector<Transport> InOrder(TransportSet usable, const Order& order) {
  std::vector<Transport> transports;
  const auto add = [&](Transport transport) {
    const bool listed = std::find(transports.begin(), transports.end(), transport) != transports.end();
    if (usable.Contains(transport) && !listed) transports.push_back(transport);
  };
  std::for_each(order.begin(), order.end(), add);
  std::for_each(kDefaultOrder.begin(), kDefaultOrder.end(), add);
  return transports;
}

// RFC 3263 s.4.1, first half: which transports may be used at all.
Expected<TransportSet> UsableTransports(const sip::SipUri& uri, TransportSet allowed) {
  if (uri.secure && uri.transport == Transport::kUdp) return Invalid(kUriField, "sips: excludes transport=udp");
  TransportSet usable = uri.secure ? allowed.Intersect(TransportSet::Of(Transport::kTls)) : allowed;
  if (usable.empty()) return Invalid(kTransportsField, uri.secure ? "sips: needs TLS" : "no transport is allowed");
  const std::optional<Transport> demanded = DemandedTransport(uri);
  if (!demanded) return usable;
  usable = usable.Intersect(TransportSet::Of(*demanded));
  if (usable.empty()) {
    return Invalid(kTransportsField, "the URI demands " + std::string(ToString(*demanded)) + ", which is not allowed");
  }
  return usable;
}

std::string DescribePort(const sip::SipUri& uri) {
  return uri.port ? "explicit port " + std::to_string(*uri.port) : std::string("default port");
}

std::string DescribeTransport(const sip::SipUri& uri, Transport transport) {
  const std::string_view why = DemandedTransport(uri) ? "as the URI demands" : "by default";
  return std::string(ToString(transport)) + " " + std::string(why);
}

// s.4.2: "If TARGET is a numeric IP address, the client uses that address."
Expected<Opening> OpenNumeric(const sip::SipUri& uri, const IpAddress& address, const LocateRequest& request,
                              Opening opening) {
  if (const auto checked = CheckNumericHost(address, request, kUriField); !checked) return Unexpected(checked.error());
  const Transport transport = opening.address_transports.front();
  const std::uint16_t port = uri.port.value_or(DefaultPort(transport));
  opening.leads.push_back(AddressLead{{{address, port}, transport}, "numeric host"});
  opening.reason =
      "numeric host: no DNS; " + DescribePort(uri) + ", " + DescribeTransport(uri, transport) + " (RFC 3263 s.4)";
  return opening;
}

// s.4.2: "If the TARGET was not a numeric IP address, but a port is present in the URI", A and AAAA only.
Opening OpenHost(const sip::SipUri& uri, const dns::DnsName& host, Opening opening) {
  const Transport transport = opening.address_transports.front();
  const std::uint16_t port = uri.port.value_or(DefaultPort(transport));
  opening.leads.push_back(HostLead{host, port, transport, DescribePort(uri)});
  opening.reason = DescribePort(uri) + ": no SRV; " + DescribeTransport(uri, transport) + " (RFC 3263 s.4.2)";
  return opening;
}

// s.4.1: NAPTR where the URI names no transport, otherwise SRV of that transport at once.
Opening OpenDomain(const sip::SipUri& uri, const dns::DnsName& domain, const LocatorOptions& options, Opening opening) {
  opening.domain = domain;
  for (const Transport candidate : InOrder(opening.usable, options.transport_preference)) {
    if (auto owner = SrvOwner(domain, candidate)) opening.srv_leads.push_back({std::move(*owner), candidate, {}});
  }
  if (!uri.transport) {
    opening.leads.push_back(NaptrLead{domain, 0});
    opening.reason = "neither port nor transport: NAPTR (RFC 3263 s.4.1)";
    return opening;
  }
  opening.leads.assign(opening.srv_leads.begin(), opening.srv_leads.end());
  opening.srv_leads.clear();
  opening.reason =
      DescribeTransport(uri, opening.address_transports.front()) + ": no NAPTR, SRV of that transport (RFC 3263 s.4.1)";
  return opening;
}

}  // namespace

Expected<Opening> OpenUri(const sip::SipUri& uri, const LocateRequest& request, const LocatorOptions& options) {
  const Expected<TransportSet> usable = UsableTransports(uri, request.allowed_transports);
  if (!usable) return Unexpected(usable.error());
  if (uri.port == 0) return Invalid(kUriField, "port 0");
  Opening opening;
  opening.usable = *usable;
  opening.address_transports = InOrder(*usable, kDefaultOrder);
  opening.subject = uri.maddr.value_or(uri.host);  // TARGET of RFC 3263 s.4

  const std::string target = opening.subject;
  if (const auto address = IpAddress::Parse(target)) return OpenNumeric(uri, *address, request, std::move(opening));
  const std::optional<dns::DnsName> name = dns::DnsName::Parse(target);
  if (!name || name->is_root()) return Invalid(kUriField, "'" + target + "' is not a domain name");
  if (uri.port || name->is_localhost()) return OpenHost(uri, *name, std::move(opening));
  return OpenDomain(uri, *name, options, std::move(opening));
}

}  // namespace flowbroker::location
