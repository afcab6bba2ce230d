#include <utility>

#include "broker/location/opening.h"

namespace flowbroker::location {
namespace {

constexpr std::string_view kSentByField = "destination.response.sent_by_host";

// RFC 3261 s.18.2.2 and RFC 3581 s.4: first the address the request came from.
std::vector<AddressLead> ReceivedLeads(const ResponseDestination& response) {
  std::vector<AddressLead> leads;
  if (!response.received) return leads;
  const auto add = [&](std::uint16_t port, std::string reason) {
    leads.push_back({{{*response.received, port}, response.transport}, std::move(reason)});
  };
  if (response.rport && *response.rport != 0) add(*response.rport, "received and rport");
  // A stream's rport is the far end of the connection the request came on. Where that connection is gone, nobody
  // listens there, but the port of sent-by is worth a try. UDP answers to rport alone, it is a NAT's binding.
  const bool also_sent_by_port = leads.empty() || IsConnectionOriented(response.transport);
  if (also_sent_by_port) {
    add(response.sent_by_port.value_or(DefaultPort(response.transport)), "received, port of sent-by");
  }
  return leads;
}

Unexpected Invalid(std::string_view field, std::string detail) {
  return Unexpected({FailureReason::kInvalidArgument, std::move(detail), std::string(field)});
}

// RFC 3263 s.5: where sent-by leads, as for a request whose transport is known.
Expected<void> FollowSentBy(const ResponseDestination& response, const LocateRequest& request, Opening& opening) {
  const Transport transport = response.transport;
  const std::uint16_t port = response.sent_by_port.value_or(DefaultPort(transport));
  if (const auto address = IpAddress::Parse(response.sent_by_host)) {
    if (auto checked = CheckNumericHost(*address, request, kSentByField); !checked) return checked;
    opening.leads.push_back(AddressLead{{{*address, port}, transport}, "numeric sent-by"});
    opening.reason += "numeric sent-by: no DNS";
    return {};
  }
  const std::optional<dns::DnsName> domain = dns::DnsName::Parse(response.sent_by_host);
  if (!domain || domain->is_root()) {
    return Invalid(kSentByField, "'" + response.sent_by_host + "' is not a domain name");
  }
  if (response.sent_by_port || domain->is_localhost()) {
    opening.leads.push_back(HostLead{*domain, port, transport, "sent-by"});
    opening.reason += "sent-by, port " + std::to_string(port) + ": no SRV";
    return {};
  }
  opening.domain = domain;
  if (auto owner = SrvOwner(*domain, transport)) opening.leads.push_back(SrvLead{std::move(*owner), transport, {}});
  opening.reason += "sent-by without port: SRV";
  return {};
}

}  // namespace

Expected<Opening> OpenResponse(const ResponseDestination& response, const LocateRequest& request) {
  Opening opening;
  opening.subject = "response to " + response.sent_by_host;
  opening.usable = TransportSet::Of(response.transport);
  opening.address_transports = {response.transport};
  if (!request.allowed_transports.Contains(response.transport)) {
    return Invalid("destination.allowed_transports",
                   "the Via demands " + std::string(ToString(response.transport)) + ", which is not allowed");
  }
  if (response.sent_by_port == 0) return Invalid("destination.response.sent_by_port", "port 0");
  for (AddressLead& lead : ReceivedLeads(response)) {
    const IpAddress& address = lead.target.endpoint.address;
    if (auto checked = CheckNumericHost(address, request, "destination.response.received"); !checked) {
      return Unexpected(checked.error());
    }
    opening.leads.push_back(std::move(lead));
  }
  const bool has_received = !opening.leads.empty();
  if (has_received) opening.reason = "first where the request came from (RFC 3261 s.18.2.2); then ";
  const Expected<void> followed = FollowSentBy(response, request, opening);
  // With an address to answer to, an unusable sent-by does no harm.
  if (!followed && !has_received) return Unexpected(followed.error());
  opening.reason += followed ? " (RFC 3263 s.5)" : "nothing: " + followed.error().detail;
  return opening;
}

}  // namespace flowbroker::location
