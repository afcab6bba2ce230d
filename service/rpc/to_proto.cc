#include <algorithm>

#include "service/rpc/proto_conversion.h"

namespace flowbroker::rpc {
namespace {

v1::TraceWhat WhatOf(TraceWhat what) {
  switch (what) {
    case TraceWhat::kPool:
      return v1::TRACE_WHAT_POOL;
    case TraceWhat::kDnsQuery:
      return v1::TRACE_WHAT_DNS_QUERY;
    case TraceWhat::kSelection:
      return v1::TRACE_WHAT_SELECTION;
    case TraceWhat::kOrdering:
      return v1::TRACE_WHAT_ORDERING;
    case TraceWhat::kAttempt:
      return v1::TRACE_WHAT_ATTEMPT;
    case TraceWhat::kProbe:
      return v1::TRACE_WHAT_PROBE;
    case TraceWhat::kWait:
      return v1::TRACE_WHAT_WAIT;
  }
  __builtin_unreachable();
}

v1::TraceOutcome OutcomeOf(TraceOutcome outcome) {
  switch (outcome) {
    case TraceOutcome::kPending:
      return v1::TRACE_OUTCOME_PENDING;
    case TraceOutcome::kSucceeded:
      return v1::TRACE_OUTCOME_SUCCEEDED;
    case TraceOutcome::kWon:
      return v1::TRACE_OUTCOME_WON;
    case TraceOutcome::kLost:
      return v1::TRACE_OUTCOME_LOST;
    case TraceOutcome::kFailed:
      return v1::TRACE_OUTCOME_FAILED;
    case TraceOutcome::kCacheHit:
      return v1::TRACE_OUTCOME_CACHE_HIT;
    case TraceOutcome::kStale:
      return v1::TRACE_OUTCOME_STALE;
  }
  __builtin_unreachable();
}

v1::FlowEventKind KindOf(engine::FlowEventKind kind) {
  switch (kind) {
    case engine::FlowEventKind::kOpened:
      return v1::FLOW_EVENT_KIND_OPENED;
    case engine::FlowEventKind::kClosed:
      return v1::FLOW_EVENT_KIND_CLOSED;
    case engine::FlowEventKind::kMessageDropped:
      return v1::FLOW_EVENT_KIND_MESSAGE_DROPPED;
  }
  __builtin_unreachable();
}

v1::FlowState StateOf(const engine::FlowView& flow) {
  if (!flow.open) return v1::FLOW_STATE_CLOSED;
  return flow.probing ? v1::FLOW_STATE_PROBING : v1::FLOW_STATE_OPEN;
}

void FillStep(const TraceStep& step, TimePoint start, v1::TraceStep& out) {
  out.set_what(WhatOf(step.what));
  Fill(step.start - start, *out.mutable_start());
  if (step.outcome != TraceOutcome::kPending) Fill(step.end - start, *out.mutable_end());
  out.set_subject(Printable(step.subject));
  out.set_outcome(OutcomeOf(step.outcome));
  out.set_reason(Printable(step.reason));
  if (step.failure) out.set_failure(std::string(ToString(*step.failure)));
  if (!step.target) return;
  out.set_transport(ToProto(step.target->transport));
  Fill(step.target->endpoint, *out.mutable_remote());
}

}  // namespace

std::string Printable(std::string text) {
  std::replace_if(text.begin(), text.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return text;
}

v1::Transport ToProto(Transport transport) {
  switch (transport) {
    case Transport::kUdp:
      return v1::TRANSPORT_UDP;
    case Transport::kTcp:
      return v1::TRANSPORT_TCP;
    case Transport::kTls:
      return v1::TRANSPORT_TLS;
  }
  __builtin_unreachable();
}

v1::AddressFamily ToProto(AddressFamily family) {
  switch (family) {
    case AddressFamily::kIpv4:
      return v1::ADDRESS_FAMILY_IPV4;
    case AddressFamily::kIpv6:
      return v1::ADDRESS_FAMILY_IPV6;
  }
  __builtin_unreachable();
}

v1::FlowSource ToProto(engine::FlowSource source) {
  switch (source) {
    case engine::FlowSource::kRaced:
      return v1::FLOW_SOURCE_RACED;
    case engine::FlowSource::kShared:
      return v1::FLOW_SOURCE_SHARED;
    case engine::FlowSource::kPooled:
      return v1::FLOW_SOURCE_POOLED;
    case engine::FlowSource::kProbed:
      return v1::FLOW_SOURCE_PROBED;
  }
  __builtin_unreachable();
}

void Fill(const Endpoint& endpoint, v1::Endpoint& out) {
  out.set_address(endpoint.address.ToString());
  out.set_port(endpoint.port);
}

void Fill(Duration duration, google::protobuf::Duration& out) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(duration);
  out.set_seconds(seconds.count());
  out.set_nanos(static_cast<std::int32_t>((duration - seconds).count()));
}

void Fill(const history::TimerAdvice& timers, v1::TimerAdvice& out) {
  Fill(timers.t1, *out.mutable_t1());
  Fill(timers.timer_b, *out.mutable_timer_b());
  Fill(timers.timer_f, *out.mutable_timer_f());
}

google::protobuf::Timestamp WallTime(TimePoint time, const Moment& now) {
  const auto since_epoch = now.wall.time_since_epoch() - (now.broker - time);
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since_epoch);
  google::protobuf::Timestamp timestamp;
  timestamp.set_seconds(seconds.count());
  timestamp.set_nanos(static_cast<std::int32_t>((since_epoch - seconds).count()));
  return timestamp;
}

