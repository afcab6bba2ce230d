#include "clients/cpp/wire.h"
#include "clients/cpp/wire_fields.h"

namespace flowbroker::client {
namespace {

using client::From;  // beside the one below

FlowSetMember From(const v1::FlowSetMember& member) {
  FlowSetMember to{.reg_id = member.reg_id(),
                   .uri = member.uri(),
                   .state = EnumFrom(member.state(), FlowSetMemberState::kRegistered),
                   .flow_id = member.flow_id(),
                   .host = member.host(),
                   .failures = member.failures(),
                   .last_failure = member.last_failure()};
  if (member.has_next_attempt_in()) to.next_attempt_in = From(member.next_attempt_in());
  return to;
}

}  // namespace

v1::EnsureFlowSetRequest ToProto(const FlowSetRequest& request) {
  v1::EnsureFlowSetRequest to;
  to.set_name(request.name);
  to.set_instance_id(request.instance_id);
  for (const std::string& uri : request.uris) to.add_uris(uri);
  to.set_client_group(request.client_group);
  to.set_replace(request.replace);
  return to;
}

v1::ReportRegistrationRequest ToProto(const RegistrationReport& report) {
  v1::ReportRegistrationRequest to;
  to.set_name(report.name);
  to.set_reg_id(report.reg_id);
  to.set_flow_id(report.flow_id);
  to.set_outcome(report.accepted ? v1::REGISTRATION_OUTCOME_ACCEPTED : v1::REGISTRATION_OUTCOME_REFUSED);
  if (report.retry_after) Set(*report.retry_after, *to.mutable_retry_after());
  return to;
}

FlowSet FromProto(const v1::FlowSet& set) {
  FlowSet to{.name = set.name(),
             .instance_id = set.instance_id(),
             .client_group = set.client_group(),
             .tenant = set.tenant(),
             .members = {}};
  for (const v1::FlowSetMember& member : set.members()) to.members.push_back(From(member));
  return to;
}

FlowSetEvent FromProto(const v1::FlowSetEvent& event) {
  FlowSetEvent to{.sequence = event.sequence(),
                  .time = From(event.time()),
                  .kind = EnumFrom(event.kind(), FlowSetEventKind::kDeleted),
                  .flow_id = event.flow_id(),
                  .reason = event.reason(),
                  .detail = event.detail()};
  if (event.has_flow_set()) to.flow_set = FromProto(event.flow_set());
  if (event.reg_id() != 0) to.reg_id = event.reg_id();
  if (event.has_due()) to.due = From(event.due());
  return to;
}

}  // namespace flowbroker::client
