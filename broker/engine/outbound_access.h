#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "broker/base/expected.h"
#include "broker/engine/event_subscription.h"
#include "broker/engine/flow_set_event.h"
#include "broker/flow/owner.h"
#include "broker/outbound/flow_set.h"
#include "broker/sip/instance_id.h"

namespace flowbroker::engine {

/// What EnsureFlowSet asks for.
struct FlowSetRequest {
  flow::Owner owner;
  std::string name;                                        ///< unique for the tenant
  std::optional<sip::InstanceId> instance = std::nullopt;  ///< absent: that of the set, else a fresh one
  std::vector<std::string> uris = {};
  bool replace = false;  ///< a set of that name which differs is given all this, and new flows
};

/// How the caller's REGISTER over a flow of the set ended.
struct RegistrationReport {
  outbound::RegId reg_id;
  flow::FlowId flow;
  bool accepted = false;
  std::optional<Duration> retry_after = std::nullopt;  ///< of a 503
};

/// What a file needs to know of all sets: it has to be the same after a restart.
struct FlowSetSpecs {
  std::uint64_t revision = 0;  ///< rises whenever they change
  std::vector<outbound::FlowSetSpec> specs = {};
};
/// Told whether the sets as they were at the call, or later, are kept.
using FlowSetsKept = std::function<void(const Expected<void>&)>;
/// Asked to keep them, on any thread and without a lock; must not block.
using FlowSetStore = std::function<void(FlowSetsKept)>;

/// Flow sets of a broker: the user agent's part of SIP Outbound (RFC 5626 s.4). Sets are named by tenant and name. Any
/// thread; nothing here blocks on the network.
class OutboundAccess {
 public:
  virtual ~OutboundAccess() = default;

  /// Makes the set unless it is there; idempotent. `done` is told how it stands, once a restart would find it: here, or
  /// later on another thread. kInvalidArgument as outbound::Check says, and where the set is there and differs;
  /// kLimitReached; kInternal where it cannot be kept, though it is there until the next restart.
  using FlowSetCallback = std::function<void(Expected<FlowSetView>)>;
  virtual void Ensure(FlowSetRequest request, FlowSetCallback done) = 0;

  /// kUnknownFlow where there is none, as below.
  virtual Expected<FlowSetView> Get(const std::string& tenant, const std::string& name) = 0;

  /// In the order of their making, after `after` (absent: from the first), at most `count`.
  virtual std::vector<FlowSetView> List(std::optional<std::uint64_t> after, std::size_t count,
                                        const flow::Scope& scope) = 0;

  /// Closes its flows and forgets it; `done` as for Ensure.
  using DeletedCallback = std::function<void(Expected<void>)>;
  virtual void Delete(const std::string& tenant, const std::string& name, DeletedCallback done) = 0;

  /// kInvalidArgument for a reg-id that the set does not have, kUnknownFlow where that reg-id has another flow.
  virtual Expected<void> Report(const std::string& tenant, const std::string& name,
                                const RegistrationReport& report) = 0;

  /// Events of the tenant's set after `after_sequence`, in order; absent: first a kSnapshot, then what comes from now
  /// on. Pushed to `sink` on whatever thread causes them, with a lock held: it must be quick and must not call back.
  /// Null where those events are no longer kept.
  using EventSink = std::function<void(const FlowSetEvent&)>;
  virtual Expected<std::unique_ptr<EventSubscription>> Watch(std::optional<std::uint64_t> after_sequence,
                                                             const std::string& tenant, const std::string& name,
                                                             EventSink sink) = 0;
  virtual std::uint64_t LatestEvent() const = 0;

  /// Makes the sets that were kept before, whatever the limits say. kInvalidArgument where two have one name, or one
  /// cannot be a set: then none is made.
  virtual Expected<void> Restore(std::vector<outbound::FlowSetSpec> specs) = 0;
  virtual FlowSetSpecs Specs() const = 0;
  /// From now on Ensure and Delete are done only once `store` has kept them; it must outlive the last call.
  virtual void KeepIn(FlowSetStore store) = 0;
};

}  // namespace flowbroker::engine
