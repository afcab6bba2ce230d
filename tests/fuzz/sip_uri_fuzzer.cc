#include <cstddef>
#include <cstdint>

#include "broker/sip/sip_uri.h"
#include "tests/fuzz/require.h"

using flowbroker::Expected;
using flowbroker::FailureReason;
using flowbroker::fuzz::Require;
using flowbroker::sip::SipUri;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Expected<SipUri> uri = SipUri::Parse(text);
  if (!uri) {
    Require(uri.error().reason == FailureReason::kInvalidArgument, "failures are the caller's");
    Require(uri.error().field == "uri" && !uri.error().detail.empty(), "failures say what is wrong");
    return 0;
  }
  Require(!uri->host.empty() && uri->port != 0, "a URI has a host, and 0 is no port");
  const Expected<SipUri> again = SipUri::Parse(uri->ToString());
  Require(again && *again == *uri, "the text of a URI parses to an equal value");
  return 0;
}
