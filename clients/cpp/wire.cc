#include "clients/cpp/wire.h"

#include "clients/cpp/wire_fields.h"

namespace flowbroker::client {
namespace {

using client::From;  // beside those below
using client::Set;

void Set(const ResponseDestination& from, v1::ResponseDestination& to) {
  to.set_transport(static_cast<v1::Transport>(from.transport));
  to.set_sent_by_host(from.sent_by_host);
  to.set_sent_by_port(from.sent_by_port.value_or(0));
  to.set_received(from.received);
  to.set_rport(from.rport.value_or(0));
}

void Set(const Destination& from, v1::Destination& to) {
  if (const auto* uri = std::get_if<std::string>(&from.to)) {
    to.set_uri(*uri);
  } else {
    Set(std::get<ResponseDestination>(from.to), *to.mutable_response());
  }
  for (const Transport transport : from.allowed_transports) {
    to.add_allowed_transports(static_cast<v1::Transport>(transport));
  }
  to.set_local_address(from.local_address);
  to.set_local_interface(from.local_interface);
  to.set_tls_identity(from.tls_identity);
}

TraceStep From(const v1::TraceStep& step) {
  TraceStep to{.what = EnumFrom(step.what(), TraceWhat::kWait),
               .start = From(step.start()),
               .end = std::nullopt,
               .subject = step.subject(),
               .outcome = EnumFrom(step.outcome(), TraceOutcome::kStale),
               .reason = step.reason(),
               .failure = step.failure(),
               .transport = From(step.transport()),
               .remote = std::nullopt};
  if (step.has_end()) to.end = From(step.end());
  if (step.has_remote()) to.remote = From(step.remote());
  return to;
}

ResolvedTarget From(const v1::ResolvedTarget& target) {
  ResolvedTarget to{.transport = From(target.transport()),
                    .endpoint = From(target.endpoint()),
                    .family = From(target.family()),
                    .host = target.host(),
                    .reason = target.reason(),
                    .expected_time = std::nullopt,
                    .srv_owner = target.srv_owner(),
                    .srv_priority = static_cast<std::uint16_t>(target.srv_priority()),
                    .srv_weight = static_cast<std::uint16_t>(target.srv_weight())};
  if (target.has_expected_time()) to.expected_time = From(target.expected_time());
  return to;
}

}  // namespace

v1::AcquireRequest ToProto(const AcquireRequest& request) {
  v1::AcquireRequest to;
  Set(request.destination, *to.mutable_destination());
  to.set_client_group(request.client_group);
  to.set_time_sensitive(request.time_sensitive);
  to.set_exclusive(request.exclusive);
  to.set_handoff(request.handoff);
  to.set_request_id(request.request_id);
  to.set_want_trace(request.want_trace);
  return to;
}

v1::WarmRequest ToProto(const WarmRequest& request) {
  v1::WarmRequest to;
  Set(request.destination, *to.mutable_destination());
  to.set_client_group(request.client_group);
  return to;
}

v1::ResolveRequest ToProto(const Destination& destination) {
  v1::ResolveRequest to;
  Set(destination, *to.mutable_destination());
  return to;
}

v1::ReportOutcomeRequest ToProto(const TransactionReport& report) {
  v1::ReportOutcomeRequest to;
  to.set_flow_id(report.flow_id);
  to.set_outcome(static_cast<v1::TransactionOutcome>(report.outcome));
  if (report.rtt) Set(*report.rtt, *to.mutable_rtt());
  if (report.retry_after) Set(*report.retry_after, *to.mutable_retry_after());
  return to;
}

Trace FromProto(const v1::Trace& trace) {
  Trace to{.start_time = From(trace.start_time()), .steps = {}};
  to.steps.reserve(static_cast<std::size_t>(trace.steps_size()));
  for (const v1::TraceStep& step : trace.steps()) to.steps.push_back(From(step));
  return to;
}

AcquiredFlow FromProto(const v1::AcquireResponse& response) {
  AcquiredFlow to{.flow_id = response.flow_id(),
                  .transport = From(response.transport()),
                  .family = From(response.family()),
                  .local = From(response.local()),
                  .remote = From(response.remote()),
                  .source = EnumFrom(response.source(), FlowSource::kProbed),
                  .timers = {}};
  if (response.has_timers()) {
    to.timers = {.t1 = From(response.timers().t1()),
                 .timer_b = From(response.timers().timer_b()),
                 .timer_f = From(response.timers().timer_f())};
  }
  if (response.has_trace()) to.trace = FromProto(response.trace());
  if (response.has_handoff()) {
    to.handoff = {.ticket = response.handoff().ticket(),
                  .socket_path = response.handoff().socket_path(),
                  .valid_for = From(response.handoff().valid_for())};
  }
  return to;
}

Resolution FromProto(const v1::ResolveResponse& response) {
  Resolution to{.targets = {}, .valid_for = std::nullopt, .trace = FromProto(response.trace())};
  for (const v1::ResolvedTarget& target : response.targets()) to.targets.push_back(From(target));
  if (response.has_valid_for()) to.valid_for = From(response.valid_for());
  return to;
}

Flow FromProto(const v1::Flow& flow) {
  Flow to{.flow_id = flow.flow_id(),
          .transport = From(flow.transport()),
          .family = From(flow.family()),
          .local = From(flow.local()),
          .remote = From(flow.remote()),
          .state = EnumFrom(flow.state(), FlowState::kClosed),
          .tls_identity = flow.tls_identity(),
          .client_group = flow.client_group(),
          .exclusive = flow.exclusive(),
          .age = From(flow.age()),
          .idle = From(flow.idle()),
          .messages_sent = flow.messages_sent(),
          .messages_received = flow.messages_received(),
          .smoothed_rtt = std::nullopt,
          .listener = flow.listener()};
  if (flow.has_smoothed_rtt()) to.smoothed_rtt = From(flow.smoothed_rtt());
  return to;
}

FlowEvent FromProto(const v1::FlowEvent& event) {
  return {.sequence = event.sequence(),
          .time = From(event.time()),
          .kind = EnumFrom(event.kind(), FlowEventKind::kMessageDropped),
          .flow = FromProto(event.flow()),
          .reason = event.reason(),
          .detail = event.detail()};
}

ProbeResult FromProto(const v1::ProbeFlowResponse& response) {
  ProbeResult to{.alive = response.alive(), .rtt = std::nullopt, .answer = response.answer()};
  if (response.has_rtt()) to.rtt = From(response.rtt());
  return to;
}

Duration FromProto(const v1::Draining& draining) {
  return From(draining.time_left());
}

}  // namespace flowbroker::client
