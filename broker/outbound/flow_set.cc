#include "broker/outbound/flow_set.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace flowbroker::outbound {

std::string_view ToString(RegisterReason reason) {
  switch (reason) {
    case RegisterReason::kFirstFlow:
      return "first_flow";
    case RegisterReason::kNewFlow:
      return "new_flow";
  }
  __builtin_unreachable();
}

std::string_view ToString(MemberState state) {
  switch (state) {
    case MemberState::kStopped:
      return "stopped";
    case MemberState::kWaiting:
      return "waiting";
    case MemberState::kOpening:
      return "opening";
    case MemberState::kUp:
      return "up";
    case MemberState::kRegistered:
      return "registered";
  }
  __builtin_unreachable();
}

Expected<FlowSet> FlowSet::Create(FlowSetSpec spec, const FlowSetOptions& options, RandomSource& random) {
  if (const auto checked = Check(spec); !checked) return Unexpected(checked.error());
  return FlowSet(std::move(spec), options, random);
}

FlowSet::FlowSet(FlowSetSpec spec, const FlowSetOptions& options, RandomSource& random)
    : spec_(std::move(spec)), options_(options), random_(&random) {
  for (const std::string& uri : spec_.uris) {
    members_.push_back({.reg_id = {static_cast<std::uint32_t>(members_.size() + 1)}, .uri = uri});
  }
}

FlowSetActions FlowSet::Start(TimePoint now) {
  if (members_.front().state != MemberState::kStopped) return {};
  TimePoint first_try = now;
  for (FlowSetMember& member : members_) {
    Wait(member, first_try);
    first_try += options_.head_start;
  }
  return OnTimer(now);
}

FlowSetActions FlowSet::Stop() {
  FlowSetActions actions;
  for (FlowSetMember& member : members_) {
    if (member.flow) actions.push_back(CloseFlow{*member.flow});
    member = {.reg_id = member.reg_id, .uri = std::move(member.uri)};
  }
  return actions;
}

FlowSetActions FlowSet::OnFlowUp(OpenAttempt attempt, const flow::FlowId& flow, const IpAddress& host, TimePoint now) {
  FlowSetMember* member = With(attempt);
  if (member == nullptr) return {CloseFlow{flow}};  // stopped meanwhile
  if (With(flow) != nullptr) return OnOpenFailed(attempt, FailureReason::kAlreadyInUse, now);
  member->attempt.reset();
  member->state = MemberState::kUp;
  member->flow = flow;
  member->host = host;
  member->up_since = now;
  const auto why = std::exchange(member->had_flow, true) ? RegisterReason::kNewFlow : RegisterReason::kFirstFlow;
  FlowSetActions actions{NeedsRegister{member->reg_id, flow, now, why}};
  EndHeadStart(now);
  std::ranges::move(OnTimer(now), std::back_inserter(actions));
  return actions;
}

FlowSetActions FlowSet::OnOpenFailed(OpenAttempt attempt, FailureReason reason, TimePoint now) {
  FlowSetMember* member = With(attempt);
  if (member == nullptr) return {};
  member->attempt.reset();
  member->last_failure = reason;
  CountFailure(*member, now);
  EndHeadStart(now);
  return OnTimer(now);
}

FlowSetActions FlowSet::OnFlowFailed(const flow::FlowId& flow, FailureReason reason, TimePoint now) {
  FlowSetMember* member = With(flow);
  if (member == nullptr) return {};
  const bool lasted = now - member->up_since >= options_.stable_after;
  const bool spared = !lasted && member->state == MemberState::kRegistered && member->failures == 0 && !member->spared;
  if (lasted) member->failures = 0;
  member->spared = spared || (member->spared && !lasted);
  LoseFlow(*member);
  member->last_failure = reason;
  if (lasted || spared) {
    Wait(*member, now);
  } else {
    CountFailure(*member, now);
  }
  return OnTimer(now);
}

