#include "broker/engine/broker_edge.h"

#include <boost/asio/post.hpp>
#include <future>
#include <utility>

namespace flowbroker::engine {

Expected<void> BrokerEdge::Listen() {
  const auto& listeners = state_.options.edge.listeners;
  for (std::size_t i = 0; i < listeners.size(); ++i) {
    auto listener = net::StreamListener::Open(
        shards_.front()->io(), listeners[i].local,
        [this, i](net::AcceptedSocket accepted) { OnAccepted(static_cast<std::uint16_t>(i), std::move(accepted)); });
    if (!listener) return Unexpected(listener.error());
    listeners_.push_back(std::move(*listener));
  }
  for (const auto& listener : listeners_) listener->Start();
  return {};
}

void BrokerEdge::Close() {
  if (listeners_.empty() || std::exchange(closed_, true)) return;
  std::promise<void> closed;
  boost::asio::post(shards_.front()->io(), [&] {
    for (const auto& listener : listeners_) listener->Close();
    closed.set_value();
  });
  closed.get_future().wait();
}

std::vector<flow::EdgeListener> BrokerEdge::listening() const {
  std::vector<flow::EdgeListener> bound = state_.options.edge.listeners;
  for (std::size_t i = 0; i < listeners_.size(); ++i) bound[i].local = listeners_[i]->local();
  return bound;
}

void BrokerEdge::OnAccepted(std::uint16_t listener, net::AcceptedSocket accepted) {
  using Verdict = flow::SourceLimits::Verdict;
  switch (state_.sources.Admit(accepted.remote.address)) {
    case Verdict::kAdmitted:
      return shards_[next_shard_++ % shards_.size()]->PostAccepted(listener, std::move(accepted));
    case Verdict::kTooMany:
      return state_.observer.OnLimit(Limit::kEdgeConnections);
    case Verdict::kTooManyFromSource:
      return state_.observer.OnLimit(Limit::kEdgeConnectionsPerSource);
  }
  __builtin_unreachable();
}

Expected<std::string> BrokerEdge::MintToken(const flow::FlowId& id, const flow::Scope& scope) {
  Shard* shard = ShardOf(shards_, id);
  std::optional<flow::FlowAddresses> addresses;
  if (shard != nullptr) {
    addresses = shard->WithCore([&](ShardCore& core, TimePoint) { return core.NoteToken(id, scope); });
  }
  if (!addresses) return Unexpected({FailureReason::kUnknownFlow, ""});
  return state_.tokens.Mint(*addresses);
}

TokenVerdict BrokerEdge::VerifyToken(std::string_view token, const flow::Scope& scope) {
  constexpr int kForbidden = 403;
  const auto addresses = state_.tokens.Read(token);
  if (!addresses) return {.state = TokenVerdict::State::kForged, .sip_status = kForbidden};
  for (const auto& shard : shards_) {
    const auto flow = shard->Inspect([&](const ShardCore& core) { return core.FindByAddresses(*addresses, scope); });
    if (flow) return {.state = TokenVerdict::State::kLive, .flow = flow, .addresses = *addresses};
  }
  return {.state = TokenVerdict::State::kGone, .sip_status = state_.options.edge.gone_status, .addresses = *addresses};
}

Expected<bindings::BindOutcome> BrokerEdge::Bind(const bindings::BindRequest& request, const flow::Scope& scope) {
  Shard* shard = ShardOf(shards_, request.flow);
  if (shard == nullptr) return Unexpected({FailureReason::kUnknownFlow, ""});
  auto outcome = shard->WithCore([&](ShardCore& core, TimePoint now) -> Expected<bindings::BindOutcome> {
    if (core.flows().Find(request.flow, scope) == nullptr) return Unexpected({FailureReason::kUnknownFlow, ""});
    return state_.registrar.Bind(request, now);
  });
  // Expiry is the first shard's business: it looks at its next deadline whenever it is spoken to.
  if (outcome && shard != shards_.front().get()) shards_.front()->WithCore([](ShardCore&, TimePoint) {});
  return outcome;
}

std::size_t BrokerEdge::Unbind(const bindings::BindingKey& key) {
  return state_.registrar.Unbind(key, clock_.Now());
}

std::vector<bindings::Binding> BrokerEdge::UnbindAll(const std::string& tenant, const std::string& aor) {
  return state_.registrar.UnbindAll(tenant, aor, clock_.Now());
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
