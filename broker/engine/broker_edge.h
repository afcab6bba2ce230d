#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "broker/base/time.h"
#include "broker/engine/broker_state.h"
#include "broker/engine/edge_access.h"
#include "broker/engine/shard.h"
#include "broker/flow/arrival_rate.h"
#include "broker/net/stream_listener.h"

namespace flowbroker::engine {

/// The edge of a broker: its listeners, and the calls about tokens and bindings. Lives between the start of the shards
/// and their end.
class BrokerEdge final : public EdgeAccess {
 public:
  using Shards = std::vector<std::unique_ptr<Shard>>;

  BrokerEdge(BrokerState& state, const Clock& clock, const Shards& shards)
      : state_(state),
        clock_(clock),
        shards_(shards),
        arrivals_(state.options.edge.connection_rate, state.random_of_start) {}

  /// Opens the listeners, whose connections go to the shards in turn and whose datagrams to the shard that the kernel
  /// chooses; fails where one cannot be opened. To be called before the shards start.
  Expected<void> Listen();
  /// Takes no further connections, nor requests of unknown user agents over UDP. To be called before the shards stop;
  /// idempotent, one thread at a time.
  void Close();
  /// Where user agents can connect to, in the order of the options.
  std::vector<flow::EdgeListener> listening() const { return bound_; }

  Expected<std::string> MintToken(const flow::FlowId& id, const flow::Scope& scope) override;
  TokenVerdict VerifyToken(std::string_view token, const flow::Scope& scope) override;
  Expected<std::vector<bindings::BindOutcome>> Bind(std::span<const bindings::BindRequest> requests,
                                                    const flow::Scope& scope) override;
  std::size_t Unbind(const bindings::BindingKey& key) override;
  std::vector<bindings::Binding> UnbindAll(const std::string& tenant, const std::string& aor) override;
  std::vector<bindings::LookupTarget> Lookup(const std::string& tenant, const std::string& aor) override;
  std::unique_ptr<EventSubscription> WatchBindings(std::optional<std::uint64_t> after_sequence,
                                                   std::optional<std::string> tenant, EventSink sink) override;
  std::uint64_t LatestBindingEvent() const override { return state_.registrar.events().latest(); }

 private:
  std::optional<flow::FlowAddresses> AddressesOf(const flow::FlowId& id, const flow::Scope& scope) const;
  void OnUnbound(const flow::FlowId& flow);
  /// Where it listens.
  Expected<Endpoint> ListenForConnections(std::uint16_t number);
  Expected<Endpoint> ListenForDatagrams(std::uint16_t number);
  void OnAccepted(std::uint16_t listener, net::AcceptedSocket accepted);
  /// Counts a connection from there; the limit that forbids it, where one does.
  std::optional<Limit> LimitOf(const IpAddress& source);

  BrokerState& state_;
  const Clock& clock_;
  const Shards& shards_;
  std::vector<flow::EdgeListener> bound_;                        // those of the options, with the ports they have
  std::vector<std::unique_ptr<net::StreamListener>> listeners_;  // on the first shard's thread
  bool closed_ = false;
  std::size_t next_shard_ = 0;  // on that thread
  flow::ArrivalRate arrivals_;  // the same
};

}  // namespace flowbroker::engine