void FlowSet::OnRegistered(const flow::FlowId& flow) {
  FlowSetMember* member = With(flow);
  if (member == nullptr) return;
  member->state = MemberState::kRegistered;
  member->refused_by.reset();
}

FlowSetActions FlowSet::OnRegisterFailed(const flow::FlowId& flow, std::optional<Duration> retry_after, TimePoint now) {
  FlowSetMember* member = With(flow);
  if (member == nullptr) return {};
  FlowSetActions actions{CloseFlow{flow}};
  member->refused_by = member->host;
  if (now - member->up_since >= options_.stable_after) member->failures = 0;
  LoseFlow(*member);
  CountFailure(*member, now);
  const bool at_once_again = retry_after && *retry_after <= Duration::zero() && member->failures > 1;
  if (retry_after && !at_once_again) {
    Wait(*member, now + std::clamp(*retry_after, Duration::zero(), options_.longest_retry_after));
  }
  std::ranges::move(OnTimer(now), std::back_inserter(actions));
  return actions;
}

FlowSetActions FlowSet::OnTimer(TimePoint now) {
  FlowSetActions actions;
  for (FlowSetMember& member : members_) {
    if (member.next_attempt <= now) actions.push_back(Open(member));
  }
  return actions;
}

TimePoint FlowSet::NextDeadline() const {
  return std::ranges::min_element(members_, {}, &FlowSetMember::next_attempt)->next_attempt;
}

FlowSetMember* FlowSet::With(OpenAttempt attempt) {
  const auto found = std::ranges::find(members_, attempt, &FlowSetMember::attempt);
  return found == members_.end() ? nullptr : &*found;
}

FlowSetMember* FlowSet::With(const flow::FlowId& flow) {
  const auto found = std::ranges::find(members_, flow, &FlowSetMember::flow);
  return found == members_.end() ? nullptr : &*found;
}

/// "When the UA boots [and the registration] fails and no registration on other flows succeed, the first retry happens
/// somewhere between 30 and 60 seconds after": a flow that is still being opened counts as down.
bool FlowSet::AllFlowsDown() const {
  return std::ranges::none_of(members_, &FlowSetMember::HasFlow);
}

std::vector<IpAddress> FlowSet::HostsToAvoid(const FlowSetMember& member) const {
  std::vector<IpAddress> hosts;
  for (const FlowSetMember& other : members_) {
    if (other.host && other.reg_id != member.reg_id) hosts.push_back(*other.host);
  }
  if (member.refused_by) hosts.push_back(*member.refused_by);
  return hosts;
}

OpenFlow FlowSet::Open(FlowSetMember& member) {
  member.state = MemberState::kOpening;
  member.next_attempt = kNever;
  member.attempt = OpenAttempt{++last_attempt_};
  return {.attempt = *member.attempt, .reg_id = member.reg_id, .uri = member.uri, .avoid = HostsToAvoid(member)};
}

void FlowSet::Wait(FlowSetMember& member, TimePoint until) {
  member.state = MemberState::kWaiting;
  member.next_attempt = until;
}

/// "The UA MUST wait for the value of the delay time before trying another registration to form a new flow for that
/// URI."
void FlowSet::CountFailure(FlowSetMember& member, TimePoint now) {
  if (member.failures < UINT32_MAX) ++member.failures;
  const Duration wait = RecoveryWait(options_.recovery, AllFlowsDown(), member.failures);
  Wait(member, now + RecoveryDelay(wait, *random_));
}

/// One URI has its answer: the next one that has not been tried yet need not wait for it any longer.
void FlowSet::EndHeadStart(TimePoint now) {
  const auto next = std::ranges::find_if(members_, [](const FlowSetMember& member) {
    return member.state == MemberState::kWaiting && !member.had_flow && member.failures == 0;
  });
  if (next != members_.end()) next->next_attempt = std::min(next->next_attempt, now);
}

void FlowSet::LoseFlow(FlowSetMember& member) {
  member.flow.reset();
  member.host.reset();
}

}  // namespace flowbroker::outbound
