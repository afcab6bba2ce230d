#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "broker/base/random_source.h"
#include "broker/engine/acquire.h"
#include "broker/engine/broker_observer.h"
#include "broker/engine/event_log.h"
#include "broker/engine/outbound_access.h"
#include "broker/engine/outbound_options.h"
#include "broker/engine/shard_context.h"
#include "broker/outbound/flow_set.h"

namespace flowbroker::engine {

/// What a flow set wants done.
struct FlowSetOrder {
  std::uint64_t set;  ///< FlowSetView::number
  flow::Owner owner;
  std::variant<outbound::OpenFlow, outbound::CloseFlow> action;
};

/// What is to be acquired for it.
AcquireRequest RequestFor(const FlowSetOrder& order, const outbound::OpenFlow& open, TimePoint deadline);

/// All flow sets of a broker: names, limits, events, and the machines of broker/outbound (O1, O2, O7, O8). Does no I/O
/// and has no lock: a driver, or a simulation in virtual time, calls it with the time and then carries out
/// TakeOrders().
class FlowSets {
 public:
  /// `tenant_share`: of the events kept, in percent. `observer` and `random` outlive it.
  FlowSets(const OutboundOptions& options, int tenant_share, BrokerObserver& observer, RandomSource& random);

  /// As OutboundAccess says.
  Expected<FlowSetView> Ensure(FlowSetRequest request, TimePoint now);
  Expected<FlowSetView> Get(const std::string& tenant, const std::string& name) const;
  std::vector<FlowSetView> List(std::optional<std::uint64_t> after, std::size_t count, const flow::Scope& scope) const;
  Expected<void> Delete(const std::string& tenant, const std::string& name, TimePoint now);
  Expected<void> Report(const std::string& tenant, const std::string& name, const RegistrationReport& report,
                        TimePoint now);

  /// Makes sets that were there before. kInvalidArgument where two have one name, or one cannot be a set: then none is.
  Expected<void> Restore(std::vector<outbound::FlowSetSpec> specs, TimePoint now);

  /// The end of an order to open a flow. A flow for a set that is gone is ordered to be closed.
  void OnAcquired(const FlowSetOrder& order, const Expected<AcquiredFlow>& flow, TimePoint now);
  /// A held flow has been closed. One that no set has any more is ignored.
  void OnFlowClosed(const flow::FlowId& flow, const Failure& failure, TimePoint now);
  void OnTimer(TimePoint now);
  TimePoint NextDeadline() const { return deadlines_.next(); }

  /// What is to be done since the last call, in order.
  std::vector<FlowSetOrder> TakeOrders() { return std::exchange(orders_, {}); }

  /// Of all sets, in the order of their making.
  FlowSetSpecs Specs() const;

  EventLog<FlowSetEvent>& events() { return events_; }
  const EventLog<FlowSetEvent>& events() const { return events_; }
  std::size_t size() const { return sets_.size(); }

 private:
  struct Entry {
    std::uint64_t number;
    outbound::FlowSet set;
    TimePoint deadline = kNever;  // its place in deadlines_
  };
  using Name = std::pair<std::string, std::string>;  // tenant, name

  Entry* Find(const std::string& tenant, const std::string& name);
  Expected<void> CheckRoom(const std::string& tenant) const;
  Expected<FlowSetView> Make(outbound::FlowSetSpec spec, TimePoint now);
  void Remove(Entry& entry);
  /// Takes the machine's actions for orders and events.
  void Take(Entry& entry, const outbound::FlowSetActions& actions, TimePoint now);
  void TellDown(const Entry& entry, outbound::RegId reg_id, std::optional<flow::FlowId> flow,
                std::optional<Failure> failure, TimePoint now);
  void Tell(const Entry& entry, FlowSetEvent event);
  static FlowSetView ViewOf(const Entry& entry);

  const OutboundOptions options_;
  BrokerObserver& observer_;
  RandomSource& random_;
  std::map<std::uint64_t, Entry> sets_;
  std::map<Name, std::uint64_t> by_name_;
  std::unordered_map<std::string, std::size_t> per_tenant_;
  std::unordered_map<flow::FlowId, std::uint64_t> by_flow_;
  DeadlineQueue deadlines_;
  std::vector<FlowSetOrder> orders_;
  std::uint64_t last_number_ = 0;
  std::uint64_t revision_ = 0;
  EventLog<FlowSetEvent> events_;
};

}  // namespace flowbroker::engine
