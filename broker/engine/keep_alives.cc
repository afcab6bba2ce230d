#include "broker/engine/keep_alives.h"

#include <chrono>
#include <string>
#include <utility>

#include "broker/sip/message_framer.h"

namespace flowbroker::engine {
namespace {

using flow::KeepAlive;
using flow::KeepAliveMethod;

/// Intervals are tens of seconds and random: a tenth of a second more or less is nothing to them.
constexpr Duration kTick = std::chrono::milliseconds(50);
/// A bit over the longest interval of O4; what is later comes up in between and is put off again.
constexpr std::size_t kTicks = 2'600;
/// Asked in one turn, so that a shard with very many flows goes on serving calls.
constexpr std::size_t kFlowsPerTurn = 512;

}  // namespace

KeepAlives::KeepAlives(ShardContext& context, ShardFlows& flows, FlowProbes& probes)
    : context_(context),
      options_(context.state.options.flows.keep_alive),
      flows_(flows),
      probes_(probes),
      calendar_(kTick, kTicks) {}

void KeepAlives::OnOpened(flow::Flow& flow, TimePoint now) {
  const Transport transport = flow.key.remote.transport;
  flow.keep_alive.Start(options_.MethodFor(transport), transport, std::nullopt, options_, now, context_.random);
  Plan(flow, now);
}

Expected<void> KeepAlives::Configure(flow::Flow& flow, KeepAliveMethod method, std::optional<Duration> flow_timer,
                                     TimePoint now) {
  const Transport transport = flow.key.remote.transport;
  // RFC 5626 s.4.4.1: it is the user agent that pings.
  const bool towards_user_agent = flow.listener && method == KeepAliveMethod::kCrlf;
  if (!flow::Suits(method, transport) || towards_user_agent) {
    return Unexpected(
        {FailureReason::kInvalidArgument,
         std::string(ToString(method)) + " is no keep-alive for " +
             (towards_user_agent ? "a flow that a user agent has opened" : std::string(ToString(transport))),
         "method"});
  }
  flow.keep_alive.Start(method, transport, flow_timer, options_, now, context_.random);
  Plan(flow, now);
  return {};
}

void KeepAlives::OnAnswer(flow::Flow& flow, KeepAliveMethod method, TimePoint now) {
  // Its due time is later now: its place comes up, and it is put off.
  flow.keep_alive.OnAnswer(method, now, context_.random);
}

void KeepAlives::Plan(flow::Flow& flow, TimePoint now) {
  // A place that comes up earlier will do: the flow is put off then.
  const bool has_place = flow.keep_alive_place != kNever && flow.keep_alive_place > now;
  if (flow.keep_alive.due() == kNever || (has_place && flow.keep_alive_place <= flow.keep_alive.due())) return;
  flow.keep_alive_place = flow.keep_alive.due();
  calendar_.Add({flow.id, flow.keep_alive_place}, flow.keep_alive_place, now);
}

void KeepAlives::OnTimer(TimePoint now) {
  calendar_.TakeDue(now, kFlowsPerTurn, [this, now](const Place& place) {
    flow::Flow* flow = flows_.pool().Find(place.flow);
    if (flow != nullptr && flow->keep_alive_place == place.when) OnDue(*flow, now);
  });
}

void KeepAlives::OnDue(flow::Flow& flow, TimePoint now) {
  switch (flow.keep_alive.OnDue(flow.last_evidence, options_, now, context_.random)) {
    case KeepAlive::Action::kWait:
      break;
    case KeepAlive::Action::kAsk:
      Ask(flow, now);
      break;
    case KeepAlive::Action::kAskAgain:
      SendStun(flow);
      break;
    case KeepAlive::Action::kFail:
      // Where nobody takes what the peer sends, its answer may lie unread.
      if (!flow.reading_paused) return Fail(flow, now);
      break;
  }
  Plan(flow, now);
}

void KeepAlives::Ask(flow::Flow& flow, TimePoint now) {
  context_.state.observer.OnKeepAlive(flow.keep_alive.method(), flow.key.remote.transport);
  switch (flow.keep_alive.method()) {
    case KeepAliveMethod::kNone:
      return;
    case KeepAliveMethod::kCrlf:
      context_.actions.io.emplace_back(SendBytes{flow.connection, std::string(sip::kPingOctets)});
      return;
    case KeepAliveMethod::kStun:
      stun_[flow.id].id = sip::StunTransactionId::Make(context_.random);
      return SendStun(flow);
    case KeepAliveMethod::kOptions:
      return probes_.StartKeepAlive(flow, options_.answer_required || flow.keep_alive.has_answered(), now);
  }
  __builtin_unreachable();
}

void KeepAlives::SendStun(flow::Flow& flow) {
  const auto request = sip::WriteBindingRequest(stun_.at(flow.id).id, /*with_fingerprint=*/true);
  context_.actions.io.emplace_back(SendBytes{flow.connection, std::string(request.view())});
}

void KeepAlives::OnStun(flow::Flow& flow, std::string_view bytes, TimePoint now) {
  const auto known = stun_.find(flow.id);
  if (known == stun_.end() || !flow.keep_alive.waiting()) return;
  const auto answer = sip::ReadStun(bytes);
  if (!answer || answer->method != sip::kStunBinding || answer->id != known->second.id) return;
  if (answer->message_class != sip::StunClass::kSuccess && answer->message_class != sip::StunClass::kError) return;
  if (!answer->unknown.empty()) return;  // RFC 5389 s.7.3.3: discarded
  flows_.pool().NoteAlive(flow, now);
  OnAnswer(flow, KeepAliveMethod::kStun, now);
  if (!answer->mapped_address) return;
  const auto before = std::exchange(known->second.mapped, answer->mapped_address);
  if (!before || *before == *answer->mapped_address) return;
  flows_.RecordProbe(flow, FailureReason::kMappedAddressChanged, std::nullopt, now);
  std::string detail = "was " + before->ToString() + ", is " + answer->mapped_address->ToString();
  flows_.Close(flow, {FailureReason::kMappedAddressChanged, std::move(detail)}, now);
}

void KeepAlives::Fail(flow::Flow& flow, TimePoint now) {
  flows_.RecordProbe(flow, FailureReason::kKeepAliveTimedOut, std::nullopt, now);
  const auto limit = std::chrono::duration_cast<std::chrono::milliseconds>(options_.answer_time_limit).count();
  std::string detail = std::string(ToString(flow.keep_alive.method())) + " unanswered for " + std::to_string(limit) +
                       " ms; earlier ones were answered";
  flows_.Close(flow, {FailureReason::kKeepAliveTimedOut, std::move(detail)}, now);
}

}  // namespace flowbroker::engine
