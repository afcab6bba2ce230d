#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <variant>

#include "broker/base/failure.h"
#include "broker/base/fair_slots.h"
#include "broker/base/random_source.h"
#include "broker/engine/broker_state.h"
#include "broker/engine/shard_actions.h"
#include "broker/flow/connection_id.h"
#include "broker/flow/flow_id.h"
#include "broker/location/address_ordering.h"

namespace flowbroker::engine {

/// Who is to be woken when. Each number has one place at most, which its owner keeps.
class DeadlineQueue {
 public:
  /// Moves `number` from its present place to `when`; kNever takes it out.
  void Move(std::uint64_t number, TimePoint& place, TimePoint when) {
    if (place == when) return;
    queue_.erase({place, number});
    place = when;
    if (when != kNever) queue_.emplace(when, number);
  }
  TimePoint next() const { return queue_.empty() ? kNever : queue_.begin()->first; }
  std::optional<std::uint64_t> FirstDue(TimePoint now) const {
    if (next() > now || queue_.empty()) return std::nullopt;
    return queue_.begin()->second;
  }

 private:
  std::set<std::pair<TimePoint, std::uint64_t>> queue_;
};

/// A connection that belongs to an attempt of this acquisition.
struct AttemptOf {
  std::uint64_t acquisition;
};

/// A connection that a user agent has opened, on the way to a flow; EdgeFlows knows it.
struct AcceptedConnection {};

/// What the parts of one shard's core share: the broker's state, what comes from outside, and what is to be done
/// outside. Under the shard's lock.
struct ShardContext {
  const std::uint8_t index;
  BrokerState& state;
  const location::SourceAddressSelector& sources;
  RandomSource& random;

  std::shared_ptr<const LiveOptions> live = state.live.Get();
  ShardActions actions = {};
  DeadlineQueue deadlines = {};
  std::unordered_map<flow::ConnectionId, std::variant<AttemptOf, flow::FlowId, AcceptedConnection>> owners =
      {};                         ///< of every open socket
  std::uint64_t last_number = 0;  ///< of acquisitions, requests, probes, resolutions and connections alike
  bool stopping = false;

  /// Of now; a search under way keeps that of its beginning.
  std::shared_ptr<const location::EgressPolicy> egress() const { return {live, &live->egress}; }

  /// This shard's part of a limit of the whole broker.
  FairSlots SlotsOf(std::size_t total) const {
    return FairSlots::WithPercent(std::max<std::size_t>(1, total / state.options.shards), state.options.tenant_share);
  }

  /// What is said to those who find no room in `slots`, which are of max_requests; the observer is told.
  Failure RequestsLimit(const FairSlots& slots) const {
    state.observer.OnLimit(slots.full() ? Limit::kRequests : Limit::kTenantRequests);
    return {FailureReason::kLimitReached, slots.full()
                                              ? "max_requests: too many requests in flight"
                                              : "tenant_share: the tenant has its part of max_requests in flight"};
  }

  std::uint64_t NextNumber() { return ++last_number; }

  /// Asks for the socket to be closed unless it is gone already.
  void Close(flow::ConnectionId connection) {
    if (owners.erase(connection) > 0) actions.io.emplace_back(CloseConnection{connection});
  }
};

}  // namespace flowbroker::engine
