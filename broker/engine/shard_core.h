#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "broker/engine/acquisitions.h"
#include "broker/engine/edge_datagrams.h"
#include "broker/engine/edge_flows.h"
#include "broker/engine/flow_probes.h"
#include "broker/engine/handoffs.h"
#include "broker/engine/keep_alives.h"
#include "broker/engine/questions.h"
#include "broker/engine/resolutions.h"
#include "broker/engine/shard_context.h"
#include "broker/engine/shard_flows.h"
#include "broker/engine/shard_relay.h"

namespace flowbroker::engine {

/// All decisions of one shard. Does no I/O and knows no thread: the shard's driver, or a simulation in virtual time,
/// calls it with the time under the shard's lock and afterwards carries out TakeActions(). Of the outside only
/// RelaySink::Offer and the observer are called from here.
///
/// Its parts: `Acquisitions` bring requests to their answers, `ShardFlows` own what comes of them, `FlowProbes` find
/// out which flows still live, `KeepAlives` ask them from time to time, `EdgeFlows` and `EdgeDatagrams` are what user
/// agents have opened, `ShardRelay` carries messages, `Handoffs` give flows away, `Resolutions` answer Resolve. This
/// class only tells each part what concerns it.
class ShardCore {
 public:
  ShardCore(std::uint8_t index, BrokerState& state, const location::SourceAddressSelector& sources,
            RandomSource& random);
  ShardCore(const ShardCore&) = delete;
  ShardCore& operator=(const ShardCore&) = delete;

  Acquisitions& acquisitions() { return acquisitions_; }
  ShardFlows& flows() { return flows_; }
  const ShardFlows& flows() const { return flows_; }
  ShardRelay& relay() { return relay_; }
  Handoffs& handoffs() { return handoffs_; }
  Resolutions& resolutions() { return resolutions_; }
  EdgeDatagrams& datagrams() { return datagrams_; }
  const EdgeDatagrams& datagrams() const { return datagrams_; }

  /// Ends every request with kShuttingDown and closes every flow; later requests get the same answer.
  void Stop(TimePoint now);
  /// BrokerState::live has others than before.
  void OnLiveOptionsChanged(TimePoint now);

  // Of any open flow of this shard that `scope` covers, whoever has opened it.
  std::optional<FlowView> View(const flow::FlowId& id, const flow::Scope& scope, TimePoint now) const;
  /// In order, those behind `after`, at most `count`.
  std::vector<flow::FlowId> IdsAfter(const std::optional<flow::FlowId>& after, std::size_t count,
                                     const flow::Scope& scope) const;
  /// False where there is none.
  bool Close(const flow::FlowId& id, const flow::Scope& scope, const Failure& failure, TimePoint now);
  bool Release(const flow::FlowId& id, const flow::Scope& scope, TimePoint now);
  bool Report(const TransactionReport& report, const flow::Scope& scope, TimePoint now);
  /// kUnknownFlow where there is none; else what the registrar says.
  Expected<std::vector<bindings::BindOutcome>> Bind(std::span<const bindings::BindRequest> requests,
                                                    const flow::Scope& scope, TimePoint now);

  /// A binding that used the flow has been taken out, or uses another one.
  void OnUnbound(const flow::FlowId& id);

  void ProbeFlow(const flow::FlowId& id, const flow::Scope& scope, TimePoint deadline, ProbeCallback done,
                 TimePoint now);

  /// kUnknownFlow, or kInvalidArgument where the flow's transport does not have the method.
  Expected<void> SetKeepAlive(const flow::FlowId& id, const flow::Scope& scope, flow::KeepAliveMethod method,
                              std::optional<Duration> flow_timer, TimePoint now);

  /// A connection from `remote` was accepted on a listener; OnConnected follows.
  flow::ConnectionId OnAccepted(std::uint16_t listener, const Endpoint& remote, TimePoint now) {
    return edge_.Begin(listener, remote, now);
  }
  /// Nothing for a flow that `scope` does not cover.
  std::optional<flow::FlowAddresses> AddressesOf(const flow::FlowId& id, const flow::Scope& scope) const;
  std::optional<flow::FlowId> FindByAddresses(const flow::FlowAddresses& addresses, const flow::Scope& scope) const;

  // Events of the outside. Those of a connection that is closed already are ignored.
  void OnDnsAnswer(const dns::Question& question, const SharedResolver::Answer& answer, TimePoint now);
  void OnTlsBegins(flow::ConnectionId id, std::optional<Duration> rtt, TimePoint now);
  void OnTlsVerified(flow::ConnectionId id, flow::TlsIdentities peer);
  void OnConnected(flow::ConnectionId id, const Endpoint& local, std::optional<Duration> rtt, TimePoint now);
  void OnReceived(flow::ConnectionId id, std::span<const sip::MessageFramer::Item> items, TimePoint now);
  void OnEnded(flow::ConnectionId id, const Failure& failure, TimePoint now);
  /// The connection's socket was given away.
  void OnHandedOver(flow::ConnectionId id, TimePoint now);
  /// `octets` wait in the connection's queue.
  void OnQueued(flow::ConnectionId id, std::size_t octets);
  void OnTimer(TimePoint now);

  /// When OnTimer is due; in the past where a turn's race events wait to be judged together.
  TimePoint NextDeadline() const;

  /// What is to be done since the last call.
  ShardActions TakeActions() { return std::exchange(context_.actions, {}); }

 private:
  /// The acquisition whose attempt uses the connection.
  std::optional<std::uint64_t> AcquisitionOf(flow::ConnectionId id) const;
  std::optional<flow::FlowId> FlowOf(flow::ConnectionId id) const;
  void TellHeldClosed(const flow::FlowId& id, const Failure& failure);
  /// Why a flow that is none of the pool's cannot be probed.
  Failure WhyNotAsked(const flow::FlowId& id, const flow::Scope& scope) const;
  void OnFlowEnded(const flow::FlowId& id, const Failure& failure, TimePoint now);
  /// `answers`: so many questions of this batch have been answered by the edge itself.
  void OnFlowItem(flow::Flow& flow, const sip::MessageFramer::Item& item, std::size_t& answers, TimePoint now);
  /// Whether the edge answers one more ping or STUN request of a user agent.
  bool MayAnswer(const flow::Flow& flow, std::size_t& answers) const;
  void OnFlowMessage(flow::Flow& flow, std::string_view bytes, TimePoint now);

  ShardContext context_;
  Questions questions_;
  ShardFlows flows_;
  FlowProbes probes_;
  KeepAlives keep_alives_;
  EdgeFlows edge_;
  EdgeDatagrams datagrams_;
  ShardRelay relay_;
  Handoffs handoffs_;
  Acquisitions acquisitions_;
  Resolutions resolutions_;
};

}  // namespace flowbroker::engine
