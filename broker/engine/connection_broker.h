#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "broker/engine/acquire.h"
#include "broker/engine/broker_observer.h"
#include "broker/engine/broker_options.h"
#include "broker/engine/edge_access.h"
#include "broker/engine/flow_access.h"
#include "broker/engine/history_access.h"
#include "broker/engine/outbound_access.h"
#include "broker/engine/relay.h"
#include "broker/history/snapshot.h"

namespace flowbroker::engine {

/// The facade of the broker: one request in, one flow or one reason out.
///
/// Threads: every method but Stop may be called by any thread. Callbacks run exactly once, never with a lock held:
/// inside the call that decides them (a pooled flow, a refusal, Cancel, Stop) or on a shard thread. They must not
/// block. Calling back into the broker from a callback is allowed.
///
/// Lifetime: owns its shard threads; `Stop` (or the destructor) ends them, and every outstanding callback is first
/// called with kShuttingDown.
class ConnectionBroker {
 public:
  /// Fails when the options cannot be served here (e.g. a CA bundle that cannot be read). `observer` may be null and
  /// must outlive the broker.
  static Expected<std::unique_ptr<ConnectionBroker>> Create(BrokerOptions options, BrokerObserver* observer);
  ~ConnectionBroker();

  ConnectionBroker(const ConnectionBroker&) = delete;
  ConnectionBroker& operator=(const ConnectionBroker&) = delete;

  /// The broker's time line, for deadlines.
  TimePoint Now() const;

  /// What Acquire would answer at once, from a flow that is known to work; nothing where it would have to wait.
  /// Cheaper than Acquire, since the request stays where it is and no callback is made: ask it first.
  std::optional<AcquireResult> AcquirePooled(const AcquireRequest& request);

  /// Gives a flow to `request.destination`. Nothing is returned where the pool had one and `done` has been called;
  /// otherwise a handle for Cancel, which is harmless once the request is answered.
  std::optional<RequestHandle> Acquire(AcquireRequest request, AcquireCallback done);

  /// The caller gave up: `done` is called with kCancelled if it has not been called yet. The race may go on for the
  /// pool.
  void Cancel(RequestHandle handle);

  /// Prepares a flow; true where a fresh one is there already (H11).
  bool Warm(AcquireRequest request);

  /// Where would `destination` lead? No connection is made.
  void Resolve(const std::string& tenant, Destination destination, TimePoint deadline, ResolveCallback done);

  /// What can be done with flows.
  FlowAccess& flows();

  /// Adds a stream for messages of `owner`. The sink is kept until DetachRelay returns; no Offer comes after
  /// that.
  RelayId AttachRelay(flow::Owner owner, std::shared_ptr<RelaySink> sink);
  /// Exclusive flows the stream has sent on are closed.
  void DetachRelay(RelayId relay);
  /// The stream has room again: messages held back for it are offered anew.
  void ResumeRelay(RelayId relay);
  /// Sends in order; returns one entry per message that was refused (its index and why): kUnknownFlow for unknown,
  /// closed and foreign flows, kLimitReached where the flow's queue is full, kInvalidArgument for bytes that are not
  /// SIP.
  struct SendRefusal {
    std::size_t index;
    Failure failure;
  };
  std::vector<SendRefusal> Send(RelayId relay, std::span<const OutboundMessage> messages);

  /// Tokens and bindings of flows.
  EdgeAccess& edge();
  /// Flow sets of user agents and gateways.
  OutboundAccess& outbound();
  /// User agents cannot connect any more; their flows stay. Idempotent; one thread at a time, and before Stop.
  void CloseEdge();
  /// Where user agents can connect to, in the order of EdgeOptions::listeners.
  std::vector<flow::EdgeListener> edge_listening() const;

  /// What was learned of targets, prefixes and families.
  HistoryAccess& history();

  /// All that is remembered now, for a file. Also after Stop.
  history::Snapshot SaveMemory() const;
  /// Takes what was saved before, but for what is too old. To be called before the first request.
  void RestoreMemory(history::Snapshot snapshot);

  /// Takes other options: they hold for every attempt begun and every flow opened from now on. Flows that `egress` no
  /// longer allows are closed with kForbidden.
  void Apply(LiveOptions options);

  /// Reads the files of TlsOptions again: new connections use what is in them, existing ones stay. Where they cannot be
  /// used, the detail says why and the old ones stay. Where they have not changed, nothing does: may be called often.
  Expected<void> ReloadTls();
  /// Reads the keys of flow tokens again (E3). Where they cannot be used, the detail says why and the old ones stay.
  Expected<void> ReloadTokenKeys();
  /// When our own certificate towards SIP peers ends; nothing where there is none.
  std::optional<std::chrono::system_clock::time_point> TlsCertificateExpiry() const;

  /// Has every shard thread call `answered` when it comes to it; returns how many there are. After Stop nobody does.
  std::size_t Ping(const std::function<void()>& answered);

  /// Ends everything; idempotent. One thread at a time.
  void Stop();

 private:
  class Impl;
  explicit ConnectionBroker(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace flowbroker::engine
