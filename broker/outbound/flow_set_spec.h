#pragma once

#include <string>
#include <vector>

#include "broker/base/expected.h"
#include "broker/flow/owner.h"
#include "broker/sip/instance_id.h"

namespace flowbroker::outbound {

/// "A UA MUST support sets with at least two outbound proxy URIs and SHOULD support sets with up to four" (O2).
inline constexpr std::size_t kFewestUris = 2;
inline constexpr std::size_t kMostUris = 4;

/// What a flow set is, for good: after a restart it has to be the same, so that its registrations replace the old ones.
struct FlowSetSpec {
  flow::Owner owner = {};
  std::string name = {};     ///< by which the owner knows it, e.g. where the instance-id was made for it; may be empty
  sip::InstanceId instance;  ///< O1
  std::vector<std::string> uris;  ///< of the outbound proxies, the primary first; the first has reg-id 1, and so on

  friend bool operator==(const FlowSetSpec&, const FlowSetSpec&) = default;
};

/// Whether the set can be kept: two to four different SIP URIs, and no control character in any text (such a text would
/// break the state file). kInvalidArgument with the field.
Expected<void> Check(const FlowSetSpec& spec);

}  // namespace flowbroker::outbound
