#include "clients/cli/options_request.h"

#include <algorithm>

#include "clients/cli/text.h"

namespace flowbroker::cli {
namespace {

constexpr std::string_view kVersion = "SIP/2.0 ";

// A Request-URI carries no headers (RFC 3261 s.19.1.1).
std::string_view RequestUri(std::string_view uri) {
  return uri.substr(0, uri.find('?'));
}

std::string_view SchemeOf(std::string_view uri) {
  return uri.substr(0, 5) == "sips:" ? "sips:" : "sip:";
}

}  // namespace

std::string BranchFor(std::string_view token) {
  return "z9hG4bKflowctl" + std::string(token);
}

std::string WriteOptions(std::string_view uri, const client::AcquiredFlow& flow, std::string_view token) {
  const std::string local = flow.local.ToString();
  const std::string to(RequestUri(uri));
  const std::string transport(ToString(flow.transport));
  const std::string self = std::string(SchemeOf(uri)) + "flowctl@" + local;
  const std::string id(token);
  return "OPTIONS " + to + " SIP/2.0\r\n" +                                                          //
         "Via: SIP/2.0/" + transport + " " + local + ";branch=" + BranchFor(token) + ";rport\r\n" +  //
         "Max-Forwards: 70\r\n" +                                                                    //
         "From: <" + self + ">;tag=" + id + "\r\n" +                                                 //
         "To: <" + to + ">\r\n" +                                                                    //
         "Call-ID: " + id + "@flowctl\r\n" +                                                         //
         "CSeq: 1 OPTIONS\r\n" +                                                                     //
         "Contact: <" + self + ";transport=" + Lower(transport) + ">\r\n" +                          //
         "Accept: application/sdp\r\n" +                                                             //
         "User-Agent: flowctl\r\n" +                                                                 //
         "Content-Length: 0\r\n\r\n";
}

std::optional<StatusLine> ParseStatusLine(std::string_view message) {
  if (message.substr(0, kVersion.size()) != kVersion) return std::nullopt;
  const std::string_view rest = message.substr(kVersion.size(), message.find("\r\n") - kVersion.size());
  const std::string_view digits = rest.substr(0, 3);
  const bool number =
      digits.size() == 3 && std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!number || (rest.size() > 3 && rest[3] != ' ')) return std::nullopt;
  const int code = (digits[0] - '0') * 100 + (digits[1] - '0') * 10 + (digits[2] - '0');
  return StatusLine{.code = code, .reason = std::string(rest.substr(std::min<std::size_t>(rest.size(), 4)))};
}

bool IsResponseTo(std::string_view message, std::string_view branch) {
  return ParseStatusLine(message).has_value() && message.find(branch) != std::string_view::npos;
}

}  // namespace flowbroker::cli
