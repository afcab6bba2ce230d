#pragma once

#include <grpcpp/support/status.h>

#include <optional>
#include <string>

#include "clients/cpp/edge.h"
#include "clients/cpp/flow_sets.h"
#include "clients/cpp/history.h"
#include "clients/cpp/result.h"
#include "clients/cpp/types.h"
#include "flowbroker/v1/broker_service.pb.h"
#include "flowbroker/v1/edge_service.pb.h"
#include "flowbroker/v1/flow_service.pb.h"
#include "flowbroker/v1/history_service.pb.h"
#include "flowbroker/v1/outbound_service.pb.h"

// Between the plain structs of the public headers and the contract. Private to clients/: library and flowctl.
namespace flowbroker::client {

v1::AcquireRequest ToProto(const AcquireRequest& request);
v1::WarmRequest ToProto(const WarmRequest& request);
v1::ResolveRequest ToProto(const Destination& destination);
v1::ReportOutcomeRequest ToProto(const TransactionReport& report);
v1::SetKeepAliveRequest ToProto(const std::string& flow_id, const KeepAlive& keep_alive);
v1::BindRequest ToProto(const BindRequest& request);
v1::UnbindRequest ToProto(const UnbindRequest& request);
v1::EnsureFlowSetRequest ToProto(const FlowSetRequest& request);
v1::ReportRegistrationRequest ToProto(const RegistrationReport& report);
v1::ListFamilyPreferencesRequest ToProto(const PreferenceFilter& filter);
v1::GetReachabilityRequest ToProto(const ReachabilityQuery& query);
v1::ListRacesRequest ToProto(const RaceFilter& filter);

AcquiredFlow FromProto(const v1::AcquireResponse& response);
Resolution FromProto(const v1::ResolveResponse& response);
Trace FromProto(const v1::Trace& trace);
Flow FromProto(const v1::Flow& flow);
FlowEvent FromProto(const v1::FlowEvent& event);
ProbeResult FromProto(const v1::ProbeFlowResponse& response);
EdgeOrigin FromProto(const v1::EdgeOrigin& origin);
VerifiedToken FromProto(const v1::VerifyTokenResponse& response);
BoundContact FromProto(const v1::BoundContact& contact);
BindingTarget FromProto(const v1::BindingTarget& target);
BindingEvent FromProto(const v1::BindingEvent& event);
FlowSet FromProto(const v1::FlowSet& set);
FlowSetEvent FromProto(const v1::FlowSetEvent& event);
FamilyPreference FromProto(const v1::FamilyPreference& preference);
TargetReachability FromProto(const v1::TargetReachability& target);
Race FromProto(const v1::Race& race);
PreferenceEvent FromProto(const v1::PreferenceEvent& event);
Forgotten FromProto(const v1::ResetHistoryResponse& response);
Duration FromProto(const v1::Draining& draining);  ///< what is left

/// What a call's status means. The message of the broker begins with the name of the failure ("refused: ..."); a status
/// that gRPC itself made up because there is no connection becomes kBrokerUnreachable.
/// @pre !status.ok()
Error ErrorFrom(const grpc::Status& status);

/// The trace in the details of an error (a google.rpc.Status), if there is one.
std::optional<v1::Trace> TraceDetail(const grpc::Status& status);

}  // namespace flowbroker::client
