#pragma once

#include <string>
#include <string_view>

#include "broker/base/target.h"

namespace flowbroker::sip {

/// What makes one probe different from every other one. `token` is 16 or more random URL-safe characters.
struct OptionsProbeParts {
  Target target;
  Endpoint local;             ///< goes into Via and Contact
  std::string_view token;     ///< makes branch, tag and Call-ID
  std::string_view uri_host;  ///< host of the Request-URI, e.g. "example.org" or "[2001:db8::1]"
  std::uint32_t max_forwards = 0;
};

/// An `OPTIONS` request with `Max-Forwards: 0` and `rport` (RFC 3261 s.11, S9): any response to it proves the path.
std::string WriteOptionsProbe(const OptionsProbeParts& parts);

/// The branch WriteOptionsProbe puts into the Via for `token`: "z9hG4bK-fb-" + token.
std::string OptionsProbeBranch(std::string_view token);

/// The token that OptionsProbeBranch made `branch` of; empty where it did not make it.
std::string_view OptionsProbeTokenOf(std::string_view branch);

/// Whether `branch` was made by OptionsProbeBranch (of any broker).
bool IsOptionsProbeBranch(std::string_view branch);

}  // namespace flowbroker::sip
