#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "broker/base/expected.h"
#include "broker/base/ip_address.h"
#include "broker/base/time.h"
#include "broker/base/trace.h"
#include "broker/base/transport.h"
#include "broker/engine/acquire.h"
#include "broker/engine/flow_view.h"
#include "broker/engine/relay.h"
#include "flowbroker/v1/broker_service.pb.h"
#include "flowbroker/v1/flow_service.pb.h"
#include "flowbroker/v1/types.pb.h"

namespace flowbroker::rpc {

/// One moment on the broker's time line and on the wall clock, to turn the one into the other.
struct Moment {
  TimePoint broker;
  std::chrono::system_clock::time_point wall;
};

v1::Transport ToProto(Transport transport);
v1::AddressFamily ToProto(AddressFamily family);
v1::FlowSource ToProto(engine::FlowSource source);
void Fill(const Endpoint& endpoint, v1::Endpoint& out);
void Fill(Duration duration, google::protobuf::Duration& out);
void Fill(const history::TimerAdvice& timers, v1::TimerAdvice& out);
void Fill(const Trace& trace, const Moment& now, v1::Trace& out);
void Fill(const engine::AcquiredFlow& flow, v1::AcquireResponse& out);
void Fill(const engine::HandoffGrant& grant, TimePoint now, v1::HandoffTicket& out);
void Fill(const engine::ResolvedTarget& target, v1::ResolvedTarget& out);
void Fill(const engine::EdgeOrigin& origin, v1::EdgeOrigin& out);
void Fill(const engine::FlowView& flow, TimePoint now, v1::Flow& out);
void Fill(const engine::FlowEvent& event, const Moment& now, v1::FlowEvent& out);
google::protobuf::Timestamp WallTime(TimePoint time, const Moment& now);

/// `text` with everything but printable ASCII replaced by '?'. Reasons and details may quote a peer's octets, and a
/// receiver rejects a whole message for one string that is not UTF-8.
std::string Printable(std::string text);

// From the wire. Failures are kInvalidArgument and name the field as callers write it: "destination.uri".

Expected<engine::Destination> FromProto(const v1::Destination& destination);
Expected<engine::AcquireRequest> FromProto(const v1::AcquireRequest& request);  ///< without the deadline
Expected<engine::TransactionReport> FromProto(const v1::ReportOutcomeRequest& request);

/// A client group, at most 128 octets.
Expected<std::string> ClientGroup(const std::string& group);

/// A required flow id. Text that cannot be one is kUnknownFlow: ids are opaque to callers.
Expected<flow::FlowId> RequiredFlowId(const std::string& text);

/// A length of time within [0, max], well-formed by the rules of google.protobuf.Duration.
Expected<Duration> FromProto(const google::protobuf::Duration& duration, Duration max, const char* field);

}  // namespace flowbroker::rpc
