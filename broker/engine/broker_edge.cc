#include "broker/engine/broker_edge.h"

#include <boost/asio/post.hpp>
#include <future>
#include <utility>

namespace flowbroker::engine {

Expected<void> BrokerEdge::Listen() {
  bound_ = state_.options.edge.listeners;
  for (std::size_t i = 0; i < bound_.size(); ++i) {
    const auto number = static_cast<std::uint16_t>(i);
    const bool stream = IsConnectionOriented(bound_[i].transport);
    const auto local = stream ? ListenForConnections(number) : ListenForDatagrams(number);
    if (!local) return Unexpected(local.error());
    bound_[i].local = *local;
  }
  for (const auto& listener : listeners_) listener->Start();
  return {};
}

Expected<Endpoint> BrokerEdge::ListenForConnections(std::uint16_t number) {
  auto listener = net::StreamListener::Open(
      shards_.front()->io(), bound_[number].local,
      [this, number](net::AcceptedSocket accepted) { OnAccepted(number, std::move(accepted)); });
  if (!listener) return Unexpected(listener.error());
  listeners_.push_back(std::move(*listener));
  return listeners_.back()->local();
}

Expected<Endpoint> BrokerEdge::ListenForDatagrams(std::uint16_t number) {
  const auto local = net::DatagramListener::Claim(bound_[number].local);
  if (!local) return local;
  for (const auto& shard : shards_) {
    if (const auto opened = shard->ListenForDatagrams(number, *local); !opened) return Unexpected(opened.error());
  }
  return local;
}

void BrokerEdge::Close() {
  if (bound_.empty() || std::exchange(closed_, true)) return;
  for (const auto& shard : shards_) {
    shard->WithCore([](ShardCore& core, TimePoint) { core.datagrams().StopAdmitting(); });
  }
  std::promise<void> closed;
  boost::asio::post(shards_.front()->io(), [&] {
    for (const auto& listener : listeners_) listener->Close();
    closed.set_value();
  });
  closed.get_future().wait();
}

void BrokerEdge::OnAccepted(std::uint16_t listener, net::AcceptedSocket accepted) {
  if (const auto limit = LimitOf(accepted.remote.address)) return state_.observer.OnLimit(*limit);
  shards_[next_shard_++ % shards_.size()]->PostAccepted(listener, std::move(accepted));
}

std::optional<Limit> BrokerEdge::LimitOf(const IpAddress& source) {
  switch (state_.sources.Admit(source)) {
    case flow::SourceLimits::Verdict::kAdmitted:
      break;
    case flow::SourceLimits::Verdict::kTooMany:
      return Limit::kEdgeConnections;
    case flow::SourceLimits::Verdict::kTooManyFromSource:
      return Limit::kEdgeConnectionsPerSource;
  }
  const auto verdict = arrivals_.Take(source, clock_.Now());  // after it: who finds no room takes none from others
  if (verdict == flow::ArrivalRate::Verdict::kTaken) return std::nullopt;
  state_.sources.Release(source);
  const bool total = verdict == flow::ArrivalRate::Verdict::kTooMany;
  return total ? Limit::kEdgeArrivals : Limit::kEdgeArrivalsPerSource;
}

Expected<std::string> BrokerEdge::MintToken(const flow::FlowId& id, const flow::Scope& scope) {
  const auto addresses = AddressesOf(id, scope);
  if (!addresses) return Unexpected({FailureReason::kUnknownFlow, ""});
  return state_.tokens.Mint(id, *addresses);
}

std::optional<flow::FlowAddresses> BrokerEdge::AddressesOf(const flow::FlowId& id, const flow::Scope& scope) const {
  const Shard* shard = ShardOf(shards_, id);
  if (shard == nullptr) return std::nullopt;
  return shard->Inspect([&](const ShardCore& core) { return core.AddressesOf(id, scope); });
}

TokenVerdict BrokerEdge::VerifyToken(std::string_view token, const flow::Scope& scope) {
  constexpr int kForbidden = 403;
  if (const auto id = state_.tokens.ReadDescriptor(token)) {
    const auto addresses = AddressesOf(*id, scope);
    if (addresses) return {.state = TokenVerdict::State::kLive, .flow = id, .addresses = addresses};
    return {.state = TokenVerdict::State::kGone, .sip_status = state_.options.edge.gone_status};
  }
  const auto addresses = state_.tokens.Read(token);
  if (!addresses) return {.state = TokenVerdict::State::kForged, .sip_status = kForbidden};
  for (const auto& shard : shards_) {
    const auto flow = shard->Inspect([&](const ShardCore& core) { return core.FindByAddresses(*addresses, scope); });
    if (flow) return {.state = TokenVerdict::State::kLive, .flow = flow, .addresses = *addresses};
  }
  return {.state = TokenVerdict::State::kGone, .sip_status = state_.options.edge.gone_status, .addresses = *addresses};
}

Expected<std::vector<bindings::BindOutcome>> BrokerEdge::Bind(std::span<const bindings::BindRequest> requests,
                                                              const flow::Scope& scope) {
  Shard* shard = ShardOf(shards_, requests.front().flow);
  if (shard == nullptr) return Unexpected({FailureReason::kUnknownFlow, ""});
  auto outcomes = shard->WithCore([&](ShardCore& core, TimePoint now) { return core.Bind(requests, scope, now); });
  if (!outcomes) return outcomes;
  // Expiry is the first shard's business: it looks at its next deadline whenever it is spoken to.
  if (shard != shards_.front().get()) shards_.front()->WithCore([](ShardCore&, TimePoint) {});
  for (const bindings::BindOutcome& outcome : *outcomes) {
    if (outcome.previous_flow) OnUnbound(*outcome.previous_flow);
  }
  return outcomes;
}

void BrokerEdge::OnUnbound(const flow::FlowId& flow) {
  Shard* shard = ShardOf(shards_, flow);
  if (shard != nullptr) shard->WithCore([&](ShardCore& core, TimePoint) { core.OnUnbound(flow); });
}

std::size_t BrokerEdge::Unbind(const bindings::BindingKey& key) {
  const auto gone = state_.registrar.Unbind(key, clock_.Now());
  if (gone) OnUnbound(gone->flow);
  return gone ? 1 : 0;
}

std::vector<bindings::Binding> BrokerEdge::UnbindAll(const std::string& tenant, const std::string& aor) {
  auto gone = state_.registrar.UnbindAll(tenant, aor, clock_.Now());
  for (const bindings::Binding& binding : gone) OnUnbound(binding.flow);
  return gone;
}

std::vector<bindings::LookupTarget> BrokerEdge::Lookup(const std::string& tenant, const std::string& aor) {
  return state_.registrar.Lookup(tenant, aor, clock_.Now());
}

std::unique_ptr<EventSubscription> BrokerEdge::WatchBindings(std::optional<std::uint64_t> after_sequence,
                                                             std::optional<std::string> tenant, EventSink sink) {
  auto& events = state_.registrar.events();
  const auto id = events.Subscribe(after_sequence, std::move(tenant), std::move(sink));
  if (!id) return nullptr;
  return std::make_unique<LogSubscription<RegistrationEvent>>(events, *id);
}

}  // namespace flowbroker::engine
