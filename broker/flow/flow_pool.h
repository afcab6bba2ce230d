#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "broker/base/keyed_hash.h"
#include "broker/base/random_source.h"
#include "broker/flow/flow.h"

namespace flowbroker::flow {

struct PoolLimits {
  Duration idle_timeout = std::chrono::minutes(5);
  std::size_t max_flows_per_target = 64;  ///< of each tenant: one that uses up its own leaves the others theirs
  bool tls_reuse = true;                  ///< a TLS flow serves every identity that its peer's certificate carries (O3)
};

/// The open flows of one shard. Pure; not thread-safe. Pointers to flows stay valid until the flow is removed.
class FlowPool {
 public:
  FlowPool(const PoolLimits& limits, RandomSource& random);

  /// Adds a flow that has just connected: connecting is evidence and activity.
  Flow& Add(FlowId id, FlowKey key, ConnectionId connection, Endpoint local, history::NetworkId network, bool exclusive,
            TimePoint now);
  /// The same for one that a user agent has opened.
  Flow& AddAccepted(FlowId id, FlowKey key, ConnectionId connection, Endpoint local, history::NetworkId network,
                    std::uint16_t listener, TimePoint now);
  /// The same for one that a flow set wants. It is not counted for max_flows_per_target: sets have limits of their own.
  Flow& AddHeld(FlowId id, FlowKey key, ConnectionId connection, Endpoint local, history::NetworkId network,
                TimePoint now);

  Flow* Find(const FlowId& id);
  const Flow* Find(const FlowId& id) const;

  /// The flow that runs between exactly these addresses; the latest where several were told to. Null where none does.
  const Flow* FindByAddresses(const FlowAddresses& addresses) const;

  /// The flow with the latest evidence that serves that key and that a further caller may share; null where there is
  /// none.
  Flow* FindShareable(const FlowKey& key);

  /// Takes the flow out and returns it; nothing where it is not here.
  std::optional<Flow> Remove(const FlowId& id);

  void NoteActivity(Flow& flow, TimePoint now);  ///< something was sent, or the flow was given to a caller
  void NoteAlive(Flow& flow, TimePoint now);     ///< the peer answered a question of ours: no longer suspect
  void NoteEvidence(Flow& flow, TimePoint now);  ///< the peer sent something: the same, and activity

  /// Whether a further flow of `tenant` to `target` keeps to max_flows_per_target.
  bool HasRoomFor(const Target& target, const std::string& tenant) const;

  /// When the next flow becomes idle; kNever without flows.
  TimePoint NextIdle() const;
  /// The least recently used flow where it has been idle for the whole time-out; null otherwise.
  const Flow* IdleFlow(TimePoint now) const;

  std::size_t size() const { return flows_.size(); }

  /// Ids of all flows, in no order.
  std::vector<FlowId> Ids() const;

  /// Ids of flows that `scope` covers, the first `count` after `after` (absent: from the beginning) in their order.
  /// Looks at every flow once and keeps `count`.
  std::vector<FlowId> IdsAfter(const std::optional<FlowId>& after, std::size_t count, const Scope& scope) const;

 private:
  Flow& Insert(Flow flow);
  /// Under a key: peers choose their addresses and ports.
  std::size_t HashOf(const FlowAddresses& addresses) const;
  void ForgetShareable(const Flow& flow);
  void Unlink(Flow& flow);
  void LinkAsMostRecent(Flow& flow);

  PoolLimits limits_;
  KeyedHash address_hash_;
  std::unordered_map<FlowId, Flow> flows_;
  // By hash of its FlowKey and by HashOf its addresses: these themselves live in the flow.
  std::unordered_multimap<std::size_t, Flow*> by_key_;
  std::unordered_multimap<std::size_t, Flow*> by_addresses_;
  std::unordered_map<Target, std::unordered_map<std::string, std::size_t>> per_target_;  // and tenant
  Flow* least_recent_ = nullptr;
  Flow* most_recent_ = nullptr;
};

}  // namespace flowbroker::flow
