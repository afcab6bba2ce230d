#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "broker/engine/outbound_access.h"
#include "flowbroker/v1/outbound_service.pb.h"
#include "service/rpc/caller.h"
#include "service/rpc/proto_conversion.h"

// OutboundService between the wire and the engine.
namespace flowbroker::rpc {

inline constexpr std::size_t kMaxSetName = 128;  ///< octets
inline constexpr std::size_t kMaxUri = 1024;     ///< octets of the URI of an outbound proxy

/// What one page of flow sets shows.
struct FlowSetPage {
  std::optional<std::uint64_t> after;
  std::size_t count;
};

// From the wire. Failures are kInvalidArgument and name the field as callers write it.

Expected<std::string> RequiredSetName(const std::string& name);
Expected<engine::FlowSetRequest> FromProto(const v1::EnsureFlowSetRequest& request, const Caller& caller);
Expected<engine::RegistrationReport> FromProto(const v1::ReportRegistrationRequest& request);
Expected<FlowSetPage> FromProto(const v1::ListFlowSetsRequest& request);

void Fill(const engine::FlowSetView& set, TimePoint now, v1::FlowSet& out);
void Fill(const engine::FlowSetEvent& event, const Moment& now, v1::FlowSetEvent& out);

}  // namespace flowbroker::rpc
