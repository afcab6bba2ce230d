#include "broker/sip/options_probe.h"

#include "broker/sip/host.h"

namespace flowbroker::sip {
namespace {

constexpr std::string_view kBranchPrefix = "z9hG4bK-fb-";  // magic cookie of RFC 3261 s.8.1.1.7, then ours

/// UDP is what a sip: URI means without the parameter, for probes to a socket that is already chosen.
std::string TransportParameter(Transport transport) {
  switch (transport) {
    case Transport::kUdp:
      return "";
    case Transport::kTcp:
      return ";transport=tcp";
    case Transport::kTls:
      return ";transport=tls";
  }
  __builtin_unreachable();
}

}  // namespace

std::string WriteOptionsProbe(const OptionsProbeParts& parts) {
  const std::string local = parts.local.ToString();
  const std::string token(parts.token);
  const std::string parameter = TransportParameter(parts.target.transport);
  const std::string remote = "sip:" + BracketIfIpv6(parts.uri_host) + parameter;

  std::string probe;
  probe.reserve(512);
  probe += "OPTIONS " + remote + " SIP/2.0\r\n";
  probe += "Via: SIP/2.0/" + std::string(flowbroker::ToString(parts.target.transport)) + " " + local +
           ";branch=" + OptionsProbeBranch(token) + ";rport\r\n";
  probe += "Max-Forwards: " + std::to_string(parts.max_forwards) + "\r\n";
  probe += "From: <sip:flowbroker@" + local + ">;tag=" + token + "\r\n";
  probe += "To: <" + remote + ">\r\n";
  probe += "Call-ID: " + token + "\r\n";
  probe += "CSeq: 1 OPTIONS\r\n";
  probe += "Contact: <sip:flowbroker@" + local + parameter + ">\r\n";
  probe += "Accept: application/sdp\r\n";
  probe += "User-Agent: flowbroker\r\n";
  probe += "Content-Length: 0\r\n\r\n";
  return probe;
}

std::string OptionsProbeBranch(std::string_view token) {
  return std::string(kBranchPrefix) + std::string(token);
}

std::string_view OptionsProbeTokenOf(std::string_view branch) {
  return branch.starts_with(kBranchPrefix) ? branch.substr(kBranchPrefix.size()) : std::string_view();
}

bool IsOptionsProbeBranch(std::string_view branch) {
  return !OptionsProbeTokenOf(branch).empty();
}

}  // namespace flowbroker::sip
