#include "broker/engine/shard_core.h"

#include <algorithm>
#include <iterator>

#include "broker/sip/datagram.h"
#include "broker/sip/message_head.h"
#include "broker/sip/options_probe.h"

namespace flowbroker::engine {

using location::AnswerOrigin;
using sip::MessageFramer;

ShardCore::ShardCore(std::uint8_t index, BrokerState& state, const location::SourceAddressSelector& sources,
                     RandomSource& random)
    : context_{.index = index, .state = state, .sources = sources, .random = random},
      questions_(context_),
      flows_(
          context_, [this](flow::Flow& opened, TimePoint now) { keep_alives_.OnOpened(opened, now); },
          [this](const flow::Flow& closed, const Failure& failure, TimePoint now) {
            keep_alives_.OnFlowClosed(closed);
            edge_.OnFlowClosed(closed, now);
            relay_.OnFlowClosed(closed, now);
            handoffs_.OnFlowClosed(closed.id);
            probes_.OnFlowClosed(closed.id, failure, now);
            if (closed.held) TellHeldClosed(closed.id, failure);
          }),
      probes_(context_, flows_,
              [this](const FlowProbes::Ended& ended, TimePoint now) { acquisitions_.OnProbeEnded(ended, now); }),
      keep_alives_(context_, flows_, probes_),
      edge_(context_, flows_),
      datagrams_(context_, [this](flow::Flow& flow, const sip::MessageHead& head, std::string_view bytes,
                                  std::optional<EdgeOrigin> origin,
                                  TimePoint now) { relay_.OnMessage(flow, head, bytes, std::move(origin), now); }),
      relay_(context_, flows_, datagrams_),
      handoffs_(context_, flows_),
      acquisitions_(
          context_, flows_, probes_, questions_, handoffs_,
          [this](flow::Flow& flow, std::string_view bytes, TimePoint now) { OnFlowMessage(flow, bytes, now); }),
      resolutions_(context_, questions_) {}

void ShardCore::TellHeldClosed(const flow::FlowId& id, const Failure& failure) {
  if (!context_.state.on_held_closed) return;
  context_.actions.calls.emplace_back([&told = context_.state.on_held_closed, id, failure] { told(id, failure); });
}

void ShardCore::Stop(TimePoint now) {
  context_.stopping = true;
  const Failure failure{FailureReason::kShuttingDown, ""};
  acquisitions_.Stop(failure, now);
  resolutions_.Stop(failure, now);
  flows_.CloseAll(failure, now);
  datagrams_.Stop();
}

void ShardCore::OnLiveOptionsChanged(TimePoint now) {
  context_.live = context_.state.live.Get();
  flows_.CloseForbidden(now);
  acquisitions_.OnEgressChanged(now);
}

void ShardCore::ProbeFlow(const flow::FlowId& id, const flow::Scope& scope, TimePoint deadline, ProbeCallback done,
                          TimePoint now) {
  flow::Flow* flow = flows_.Find(id, scope);
  if (flow != nullptr && !flow->handoff) return probes_.Start(*flow, deadline, std::move(done), now);
  context_.actions.calls.emplace_back(
      [done = std::move(done), failure = WhyNotAsked(id, scope)] { done(Unexpected(failure)); });
}

Expected<void> ShardCore::SetKeepAlive(const flow::FlowId& id, const flow::Scope& scope, flow::KeepAliveMethod method,
                                       std::optional<Duration> flow_timer, TimePoint now) {
  flow::Flow* flow = flows_.Find(id, scope);
  if (flow == nullptr || flow->handoff) return Unexpected(WhyNotAsked(id, scope));
  return keep_alives_.Configure(*flow, method, flow_timer, now);
}

Failure ShardCore::WhyNotAsked(const flow::FlowId& id, const flow::Scope& scope) const {
  const flow::Flow* flow = flows_.pool().Find(id);
  if (flow != nullptr && flow->handoff && scope.Covers(flow->key.owner)) return WaitsForHandoff();
  if (!datagrams_.Has(id, scope)) return {FailureReason::kUnknownFlow, ""};
  return {FailureReason::kInvalidArgument, "a user agent's flow over UDP is asked as edge-keep-alive says", "flow_id"};
}

std::optional<FlowView> ShardCore::View(const flow::FlowId& id, const flow::Scope& scope, TimePoint now) const {
  auto view = flows_.View(id, scope, now);
  return view ? view : datagrams_.View(id, scope);
}

std::vector<flow::FlowId> ShardCore::IdsAfter(const std::optional<flow::FlowId>& after, std::size_t count,
                                              const flow::Scope& scope) const {
  const auto connections = flows_.pool().IdsAfter(after, count, scope);
  const auto datagrams = datagrams_.IdsAfter(after, count, scope);
  std::vector<flow::FlowId> ids;
  std::ranges::merge(connections, datagrams, std::back_inserter(ids));
  if (ids.size() > count) ids.erase(ids.begin() + static_cast<std::ptrdiff_t>(count), ids.end());
  return ids;
}

bool ShardCore::Close(const flow::FlowId& id, const flow::Scope& scope, const Failure& failure, TimePoint now) {
  return flows_.Close(id, scope, failure, now) || datagrams_.Close(id, scope, failure, now);
}

bool ShardCore::Release(const flow::FlowId& id, const flow::Scope& scope, TimePoint now) {
  return flows_.Release(id, scope, now) || datagrams_.Has(id, scope);
}

bool ShardCore::Report(const TransactionReport& report, const flow::Scope& scope, TimePoint now) {
  // What happens on the flow of a user agent says nothing of a target.
  return flows_.Report(report, scope, now) || (report.flow && datagrams_.Has(*report.flow, scope));
}

Expected<std::vector<bindings::BindOutcome>> ShardCore::Bind(std::span<const bindings::BindRequest> requests,
                                                             const flow::Scope& scope, TimePoint now) {
  const flow::FlowId& id = requests.front().flow;
  if (flows_.Find(id, scope) == nullptr && !datagrams_.Has(id, scope))
    return Unexpected({FailureReason::kUnknownFlow, ""});
  auto outcomes = context_.state.registrar.Bind(requests, now);
  if (!outcomes) return outcomes;
  for (const bindings::BindOutcome& outcome : *outcomes) datagrams_.NoteBound(id, outcome.expires, now);
  return outcomes;
}

void ShardCore::OnUnbound(const flow::FlowId& id) {
  if (!context_.state.registrar.HasBindings(id)) datagrams_.NoteUnbound(id);
}

std::optional<flow::FlowAddresses> ShardCore::AddressesOf(const flow::FlowId& id, const flow::Scope& scope) const {
  const flow::Flow* flow = flows_.Find(id, scope);
  if (flow == nullptr) return datagrams_.AddressesOf(id, scope);
  return flow->addresses();
}

std::optional<flow::FlowId> ShardCore::FindByAddresses(const flow::FlowAddresses& addresses,
                                                       const flow::Scope& scope) const {
  const flow::Flow* flow = flows_.pool().FindByAddresses(addresses);
  if (flow == nullptr) return datagrams_.Find(addresses, scope);
  return scope.Covers(flow->key.owner) ? std::optional(flow->id) : std::nullopt;
}

std::optional<std::uint64_t> ShardCore::AcquisitionOf(flow::ConnectionId id) const {
  const auto owner = context_.owners.find(id);
  if (owner == context_.owners.end()) return std::nullopt;
  const auto* attempt = std::get_if<AttemptOf>(&owner->second);
  return attempt == nullptr ? std::nullopt : std::optional(attempt->acquisition);
}

std::optional<flow::FlowId> ShardCore::FlowOf(flow::ConnectionId id) const {
  const auto owner = context_.owners.find(id);
  if (owner == context_.owners.end()) return std::nullopt;
  const auto* flow = std::get_if<flow::FlowId>(&owner->second);
  return flow == nullptr ? std::nullopt : std::optional(*flow);
}

void ShardCore::OnDnsAnswer(const dns::Question& question, const SharedResolver::Answer& answer, TimePoint now) {
  SharedResolver::Answer told = answer;
  for (const std::uint64_t number : questions_.TakeWaiting(question)) {
    if (!acquisitions_.OnAnswer(number, question, told, now)) resolutions_.OnAnswer(number, question, told, now);
    if (told.origin == AnswerOrigin::kServer) told.origin = AnswerOrigin::kShared;  // only the first one asked
  }
}

void ShardCore::OnTlsBegins(flow::ConnectionId id, std::optional<Duration> rtt, TimePoint now) {
  if (const auto acquisition = AcquisitionOf(id)) acquisitions_.OnTlsBegins(*acquisition, id, rtt, now);
}

void ShardCore::OnTlsVerified(flow::ConnectionId id, flow::TlsIdentities peer) {
  if (const auto acquisition = AcquisitionOf(id)) acquisitions_.OnTlsVerified(*acquisition, id, std::move(peer));
}

void ShardCore::OnConnected(flow::ConnectionId id, const Endpoint& local, std::optional<Duration> rtt, TimePoint now) {
  if (const auto acquisition = AcquisitionOf(id)) return acquisitions_.OnConnected(*acquisition, id, local, rtt, now);
  edge_.OnConnected(id, local, now);
}

void ShardCore::OnEnded(flow::ConnectionId id, const Failure& failure, TimePoint now) {
  const auto acquisition = AcquisitionOf(id);
  const auto flow = FlowOf(id);
  context_.owners.erase(id);
  edge_.OnEnded(id);
  if (acquisition) acquisitions_.OnEnded(*acquisition, id, failure, now);
  if (flow) OnFlowEnded(*flow, failure, now);
}

void ShardCore::OnHandedOver(flow::ConnectionId id, TimePoint now) {
  if (const auto flow = FlowOf(id)) handoffs_.OnHandedOver(*flow, now);
}

void ShardCore::OnFlowEnded(const flow::FlowId& id, const Failure& failure, TimePoint now) {
  const flow::Flow* flow = flows_.pool().Find(id);
  if (flow == nullptr) return;
  if (failure.reason == FailureReason::kLimitReached) context_.state.observer.OnLimit(Limit::kEdgePartialMessages);
  if (failure.reason == FailureReason::kMessageTooLarge) context_.state.observer.OnLimit(Limit::kMessageSize);
  // A FIN is how servers that live part with an idle connection; what else ends one (RST, ICMP, silence) is news.
  // What ends the flow of a user agent says nothing of a target.
  if (failure.reason != FailureReason::kClosedByPeer && !flow->listener)
    context_.state.history.Record({flow->path(), AttemptStage::kProbe, failure.reason, std::nullopt}, now);
  flows_.Close(id, flow::Scope{}, failure, now);
}

void ShardCore::OnReceived(flow::ConnectionId id, std::span<const MessageFramer::Item> items, TimePoint now) {
  if (const auto acquisition = AcquisitionOf(id)) return acquisitions_.OnReceived(*acquisition, id, items, now);
  const auto flow_id = FlowOf(id);
  if (!flow_id) return;
  std::size_t messages = 0;
  std::size_t octets = 0;
  std::size_t answers = 0;
  for (const MessageFramer::Item& item : items) {
    flow::Flow* flow = flows_.pool().Find(*flow_id);
    if (flow == nullptr) return;  // closed because of an item of this batch
    OnFlowItem(*flow, item, answers, now);
    if (item.kind != MessageFramer::Kind::kMessage) continue;
    ++messages;
    octets += item.bytes.size();
  }
  if (messages > 0) context_.state.observer.OnRelayed(/*inbound=*/true, messages, octets);
}

bool ShardCore::MayAnswer(const flow::Flow& flow, std::size_t& answers) const {
  // One is enough for whoever asks; more are there only because somebody floods. Nor does anything pile up for a user
  // agent that does not read.
  constexpr std::size_t kAnswersPerBatch = 4;
  return answers++ < kAnswersPerBatch && !relay_.HasUnsent(flow.id);
}

void ShardCore::OnFlowItem(flow::Flow& flow, const MessageFramer::Item& item, std::size_t& answers, TimePoint now) {
  switch (item.kind) {
    case MessageFramer::Kind::kMessage:
      return OnFlowMessage(flow, item.bytes, now);
    case MessageFramer::Kind::kPing:
      flows_.pool().NoteEvidence(flow, now);
      // E7: never answered on a connection that we opened
      if (flow.listener && MayAnswer(flow, answers)) edge_.OnCrlf(flow, /*twice=*/true, now);
      return;
    case MessageFramer::Kind::kStun:
      if (!flow.listener) return keep_alives_.OnStun(flow, item.bytes, now);
      if (MayAnswer(flow, answers)) edge_.OnStun(flow, item.bytes);
      return;
    case MessageFramer::Kind::kPong:
      flows_.pool().NoteAlive(flow, now);
      if (flow.listener && MayAnswer(flow, answers)) edge_.OnCrlf(flow, /*twice=*/false, now);
      keep_alives_.OnAnswer(flow, flow::KeepAliveMethod::kCrlf, now);
      return probes_.OnAnswer(flow, "CRLF", now);
  }
  __builtin_unreachable();
}

void ShardCore::OnFlowMessage(flow::Flow& flow, std::string_view bytes, TimePoint now) {
  const auto head = sip::ReadMessageHead(bytes);
  const bool stream = IsConnectionOriented(flow.key.remote.transport);
  if (!head) {
    // A datagram's sender can be forged, so bad ones are dropped; a bad stream cannot be trusted any further.
    if (stream) flows_.Close(flow, head.error(), now);
    return;
  }
  if (!stream) {
    const auto message = sip::MessageInDatagram(bytes, *head);
    if (!message) return;
    bytes = *message;
  }
  if (head->is_request || !sip::IsOptionsProbeBranch(head->top_via_branch)) {
    flows_.pool().NoteEvidence(flow, now);
    auto origin = flow.listener ? std::optional(edge_.OriginOf(flow, *head)) : std::nullopt;
    return relay_.OnMessage(flow, *head, bytes, std::move(origin), now);
  }
  flows_.pool().NoteAlive(flow, now);
  keep_alives_.OnAnswer(flow, flow::KeepAliveMethod::kOptions, now);
  // A late answer to an earlier probe interests nobody.
  if (probes_.Expects(flow.id, head->top_via_branch)) {
    probes_.OnAnswer(flow, "OPTIONS " + std::to_string(head->status_code), now);
  }
}

void ShardCore::OnQueued(flow::ConnectionId id, std::size_t octets) {
  if (const auto flow = FlowOf(id)) relay_.OnQueued(*flow, octets);
}

TimePoint ShardCore::NextDeadline() const {
  const TimePoint bindings_due = context_.index == 0 ? context_.state.registrar.NextDeadline() : kNever;
  return std::min({context_.deadlines.next(), flows_.pool().NextIdle(), relay_.NextDeadline(),
                   keep_alives_.NextDeadline(), edge_.NextDeadline(), datagrams_.NextDeadline(),
                   handoffs_.NextDeadline(), bindings_due});
}

void ShardCore::OnTimer(TimePoint now) {
  while (const auto number = context_.deadlines.FirstDue(now)) {
    if (!acquisitions_.OnTimer(*number, now) && !probes_.OnTimer(*number, now)) resolutions_.OnTimer(*number, now);
  }
  keep_alives_.OnTimer(now);
  edge_.OnTimer(now);
  datagrams_.OnTimer(now);
  handoffs_.OnTimer(now);
  if (context_.index == 0) context_.state.registrar.OnTimer(now);
  flows_.CloseIdle(now);
  relay_.ExpireHeld(now);
}

}  // namespace flowbroker::engine
