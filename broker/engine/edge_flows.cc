#include "broker/engine/edge_flows.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "broker/sip/message_framer.h"
#include "broker/sip/stun_message.h"
#include "broker/sip/via_header.h"

namespace flowbroker::engine {
namespace {

/// For the time until a first message; a tenth of a second is nothing to it.
constexpr Duration kTick = std::chrono::milliseconds(100);
constexpr std::size_t kTicks = 1'024;
constexpr std::size_t kFlowsPerTurn = 512;

}  // namespace

EdgeFlows::EdgeFlows(ShardContext& context, ShardFlows& flows)
    : context_(context),
      options_(context.state.options.edge),
      flows_(flows),
      silent_(kTick, kTicks),
      unanswered_(kTick, kTicks) {}

flow::ConnectionId EdgeFlows::Begin(std::uint16_t listener, const Endpoint& remote, TimePoint now) {
  const flow::ConnectionId id{context_.NextNumber()};
  context_.owners.emplace(id, AcceptedConnection{});
  accepted_.emplace(id, AcceptedFrom{listener, remote, now});
  silent_.Add(id, now + std::min(options_.first_message_timeout, options_.idle_timeout), now);
  return id;
}

void EdgeFlows::OnConnected(flow::ConnectionId id, const Endpoint& local, TimePoint now) {
  const auto accepted = accepted_.extract(id);
  if (accepted.empty() || Open(id, accepted.mapped(), local, now)) return;
  context_.Close(id);
  context_.state.sources.Release(accepted.mapped().remote.address);
}

bool EdgeFlows::Open(flow::ConnectionId id, const AcceptedFrom& accepted, const Endpoint& local, TimePoint now) {
  if (context_.stopping) return false;
  const flow::EdgeListener& listener = options_.listeners.at(accepted.listener);
  flow::FlowKey key{.remote = {accepted.remote, listener.transport}, .owner = options_.OwnerAt(accepted.listener)};
  return flows_.OpenAccepted(std::move(key), id, local, accepted.listener, now).has_value();
}

void EdgeFlows::OnEnded(flow::ConnectionId id) {
  const auto accepted = accepted_.extract(id);
  if (!accepted.empty()) context_.state.sources.Release(accepted.mapped().remote.address);
}

void EdgeFlows::OnCrlf(const flow::Flow& flow, bool twice, TimePoint now) {
  if (options_.crlf_answer_after > Duration::zero()) {
    if (owes_answer_.insert(flow.connection).second) {
      unanswered_.Add(flow.connection, now + options_.crlf_answer_after, now);
    }
  } else if (twice) {
    AnswerCrlf(flow.connection);
  }
}

void EdgeFlows::AnswerCrlf(flow::ConnectionId id) {
  if (context_.owners.contains(id)) context_.actions.io.emplace_back(SendBytes{id, std::string(sip::kPongOctets)});
}

void EdgeFlows::OnStun(const flow::Flow& flow, std::string_view bytes) {
  const auto request = sip::ReadStun(bytes);
  if (!request || request->message_class != sip::StunClass::kRequest || request->method != sip::kStunBinding) return;
  const auto answer = request->unknown.empty()
                          ? sip::WriteBindingAnswer(request->id, flow.key.remote.endpoint, request->has_fingerprint)
                          : sip::WriteBindingError(request->id, 420, request->unknown, request->has_fingerprint);
  context_.actions.io.emplace_back(SendBytes{flow.connection, std::string(answer.view())});
}

void EdgeFlows::OnFlowClosed(const flow::Flow& flow, TimePoint now) {
  context_.state.registrar.OnFlowClosed(flow.id, now);
  if (flow.listener) context_.state.sources.Release(flow.key.remote.endpoint.address);
}

EdgeOrigin EdgeFlows::OriginOf(const flow::Flow& flow, const sip::MessageHead& head) const {
  const auto sender = sip::ReadViaSender(head.top_via);
  return {.listener = options_.listeners.at(flow.listener.value()).ToString(),
          .token = context_.state.tokens.Mint(flow.id, flow.addresses()),
          .transport = flow.key.remote.transport,
          .remote = flow.key.remote.endpoint,
          .states_other_address = sender && sip::StatesOtherAddress(*sender, flow.key.remote.endpoint)};
}

void EdgeFlows::OnTimer(TimePoint now) {
  silent_.TakeDue(now, kFlowsPerTurn, [this, now](flow::ConnectionId id) { LookAt(id, now); });
  unanswered_.TakeDue(now, kFlowsPerTurn, [this](flow::ConnectionId id) {
    owes_answer_.erase(id);
    AnswerCrlf(id);
  });
}

void EdgeFlows::LookAt(flow::ConnectionId id, TimePoint now) {
  const auto owner = context_.owners.find(id);
  if (owner == context_.owners.end()) return;
  if (const auto* flow = std::get_if<flow::FlowId>(&owner->second)) return LookAt(*flows_.pool().Find(*flow), now);
  const auto accepted = accepted_.find(id);  // its TLS handshake is under way
  if (accepted == accepted_.end()) return;
  const TimePoint limit = accepted->second.since + options_.first_message_timeout;
  if (now < limit) return silent_.Add(id, limit, now);  // further away than the calendar reaches
  context_.state.observer.OnLimit(Limit::kFirstMessage);
  OnEnded(id);
  context_.Close(id);
}

void EdgeFlows::LookAt(flow::Flow& flow, TimePoint now) {
  const bool spoke = flow.messages_received > 0;
  TimePoint limit = spoke ? flow.last_activity + options_.idle_timeout : flow.opened + options_.first_message_timeout;
  if (spoke && now >= limit && context_.state.registrar.HasBindings(flow.id)) limit = now + options_.idle_timeout;
  if (now < limit) return silent_.Add(flow.connection, limit, now);
  context_.state.observer.OnLimit(spoke ? Limit::kEdgeIdle : Limit::kFirstMessage);
  const char* why = spoke ? "nothing came or went, and no binding needs it" : "no message since it was accepted";
  flows_.Close(flow, {FailureReason::kIdle, why}, now);
}

}  // namespace flowbroker::engine