void Fill(const Trace& trace, const Moment& now, v1::Trace& out) {
  *out.mutable_start_time() = WallTime(trace.start, now);
  for (const TraceStep& step : trace.steps) FillStep(step, trace.start, *out.add_steps());
}

void Fill(const engine::AcquiredFlow& flow, v1::AcquireResponse& out) {
  out.set_flow_id(flow.id.ToString());
  out.set_transport(ToProto(flow.remote.transport));
  out.set_family(ToProto(flow.remote.family()));
  Fill(flow.local, *out.mutable_local());
  Fill(flow.remote.endpoint, *out.mutable_remote());
  out.set_source(ToProto(flow.source));
  Fill(flow.timers, *out.mutable_timers());
}

void Fill(const engine::HandoffGrant& grant, TimePoint now, v1::HandoffTicket& out) {
  out.set_ticket(grant.ticket);
  out.set_socket_path(grant.socket);
  Fill(std::max(grant.valid_until - now, Duration::zero()), *out.mutable_valid_for());
}

void Fill(const engine::ResolvedTarget& target, v1::ResolvedTarget& out) {
  const location::LocatedTarget& located = target.located;
  out.set_transport(ToProto(located.target.transport));
  Fill(located.target.endpoint, *out.mutable_endpoint());
  out.set_family(ToProto(located.target.family()));
  out.set_host(located.host);
  out.set_reason(Printable(located.reason));
  if (target.expected_time) Fill(*target.expected_time, *out.mutable_expected_time());
  if (!located.srv_owner) return;
  out.set_srv_owner(*located.srv_owner);
  out.set_srv_priority(located.srv_priority);
  out.set_srv_weight(located.srv_weight);
}

void Fill(const engine::EdgeOrigin& origin, v1::EdgeOrigin& out) {
  out.set_listener(origin.listener);
  out.set_token(origin.token);
  out.set_transport(ToProto(origin.transport));
  Fill(origin.remote, *out.mutable_remote());
  out.set_states_other_address(origin.states_other_address);
}

void Fill(const engine::FlowView& flow, TimePoint now, v1::Flow& out) {
  out.set_flow_id(flow.id.ToString());
  out.set_transport(ToProto(flow.remote.transport));
  out.set_family(ToProto(flow.remote.family()));
  Fill(flow.local, *out.mutable_local());
  Fill(flow.remote.endpoint, *out.mutable_remote());
  out.set_state(StateOf(flow));
  out.set_tls_identity(Printable(flow.tls_identity));
  out.set_client_group(flow.owner.client_group);
  out.set_tenant(flow.owner.tenant);
  out.set_exclusive(flow.exclusive);
  Fill(std::max(Duration::zero(), now - flow.opened), *out.mutable_age());
  Fill(std::max(Duration::zero(), now - flow.last_activity), *out.mutable_idle());
  out.set_messages_sent(flow.messages_sent);
  out.set_messages_received(flow.messages_received);
  if (flow.smoothed_rtt) Fill(*flow.smoothed_rtt, *out.mutable_smoothed_rtt());
  if (flow.listener) out.set_listener(*flow.listener);
}

void Fill(const engine::FlowEvent& event, const Moment& now, v1::FlowEvent& out) {
  out.set_sequence(event.sequence);
  *out.mutable_time() = WallTime(event.time, now);
  out.set_kind(KindOf(event.kind));
  Fill(event.flow, event.time, *out.mutable_flow());
  if (!event.failure) return;
  out.set_reason(std::string(ToString(event.failure->reason)));
  out.set_detail(Printable(event.failure->detail));
}

}  // namespace flowbroker::rpc
