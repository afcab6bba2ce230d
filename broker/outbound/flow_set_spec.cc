#include "broker/outbound/flow_set_spec.h"

#include <algorithm>

#include "broker/sip/sip_uri.h"

namespace flowbroker::outbound {
namespace {

Unexpected Invalid(const char* field, const std::string& what) {
  return Unexpected({FailureReason::kInvalidArgument, what, field});
}

bool HasControlCharacter(const std::string& text) {
  return std::ranges::any_of(text, [](unsigned char character) { return character < 0x20 || character == 0x7F; });
}

}  // namespace

Expected<void> Check(const FlowSetSpec& spec) {
  if (HasControlCharacter(spec.owner.tenant)) return Invalid("tenant", "control character");
  if (HasControlCharacter(spec.owner.client_group)) return Invalid("client_group", "control character");
  if (HasControlCharacter(spec.name)) return Invalid("name", "control character");
  if (spec.uris.size() < kFewestUris || spec.uris.size() > kMostUris) {
    return Invalid("uris", "a flow set has 2 to 4 outbound-proxy URIs");
  }
  std::vector<sip::SipUri> parsed;
  for (const std::string& text : spec.uris) {
    const auto uri = sip::SipUri::Parse(text);
    if (!uri) return Invalid("uris", uri.error().detail);
    if (HasControlCharacter(text)) return Invalid("uris", "control character");
    if (std::ranges::find(parsed, *uri) != parsed.end()) return Invalid("uris", "two URIs of the set are equal");
    parsed.push_back(*uri);
  }
  return {};
}

}  // namespace flowbroker::outbound
