#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "broker/base/target.h"
#include "broker/base/time.h"
#include "broker/flow/acquire_count.h"
#include "broker/flow/connection_id.h"
#include "broker/flow/flow_addresses.h"
#include "broker/flow/flow_id.h"
#include "broker/flow/keep_alive.h"
#include "broker/flow/owner.h"
#include "broker/flow/tls_identities.h"
#include "broker/history/path.h"
#include "broker/history/timer_advice.h"

namespace flowbroker::flow {

/// Requests whose keys are equal may use one flow.
struct FlowKey {
  Target remote;
  std::string tls_identity = {};                          ///< verified in the peer's certificate; empty without TLS
  std::optional<IpAddress> local_address = std::nullopt;  ///< asked for; absent: any
  std::string local_interface = {};                       ///< asked for; empty: any
  Owner owner = {};

  friend bool operator==(const FlowKey&, const FlowKey&) = default;
};

/// One flow: a connection or, on UDP, a pair of addresses (RFC 5626 s.2). Owned by the FlowPool of its shard.
struct Flow {
  FlowId id;
  FlowKey key;
  ConnectionId connection;
  Endpoint local;
  history::NetworkId network;  ///< that the local address is on
  TimePoint opened;
  TimePoint last_activity;  ///< anything sent or received, or given to a caller: the idle time-out counts from here
  TimePoint last_evidence;  ///< the peer was last known to answer: connect, message or pong received
  /// Whom the peer's verified certificate speaks for (O3); null without TLS.
  std::shared_ptr<const TlsIdentities> peer = nullptr;
  std::uint64_t messages_sent = 0;
  std::uint64_t messages_received = 0;
  /// Which of the edge's listeners it came in on; absent where the broker has opened it. Such a flow is never given to
  /// an Acquire and is not closed for being idle.
  std::optional<std::uint16_t> listener = std::nullopt;
  bool exclusive : 1 = false;  ///< belongs to one caller; never given to another
  bool handoff : 1 = false;    ///< its descriptor waits for the caller; nothing is sent on it or read from it
  bool probing : 1 = false;    ///< a probe is under way
  bool suspect : 1 = false;    ///< a transaction over it failed since the last evidence
  /// A flow set wants it (AcquireRequest::held): exclusive, but no Relay stream's own, and not closed for being idle.
  bool held : 1 = false;
  bool reading_paused : 1 = false;  ///< by back-pressure: what the peer sends waits in its socket

  KeepAlive keep_alive{};
  TimePoint keep_alive_place = kNever;  ///< where the shard's calendar has it

  history::TimerAdvice timers{};                     ///< what callers were told last
  TimePoint timers_until{};                          ///< when they are to be worked out anew: from then on they are old
  std::shared_ptr<AcquireCount> acquires = nullptr;  ///< of the Acquires answered with it; null: nobody counts

  /// Whether the pool may give it to others or close it for being idle.
  bool is_pooled() const { return !listener && !held; }
  history::Path path() const { return {network, key.remote}; }
  FlowAddresses addresses() const { return {key.remote.transport, local, key.remote.endpoint}; }
  /// Whether it reaches what `wanted` names: the same place for the same owner and, over TLS, a peer whose verified
  /// certificate carries the identity wanted (O3, outbound s.4.3.2).
  bool Serves(const FlowKey& wanted) const {
    if (key == wanted) return true;
    return peer != nullptr && key.remote == wanted.remote && key.owner == wanted.owner &&
           key.local_address == wanted.local_address && key.local_interface == wanted.local_interface &&
           Matches(*peer, wanted.tls_identity);
  }
  void CountAcquires(std::uint64_t answered) const {
    if (acquires != nullptr) acquires->Add(answered);
  }

  Flow* less_recent = nullptr;  ///< neighbours in the order of last_activity, kept by FlowPool
  Flow* more_recent = nullptr;
};

}  // namespace flowbroker::flow

template <>
struct std::hash<flowbroker::flow::FlowKey> {
  /// Without the TLS identity: one flow may serve several (O3).
  std::size_t operator()(const flowbroker::flow::FlowKey& key) const noexcept {
    return std::hash<flowbroker::Target>{}(key.remote) ^ (std::hash<flowbroker::flow::Owner>{}(key.owner) * 31);
  }
};
