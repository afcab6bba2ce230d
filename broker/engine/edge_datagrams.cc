#include "broker/engine/edge_datagrams.h"

#include <utility>

#include "broker/sip/datagram.h"
#include "broker/sip/options_probe.h"
#include "broker/sip/stun_message.h"
#include "broker/sip/via_header.h"

namespace flowbroker::engine {
namespace {

/// Looked at in one turn of the shard, a fraction of a millisecond.
constexpr std::size_t kFlowsPerTurn = 512;

/// This shard's part of what all of them may have. The kernel spreads user agents evenly.
flow::DatagramFlowOptions PartOf(flow::DatagramFlowOptions options, std::size_t shards) {
  options.max_flows = std::max<std::size_t>(1, options.max_flows / shards);
  return options;
}

flow::ArrivalRateOptions PartOf(flow::ArrivalRateOptions options, std::size_t shards) {
  options.per_second = std::max<std::size_t>(1, options.per_second / shards);
  return options;
}

}  // namespace

EdgeDatagrams::EdgeDatagrams(ShardContext& context, OnMessage on_message)
    : context_(context),
      options_(context.state.options.edge),
      on_message_(std::move(on_message)),
      table_(context.index, PartOf(options_.datagrams, context.state.options.shards), context.random),
      rate_(PartOf(options_.datagram_rate, context.state.options.shards), context.random),
      open_(options_.listeners.size()) {
  for (std::uint16_t i = 0; i < options_.listeners.size(); ++i) {
    names_.push_back(options_.listeners[i].ToString());
    owners_.push_back(options_.OwnerAt(i));
  }
}

void EdgeDatagrams::AddListener(std::uint16_t listener, const Endpoint& local) {
  open_.at(listener) = {local, sip::OptionsTemplate(local)};
}

void EdgeDatagrams::Stop() {
  admitting_ = false;
  table_.Clear();
}

void EdgeDatagrams::OnDatagrams(std::uint16_t listener, std::span<const net::Datagram> datagrams, TimePoint now) {
  hashes_.clear();
  for (const net::Datagram& datagram : datagrams) hashes_.push_back(table_.HashOf(listener, datagram.remote));
  table_.Prefetch(hashes_);
  Batch batch;
  for (std::size_t i = 0; i < datagrams.size(); ++i) {
    if (!Admit(datagrams[i].remote.address, now)) continue;
    OnDatagram(listener, datagrams[i], table_.Find(listener, datagrams[i].remote, hashes_[i]), batch, now);
  }
  if (batch.messages > 0) context_.state.observer.OnRelayed(/*inbound=*/true, batch.messages, batch.octets);
}

bool EdgeDatagrams::Admit(const IpAddress& source, TimePoint now) {
  switch (rate_.Take(source, now)) {
    case flow::ArrivalRate::Verdict::kTaken:
      return true;
    case flow::ArrivalRate::Verdict::kTooMany:
      context_.state.observer.OnLimit(Limit::kEdgeDatagrams);
      return false;
    case flow::ArrivalRate::Verdict::kTooManyFromSource:
      context_.state.observer.OnLimit(Limit::kEdgeDatagramsPerSource);
      return false;
  }
  __builtin_unreachable();
}

void EdgeDatagrams::OnDatagram(std::uint16_t listener, const net::Datagram& datagram, RecordIndex index, Batch& batch,
                               TimePoint now) {
  switch (sip::KindOfDatagram(datagram.octets)) {
    case sip::MessageFramer::Kind::kStun:
      if (index != kNoRecord) table_.NoteHeard(index, now);
      return OnStun(listener, datagram);
    case sip::MessageFramer::Kind::kPing:
    case sip::MessageFramer::Kind::kPong:  // no answer to CRLF on UDP (RFC 5626 s.4.4)
      if (index != kNoRecord) table_.NoteHeard(index, now);
      return;
    case sip::MessageFramer::Kind::kMessage:
      return OnSip(listener, datagram, index, batch, now);
  }
  __builtin_unreachable();
}

void EdgeDatagrams::OnStun(std::uint16_t listener, const net::Datagram& datagram) {
  const auto request = sip::ReadStun(datagram.octets);
  if (!request || request->message_class != sip::StunClass::kRequest || request->method != sip::kStunBinding) return;
  const auto answer = request->unknown.empty()
                          ? sip::WriteBindingAnswer(request->id, datagram.remote, request->has_fingerprint)
                          : sip::WriteBindingError(request->id, 420, request->unknown, request->has_fingerprint);
  context_.actions.io.emplace_back(SendDatagram{listener, datagram.remote, std::string(answer.view())});
}

void EdgeDatagrams::OnSip(std::uint16_t listener, const net::Datagram& datagram, RecordIndex index, Batch& batch,
                          TimePoint now) {
  const auto head = sip::ReadMessageHead(datagram.octets);
  const auto message = head ? sip::MessageInDatagram(datagram.octets, *head) : std::nullopt;
  if (!message) return;  // its sender can be forged: it is dropped, and that is all
  // A stranger cannot answer anything of ours.
  if (index == kNoRecord && head->is_request) index = Open(listener, datagram.remote, now);
  if (index == kNoRecord) return;
  if (!head->is_request && sip::IsOptionsProbeBranch(head->top_via_branch)) {
    const auto question = sip::OptionsProbeTokenOf(head->top_via_branch);
    if (table_.IsQuestionTo(index, question, now)) table_.NoteAnswer(index);
    return;
  }
  table_.NoteHeard(index, now);
  table_.NoteMessageReceived(index);
  ++batch.messages;
  batch.octets += message->size();
  flow::Flow flow = FlowAt(index);
  on_message_(flow, *head, *message, OriginOf(index, *head), now);
}

RecordIndex EdgeDatagrams::Open(std::uint16_t listener, const Endpoint& remote, TimePoint now) {
  if (!admitting_) return kNoRecord;
  if (!context_.state.datagram_sources.Add(remote.address, options_.datagrams.max_flows_per_source)) {
    context_.state.observer.OnLimit(Limit::kEdgeDatagramFlowsPerSource);
    return kNoRecord;
  }
  if (!MakeRoom(now)) {
    context_.state.datagram_sources.Remove(remote.address);
    return kNoRecord;
  }
  return table_.Add(listener, remote, now, context_.random);
}

bool EdgeDatagrams::MakeRoom(TimePoint now) {
  if (!table_.full()) return true;
  context_.state.observer.OnLimit(Limit::kEdgeDatagramFlows);
  const RecordIndex silent = table_.LongestSilent();
  if (silent == kNoRecord) return false;
  End(silent, {FailureReason::kLimitReached, "edge-max-datagram-flows: the longest silent one without binding goes"},
      now);
  return true;
}

void EdgeDatagrams::OnUnreachable(std::uint16_t listener, const Endpoint& remote, const Failure& failure,
                                  TimePoint now) {
  if (const RecordIndex index = table_.Find(listener, remote); index != kNoRecord) End(index, failure, now);
}

void EdgeDatagrams::End(RecordIndex index, const Failure& failure, TimePoint now) {
  const auto facts = table_.FactsOf(index);
  context_.state.datagram_sources.Remove(facts.remote.address);
  if (facts.was_bound) {  // others nobody knows
    EmitEvent(FlowEventKind::kClosed, index, failure, now);
    context_.state.registrar.OnFlowClosed(table_.IdOf(index), now);
  }
  table_.Remove(index);
}

void EdgeDatagrams::EmitEvent(FlowEventKind kind, RecordIndex index, std::optional<Failure> failure, TimePoint now) {
  const FlowView view = ViewOf(index, kind != FlowEventKind::kClosed);
  context_.state.observer.OnFlowEvent(context_.state.events.Append(
      {.sequence = 0, .time = now, .kind = kind, .flow = view, .failure = std::move(failure)}));
}

std::optional<flow::Flow> EdgeDatagrams::Find(const flow::FlowId& id) const {
  const RecordIndex index = table_.Find(id);
  return index == kNoRecord ? std::nullopt : std::optional(FlowAt(index));
}

std::optional<FlowView> EdgeDatagrams::View(const flow::FlowId& id, const flow::Scope& scope) const {
  const RecordIndex index = table_.Find(id);
  return index != kNoRecord && Covers(scope, index) ? std::optional(ViewOf(index, /*open=*/true)) : std::nullopt;
}

std::optional<flow::FlowAddresses> EdgeDatagrams::AddressesOf(const flow::FlowId& id, const flow::Scope& scope) const {
  const RecordIndex index = table_.Find(id);
  return index != kNoRecord && Covers(scope, index) ? std::optional(AddressesAt(index)) : std::nullopt;
}

std::optional<flow::FlowId> EdgeDatagrams::Find(const flow::FlowAddresses& addresses, const flow::Scope& scope) const {
  if (addresses.transport != Transport::kUdp) return std::nullopt;
  const auto open =
      std::ranges::find_if(open_, [&addresses](const auto& each) { return each && each->local == addresses.local; });
  if (open == open_.end()) return std::nullopt;
  const auto listener = static_cast<std::uint16_t>(open - open_.begin());
  const RecordIndex index = table_.Find(listener, addresses.remote);
  return index == kNoRecord || !Covers(scope, index) ? std::nullopt : std::optional(table_.IdOf(index));
}

std::vector<flow::FlowId> EdgeDatagrams::IdsAfter(const std::optional<flow::FlowId>& after, std::size_t count,
                                                  const flow::Scope& scope) const {
  const bool any = std::ranges::any_of(owners_, [&scope](const flow::Owner& owner) { return scope.Covers(owner); });
  if (!any) return {};  // without a look at a million of them
  return table_.IdsAfter(after, count, [&](RecordIndex index) { return Covers(scope, index); });
}

bool EdgeDatagrams::Has(const flow::FlowId& id, const flow::Scope& scope) const {
  const RecordIndex index = table_.Find(id);
  return index != kNoRecord && Covers(scope, index);
}

void EdgeDatagrams::Send(const flow::FlowId& id, std::string_view bytes) {
  const RecordIndex index = table_.Find(id);
  const auto facts = table_.FactsOf(index);
  table_.NoteMessageSent(index);
  context_.actions.io.emplace_back(SendDatagram{facts.listener, facts.remote, std::string(bytes)});
}

void EdgeDatagrams::NoteBound(const flow::FlowId& id, TimePoint until, TimePoint now) {
  const RecordIndex index = table_.Find(id);
  if (index != kNoRecord && table_.NoteBound(index, until)) {
    EmitEvent(FlowEventKind::kOpened, index, std::nullopt, now);
  }
}

void EdgeDatagrams::NoteUnbound(const flow::FlowId& id) {
  if (const RecordIndex index = table_.Find(id); index != kNoRecord) table_.NoteUnbound(index);
}

bool EdgeDatagrams::Close(const flow::FlowId& id, const flow::Scope& scope, const Failure& failure, TimePoint now) {
  const RecordIndex index = table_.Find(id);
  if (index == kNoRecord || !Covers(scope, index)) return false;
  End(index, failure, now);
  return true;
}

void EdgeDatagrams::OnTimer(TimePoint now) {
  table_.TakeDue(now, kFlowsPerTurn, context_.random, [this, now](RecordIndex index, flow::DatagramFlows::Due due) {
    switch (due) {
      case flow::DatagramFlows::Due::kLater:
        return;
      case flow::DatagramFlows::Due::kAsk:
        return Ask(index, now);
      case flow::DatagramFlows::Due::kIdle:
        return End(index, {FailureReason::kIdle, ""}, now);
      case flow::DatagramFlows::Due::kUnanswered:
        return End(index, {FailureReason::kKeepAliveTimedOut, "OPTIONS"}, now);
    }
    __builtin_unreachable();
  });
}

void EdgeDatagrams::Ask(RecordIndex index, TimePoint now) {
  const auto facts = table_.FactsOf(index);
  const std::string question = table_.QuestionOf(index, now);
  context_.actions.io.emplace_back(
      SendDatagram{facts.listener, facts.remote, open_[facts.listener]->keep_alive.Write(facts.remote, question)});
  context_.state.observer.OnKeepAlive(flow::KeepAliveMethod::kOptions, Transport::kUdp);
}

flow::Flow EdgeDatagrams::FlowAt(RecordIndex index) const {
  const auto facts = table_.FactsOf(index);
  return {.id = table_.IdOf(index),
          .key = {.remote = {facts.remote, Transport::kUdp}, .owner = owners_[facts.listener]},
          .connection = {},
          .local = open_[facts.listener]->local,
          .network = {},
          .opened = facts.opened,
          .last_activity = facts.last_heard,
          .last_evidence = facts.last_heard,
          .messages_sent = facts.messages_sent,
          .messages_received = facts.messages_received,
          .listener = facts.listener};
}

FlowView EdgeDatagrams::ViewOf(RecordIndex index, bool open) const {
  const auto facts = table_.FactsOf(index);
  return {.id = table_.IdOf(index),
          .remote = {facts.remote, Transport::kUdp},
          .local = open_[facts.listener]->local,
          .open = open,
          .probing = false,
          .exclusive = false,
          .listener = names_[facts.listener],
          .tls_identity = {},
          .owner = owners_[facts.listener],
          .opened = facts.opened,
          .last_activity = facts.last_heard,
          .messages_sent = facts.messages_sent,
          .messages_received = facts.messages_received,
          .smoothed_rtt = std::nullopt};
}

flow::FlowAddresses EdgeDatagrams::AddressesAt(RecordIndex index) const {
  const auto facts = table_.FactsOf(index);
  return {Transport::kUdp, open_[facts.listener]->local, facts.remote};
}

EdgeOrigin EdgeDatagrams::OriginOf(RecordIndex index, const sip::MessageHead& head) const {
  const auto addresses = AddressesAt(index);
  const auto sender = sip::ReadViaSender(head.top_via);
  return {.listener = names_[table_.FactsOf(index).listener],
          .token = context_.state.tokens.Mint(table_.IdOf(index), addresses),
          .transport = Transport::kUdp,
          .remote = addresses.remote,
          .states_other_address = sender && sip::StatesOtherAddress(*sender, addresses.remote)};
}

}  // namespace flowbroker::engine
