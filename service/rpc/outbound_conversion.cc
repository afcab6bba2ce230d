#include "service/rpc/outbound_conversion.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <utility>

#include "service/rpc/fields.h"

namespace flowbroker::rpc {
namespace {

constexpr std::size_t kDefaultPage = 100;

/// Of the wire; the set cuts what it finds too long.
constexpr Duration kMaxRetryAfter = std::chrono::seconds(0xFFFF'FFFF);

v1::FlowSetMemberState ToProto(outbound::MemberState state) {
  switch (state) {
    case outbound::MemberState::kStopped:  // is never seen from outside
    case outbound::MemberState::kWaiting:
      return v1::FLOW_SET_MEMBER_STATE_WAITING;
    case outbound::MemberState::kOpening:
      return v1::FLOW_SET_MEMBER_STATE_OPENING;
    case outbound::MemberState::kUp:
      return v1::FLOW_SET_MEMBER_STATE_UP;
    case outbound::MemberState::kRegistered:
      return v1::FLOW_SET_MEMBER_STATE_REGISTERED;
  }
  __builtin_unreachable();
}

v1::FlowSetEventKind ToProto(engine::FlowSetEventKind kind) {
  switch (kind) {
    case engine::FlowSetEventKind::kSnapshot:
      return v1::FLOW_SET_EVENT_KIND_SNAPSHOT;
    case engine::FlowSetEventKind::kEnsured:
      return v1::FLOW_SET_EVENT_KIND_ENSURED;
    case engine::FlowSetEventKind::kFlowUp:
      return v1::FLOW_SET_EVENT_KIND_FLOW_UP;
    case engine::FlowSetEventKind::kNeedsRegister:
      return v1::FLOW_SET_EVENT_KIND_NEEDS_REGISTER;
    case engine::FlowSetEventKind::kRegistered:
      return v1::FLOW_SET_EVENT_KIND_REGISTERED;
    case engine::FlowSetEventKind::kFlowDown:
      return v1::FLOW_SET_EVENT_KIND_FLOW_DOWN;
    case engine::FlowSetEventKind::kDeleted:
      return v1::FLOW_SET_EVENT_KIND_DELETED;
  }
  __builtin_unreachable();
}

/// Whether the registration was accepted.
Expected<bool> RequiredOutcome(v1::RegistrationOutcome outcome) {
  switch (static_cast<int>(outcome)) {  // an open enum of the wire
    case v1::REGISTRATION_OUTCOME_ACCEPTED:
      return true;
    case v1::REGISTRATION_OUTCOME_REFUSED:
      return false;
    case v1::REGISTRATION_OUTCOME_UNSPECIFIED:
      return FieldError("outcome", "required");
    default:
      return FieldError("outcome", "unknown value " + std::to_string(static_cast<int>(outcome)));
  }
}

void Fill(const outbound::FlowSetMember& member, TimePoint now, v1::FlowSetMember& out) {
  out.set_reg_id(member.reg_id.value);
  out.set_uri(Printable(member.uri));
  out.set_state(ToProto(member.state));
  if (member.flow) out.set_flow_id(member.flow->ToString());
  if (member.host) out.set_host(member.host->ToString());
  out.set_failures(member.failures);
  if (member.last_failure && member.failures > 0) out.set_last_failure(std::string(ToString(*member.last_failure)));
  if (member.next_attempt == kNever) return;
  rpc::Fill(std::max(member.next_attempt - now, Duration::zero()), *out.mutable_next_attempt_in());
}

}  // namespace

Expected<std::string> RequiredSetName(const std::string& name) {
  if (name.empty()) return FieldError("name", "required");
  return Text(name, kMaxSetName, "name");
}

Expected<engine::FlowSetRequest> FromProto(const v1::EnsureFlowSetRequest& request, const Caller& caller) {
  auto name = RequiredSetName(request.name());
  if (!name) return Unexpected(name.error());
  auto group = ClientGroup(request.client_group());
  if (!group) return Unexpected(group.error());
  engine::FlowSetRequest wanted{
      .owner = caller.Owner(*std::move(group)), .name = *std::move(name), .replace = request.replace()};
  if (!request.instance_id().empty()) {
    auto instance = sip::InstanceId::Parse(request.instance_id());
    if (!instance) return FieldError("instance_id", instance.error().detail);
    wanted.instance = *std::move(instance);
  }
  if (static_cast<std::size_t>(request.uris_size()) > outbound::kMostUris)
    return FieldError("uris", "a flow set has 2 to 4 outbound-proxy URIs");
  for (const std::string& text : request.uris()) {
    auto uri = Text(text, kMaxUri, "uris");
    if (!uri) return Unexpected(uri.error());
    wanted.uris.push_back(*std::move(uri));
  }
  return wanted;
}

Expected<engine::RegistrationReport> FromProto(const v1::ReportRegistrationRequest& request) {
  const auto flow = RequiredFlowId(request.flow_id());
  if (!flow) return Unexpected(flow.error());
  const auto accepted = RequiredOutcome(request.outcome());
  if (!accepted) return Unexpected(accepted.error());
  engine::RegistrationReport report{.reg_id = {request.reg_id()}, .flow = *flow, .accepted = *accepted};
  if (!request.has_retry_after()) return report;
  const auto retry_after = FromProto(request.retry_after(), kMaxRetryAfter, "retry_after");
  if (!retry_after) return Unexpected(retry_after.error());
  report.retry_after = *retry_after;
  return report;
}

Expected<FlowSetPage> FromProto(const v1::ListFlowSetsRequest& request) {
  const auto count = PageSize(request.page_size(), kDefaultPage);
  if (!count) return Unexpected(count.error());
  FlowSetPage page{std::nullopt, *count};
  const std::string& token = request.page_token();
  if (token.empty()) return page;
  std::uint64_t after = 0;
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), after);
  if (error != std::errc{} || end != token.data() + token.size())
    return FieldError("page_token", "not from a previous answer");
  page.after = after;
  return page;
}

void Fill(const engine::FlowSetView& set, TimePoint now, v1::FlowSet& out) {
  out.set_name(Printable(set.spec.name));
  out.set_instance_id(set.spec.instance.text());
  out.set_client_group(Printable(set.spec.owner.client_group));
  out.set_tenant(Printable(set.spec.owner.tenant));
  for (const outbound::FlowSetMember& member : set.members) Fill(member, now, *out.add_members());
}

void Fill(const engine::FlowSetEvent& event, const Moment& now, v1::FlowSetEvent& out) {
  out.set_sequence(event.sequence);
  *out.mutable_time() = WallTime(event.time, now);
  out.set_kind(ToProto(event.kind));
  if (event.set) Fill(*event.set, event.time, *out.mutable_flow_set());
  if (event.reg_id) out.set_reg_id(event.reg_id->value);
  if (event.flow) out.set_flow_id(event.flow->ToString());
  if (event.why) out.set_reason(std::string(ToString(*event.why)));
  if (event.kind == engine::FlowSetEventKind::kFlowDown) {
    out.set_reason(event.failure ? std::string(ToString(event.failure->reason)) : "registration_refused");
    if (event.failure) out.set_detail(Printable(event.failure->detail));
  }
  if (event.due) *out.mutable_due() = WallTime(*event.due, now);
}

}  // namespace flowbroker::rpc
