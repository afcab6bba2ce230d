#include "broker/location/opening.h"

#include "broker/location/address_scope.h"

namespace flowbroker::location {

Expected<Opening> Open(const LocateRequest& request, const LocatorOptions& options) {
  if (!request.allow_ipv4 && !request.allow_ipv6) {
    return Unexpected({FailureReason::kNoLocalAddress, "neither IPv4 nor IPv6 may be used"});
  }
  if (const auto* response = std::get_if<ResponseDestination>(&request.destination)) {
    return OpenResponse(*response, request);
  }
  return OpenUri(std::get<sip::SipUri>(request.destination), request, options);
}

Expected<void> CheckNumericHost(const IpAddress& address, const LocateRequest& request, std::string_view field) {
  if (!IsUsableDestination(address)) {
    return Unexpected(
        {FailureReason::kInvalidArgument, address.ToString() + " is not a unicast address", std::string(field)});
  }
  if (!Allows(request, address.family())) {
    return Unexpected({FailureReason::kNoLocalAddress, address.ToString() + " is an " +
                                                           std::string(ToString(address.family())) +
                                                           " address, and that family may not be used"});
  }
  return {};
}

std::optional<dns::DnsName> SrvOwner(const dns::DnsName& domain, Transport transport) {
  switch (transport) {
    case Transport::kUdp:
      return domain.WithPrefix("_sip._udp");
    case Transport::kTcp:
      return domain.WithPrefix("_sip._tcp");
    case Transport::kTls:
      return domain.WithPrefix("_sips._tcp");
  }
  __builtin_unreachable();
}

}  // namespace flowbroker::location
