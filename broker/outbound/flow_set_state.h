#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "broker/base/expected.h"
#include "broker/outbound/flow_set_spec.h"

namespace flowbroker::outbound {

/// What has to outlive a restart, as text: instance-ids and reg-ids (O1, O2). Flows and failures do not: after a
/// restart every set tries at once.
///
///     flowbroker flow sets 1
///
///     instance urn:uuid:00000000-0000-1000-8000-000a95a0e128
///     tenant spiffe://example.com/gateway
///     group west
///     name trunk 7
///     reg-id 1 sip:primary.example.com
///     reg-id 2 sip:backup.example.com
///
///     crc32 9d3c1f0a
///
/// Lines for what is empty are left out. The last line is about all octets before it.
/// @pre Check(set) for every set
std::string EncodeFlowSets(const std::vector<FlowSetSpec>& sets);

/// Reads exactly what EncodeFlowSets writes. Any damage and a newer version are a failure that says what and where,
/// never half of the sets. Hostile octets cost no more than time and memory in proportion to their number.
Expected<std::vector<FlowSetSpec>> DecodeFlowSets(std::string_view text);

}  // namespace flowbroker::outbound
