#include "broker/sip/path_header.h"

#include "broker/sip/address_list.h"
#include "broker/sip/sip_uri.h"

namespace flowbroker::sip {
namespace {

constexpr const char* kField = "path";

Unexpected Wrong(std::string what) {
  return Unexpected(Failure{FailureReason::kInvalidArgument, std::move(what), kField});
}

}  // namespace

Expected<PathHeader> ReadPath(std::string_view value) {
  const Expected<std::string> text = Unfold(value, kMaxPathOctets, kField);
  if (!text) return Unexpected(text.error());
  PathHeader path;
  AddressList list(*text, kField);
  do {
    if (path.uris.size() == kMaxPathUris) return Wrong("more than " + std::to_string(kMaxPathUris) + " URIs");
    const Expected<ListedAddress> address = list.Next();
    if (!address) return Unexpected(address.error());
    if (!address->bracketed || address->uri == "*") return Wrong("a URI that is not in '<' and '>'");
    path.uris.emplace_back(address->uri);
  } while (!list.AtEnd());
  return path;
}

std::optional<std::string> PathHeader::TopUser() const {
  if (uris.empty()) return std::nullopt;
  Expected<SipUri> uri = SipUri::Parse(uris.front());
  if (!uri || uri->user.empty()) return std::nullopt;
  return std::move(uri->user);
}

}  // namespace flowbroker::sip
