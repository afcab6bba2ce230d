#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "broker/engine/acquire.h"
#include "broker/engine/event_subscription.h"
#include "broker/engine/flow_view.h"
#include "broker/flow/keep_alive.h"
#include "broker/flow/owner.h"

namespace flowbroker::engine {

/// The open flows of a broker, whoever opened them. To a call, flows that its `scope` does not cover do not exist:
/// kUnknownFlow. Any thread; nothing here blocks on the network.
class FlowAccess {
 public:
  virtual ~FlowAccess() = default;

  /// Gives a flow back; closes it where it is exclusive. kUnknownFlow for one that is not open.
  virtual Expected<void> Release(const flow::FlowId& id, const flow::Scope& scope) = 0;
  virtual Expected<void> Close(const flow::FlowId& id, const flow::Scope& scope) = 0;
  virtual std::optional<FlowView> Get(const flow::FlowId& id, const flow::Scope& scope) const = 0;

  /// In id order, those behind `after`, at most `count`.
  virtual std::vector<FlowView> List(std::optional<flow::FlowId> after, std::size_t count,
                                     const flow::Scope& scope) const = 0;

  /// Probes now, whatever the evidence. A flow that does not answer within the probe time-out is closed with
  /// kProbeTimedOut; a caller whose `deadline` is sooner gets kDeadlineExceeded while the probe goes on. `done` as
  /// ConnectionBroker says of callbacks.
  virtual void Probe(const flow::FlowId& id, const flow::Scope& scope, TimePoint deadline, ProbeCallback done) = 0;

  /// Asks from now on by `method` whether the flow lives, every 80 to 100 % of `flow_timer` where the server gave one
  /// (RFC 5626 s.4.4), else as the options say. kUnknownFlow, or kInvalidArgument for a method that the flow's
  /// transport does not have.
  virtual Expected<void> SetKeepAlive(const flow::FlowId& id, const flow::Scope& scope, flow::KeepAliveMethod method,
                                      std::optional<Duration> flow_timer) = 0;

  /// Stores how a transaction ended. False where the flow is not known: then it is only counted.
  virtual bool Report(const TransactionReport& report, const flow::Scope& scope) = 0;

  /// Events of the tenant (absent: of all) after `after_sequence` (absent: from now on), in order, pushed to `sink` on
  /// shard threads, with locks held, until the returned subscription is destroyed: it must be quick and must not call
  /// back. Nothing where those events are no longer kept.
  using EventSink = std::function<void(const FlowEvent&)>;
  virtual std::unique_ptr<EventSubscription> Watch(std::optional<std::uint64_t> after_sequence,
                                                   std::optional<std::string> tenant, EventSink sink) = 0;
  virtual std::uint64_t LatestEvent() const = 0;
};

}  // namespace flowbroker::engine
