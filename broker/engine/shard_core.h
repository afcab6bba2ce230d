#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "broker/base/random_source.h"
#include "broker/engine/acquisition.h"
#include "broker/engine/broker_state.h"
#include "broker/engine/connection_broker.h"
#include "broker/engine/relay_router.h"
#include "broker/engine/shard_actions.h"
#include "broker/flow/flow_pool.h"
#include "broker/location/address_ordering.h"

namespace flowbroker::engine {

/// All decisions of one shard: acquisitions, flows, relay. Does no I/O and knows no thread: the shard's driver (or a
/// simulation in virtual time) calls it with the time under the shard's lock and afterwards carries out Actions().
/// Nothing here calls back into the broker; only RelaySink::Offer and the observer are called from inside.
///
/// The parts live in their own files: shard_acquire.cc (request to answer), shard_race.cc (attempts), shard_flows.cc
/// (life of flows, probes), shard_relay.cc (messages).
class ShardCore {
 public:
  ShardCore(std::uint8_t index, BrokerState& state, const location::SourceAddressSelector& sources,
            RandomSource& random);

  // -- Requests (shard_acquire.cc)

  /// Fast path: the answer from the pool, without I/O. `key` is the request's destination key.
  std::optional<AcquireResult> TryPooled(const AcquireRequest& request, std::string_view key, TimePoint now);
  /// Everything else; `done` is called through the actions. The number names the request for Cancel.
  std::uint64_t Acquire(AcquireRequest request, std::string_view key, AcquireCallback done, TimePoint now);
  void Cancel(std::uint64_t request, TimePoint now);
  void Resolve(Destination destination, TimePoint deadline, ResolveCallback done, TimePoint now);
  /// Ends every request with kShuttingDown and closes every flow.
  void Stop(TimePoint now);

  // -- Events of the outside

  void OnDnsAnswer(const dns::Question& question, const SharedResolver::Answer& answer, TimePoint now);
  void OnTlsBegins(flow::ConnectionId id, std::optional<Duration> rtt, TimePoint now);
  void OnConnected(flow::ConnectionId id, const Endpoint& local, std::optional<Duration> rtt, TimePoint now);
  void OnReceived(flow::ConnectionId id, std::span<const sip::MessageFramer::Item> items, TimePoint now);
  void OnEnded(flow::ConnectionId id, const Failure& failure, TimePoint now);
  /// `octets` of the flow wait in its socket's queue.
  void OnQueued(flow::ConnectionId id, std::size_t octets);
  void OnTimer(TimePoint now);

  /// When OnTimer is due; in the past where a turn's race events wait to be judged together.
  TimePoint NextDeadline() const;

  // -- Flows (shard_flows.cc)

  std::optional<FlowView> GetFlow(const flow::FlowId& id) const;
  std::vector<flow::FlowId> FlowIds() const { return pool_.Ids(); }
  bool Release(const flow::FlowId& id, TimePoint now);
  bool Close(const flow::FlowId& id, const Failure& failure, TimePoint now);
  void ProbeFlow(const flow::FlowId& id, TimePoint deadline, ProbeCallback done, TimePoint now);
  bool Report(const TransactionReport& report, TimePoint now);

  // -- Relay (shard_relay.cc)

  void AttachRelay(RelayId relay, const std::string& client_group, std::shared_ptr<RelaySink> sink, TimePoint now);
  void DetachRelay(RelayId relay, TimePoint now);
  void ResumeRelay(RelayId relay, TimePoint now);
  std::optional<Failure> Send(RelayId relay, const flow::FlowId& id, std::string_view bytes, TimePoint now);

  /// `octets` asked to be sent earlier have not reached the sockets yet: the driver is behind.
  void NoteHandover(std::size_t octets) { handover_octets_ = octets; }

  /// What is to be done since the last call.
  ShardActions TakeActions() { return std::exchange(actions_, {}); }

 private:
  struct AttemptOf {
    std::uint64_t acquisition;
  };
  using Owner = std::variant<AttemptOf, flow::FlowId>;  // who a connection belongs to

  struct LastFlow {
    flow::FlowId flow;
    TimePoint valid_until;  // of the DNS answers that led there
  };
  struct RecentAnswer {
    flow::FlowId flow;
    TimePoint until;
  };
  struct FlowProbe {
    std::uint64_t number;
    flow::Probe probe;
    TimePoint started;
    std::string request;
    std::string branch;
    std::vector<std::pair<TimePoint, ProbeCallback>> callers = {};  // with their deadlines
    std::vector<std::uint64_t> acquisitions = {};
    TimePoint scheduled = kNever;
  };
  struct Resolution {
    std::uint64_t number;
    location::ServerLocator locator;
    TimePoint started;
    TimePoint deadline;
    ResolveCallback done;
    TimePoint scheduled = kNever;
  };
  struct HeldMessage {
    flow::Flow flow;  // as it was: it may be closed by now
    InboundMessage message;
    TimePoint until;
  };
  struct StringHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  template <typename T>
  using StringMap = std::unordered_map<std::string, T, StringHash, std::equal_to<>>;

  // shard_acquire.cc
  Acquisition& FindOrCreateAcquisition(const AcquireRequest& request, std::string_view key, TimePoint now);
  std::uint64_t AddWaiter(Acquisition& acquisition, const AcquireRequest& request, AcquireCallback done, bool shared,
                          TimePoint now);
  void BeginLocating(Acquisition& acquisition, TimePoint now);
  void Feed(location::ServerLocator& locator, std::uint64_t asker, std::vector<dns::Question> questions, TimePoint now);
  void OnTargets(Acquisition& acquisition, TimePoint now);
  bool UseExistingFlow(Acquisition& acquisition, TimePoint now);
  bool IsFresh(const flow::Flow& flow, TimePoint now) const {
    return now - flow.last_evidence <= state_.options.flows.fresh_for;
  }
  bool HedgeProbe(Acquisition& acquisition, flow::Flow& flow, TimePoint now);
  void OnHedgeDue(Acquisition& acquisition, TimePoint now);
  void RememberDestination(const Acquisition& acquisition, const flow::Flow& flow);
  Trace TraceFor(const Acquisition& acquisition, const Waiter& waiter, TimePoint now) const;
  flow::FlowKey KeyOf(const Acquisition& acquisition, const Target& target) const;
  void Answer(Acquisition& acquisition, const flow::Flow& flow, FlowSource source, TimePoint now);
  void Fail(Acquisition& acquisition, const Failure& failure, TimePoint now);
  void EndWaiter(Acquisition& acquisition, std::uint64_t number, const Failure& failure, TimePoint now);
  void ExpireWaiters(Acquisition& acquisition, TimePoint now);
  void Erase(Acquisition& acquisition, TimePoint now);
  AcquiredFlow Acquired(const flow::Flow& flow, FlowSource source) const;
  void RememberAnswer(const std::string& request_id, const std::string& group, flow::FlowId flow, TimePoint now);
  void OnResolutionMoved(Resolution& resolution);
  void EndResolution(Resolution& resolution, std::optional<Failure> failure);

  // shard_race.cc
  void RunRace(Acquisition& acquisition, std::span<const racing::RaceEvent> events, TimePoint now);
  void Apply(Acquisition& acquisition, const racing::RaceAction& action, TimePoint now);
  void StartAttempt(Acquisition& acquisition, const racing::StartAttempt& start, TimePoint now);
  const flow::Flow* FreshFlowTo(const Acquisition& acquisition, const Target& target, TimePoint now);
  void EndAttempt(Acquisition& acquisition, racing::AttemptId id, TraceOutcome outcome, const Failure& failure,
                  TimePoint now);
  void Win(Acquisition& acquisition, racing::AttemptId id, TimePoint now);
  void StartAttemptProbe(Attempt& attempt, TimePoint now);
  void NoteWait(Acquisition& acquisition, TimePoint now);
  Acquisition* AcquisitionOf(flow::ConnectionId id);
  void DriveAttemptProbes(Acquisition& acquisition, TimePoint now);
  void RecordOutcome(const Target& target, AttemptStage stage, std::optional<FailureReason> failure,
                     std::optional<Duration> rtt, TimePoint now);
  std::optional<racing::StageExpectation> Expectation(const Target& target, AttemptStage stage) const;
  void FreeAttempt();

  // shard_flows.cc
  void CloseFlow(flow::Flow& flow, const Failure& failure, TimePoint now);
  void EmitFlowEvent(FlowEventKind kind, const flow::Flow& flow, std::optional<Failure> failure, TimePoint now);
  FlowView ViewOf(const flow::Flow& flow, bool open) const;
  FlowProbe& StartProbe(flow::Flow& flow, TimePoint now);
  void DriveProbe(const flow::Flow& flow, FlowProbe& probe, flow::Probe::Action action);
  void RescheduleProbe(FlowProbe& probe);
  void EndProbe(const flow::FlowId& id, Expected<ProbeResult> result, TimePoint now);
  void OnProbeTimer(const flow::FlowId& id, TimePoint now);
  bool OnProbeAnswer(flow::Flow& flow, const std::string& answer, TimePoint now);
  flow::ProbeOptions ProbeOptionsFor(const Target& target) const;
  std::string ProbeToken();
  std::string WriteProbe(const Target& target, const Endpoint& local, std::string_view token) const;

  // shard_relay.cc
  void OnFlowItems(const flow::FlowId& id, std::span<const sip::MessageFramer::Item> items, TimePoint now);
  void OnAttemptItems(Acquisition& acquisition, flow::ConnectionId id, std::span<const sip::MessageFramer::Item> items,
                      TimePoint now);
  void OnFlowMessage(flow::Flow& flow, std::string_view bytes, TimePoint now);
  void Deliver(const flow::Flow& flow, std::optional<RelayId> relay, InboundMessage message, TimePoint now);
  void DeliverHeld(const std::string& client_group, TimePoint now);
  std::optional<Failure> CheckQueues(const flow::FlowId& id, std::size_t octets) const;
  void Hold(const flow::Flow& flow, InboundMessage message, TimePoint now);
  void DropOldestHeld(std::deque<HeldMessage>& held, const std::string& why, TimePoint now);
  void ExpireHeld(TimePoint now);
  void OfferBlocked(const flow::FlowId& id, TimePoint now);
  std::optional<Failure> CheckFraming(const flow::Flow& flow, const sip::MessageHead& head,
                                      std::string_view bytes) const;

  // shard_core.cc
  void Schedule(std::uint64_t number, TimePoint& scheduled, TimePoint when);
  void Reschedule(Acquisition& acquisition) {
    Schedule(acquisition.number, acquisition.scheduled, acquisition.NextDeadline());
  }
  void OnAcquisitionTimer(Acquisition& acquisition, TimePoint now);
  flow::ConnectionId NextConnection() { return {++last_number_}; }
  Acquisition* FindAcquisition(std::uint64_t number);

  const std::uint8_t index_;
  BrokerState& state_;
  const location::SourceAddressSelector& sources_;
  RandomSource& random_;
  const std::size_t max_attempts_;  // this shard's part of the broker's
  const std::size_t max_requests_;

  flow::FlowPool pool_;
  RelayRouter router_;
  ShardActions actions_;
  std::uint64_t last_number_ = 0;  // of acquisitions, requests, probes, resolutions and connections
  bool stopping_ = false;

  std::unordered_map<std::uint64_t, Acquisition> acquisitions_;
  StringMap<std::uint64_t> by_key_;                            // acquisition under way for a destination key
  std::unordered_map<std::uint64_t, std::uint64_t> requests_;  // request -> acquisition
  std::unordered_map<std::uint64_t, Resolution> resolutions_;
  std::unordered_map<dns::Question, std::vector<std::uint64_t>> asking_;  // acquisitions and resolutions that wait
  std::unordered_map<flow::ConnectionId, Owner> owners_;
  std::size_t attempts_in_flight_ = 0;
  std::deque<std::uint64_t> starved_;  // acquisitions whose race waits for room under max_attempts_

  StringMap<LastFlow> destinations_;        // where a destination key led last
  StringMap<RecentAnswer> recent_answers_;  // by client group and request id
  std::deque<std::pair<TimePoint, std::string>> recent_age_;

  std::unordered_map<flow::FlowId, FlowProbe> probes_;
  std::unordered_map<std::uint64_t, flow::FlowId> probe_numbers_;
  std::unordered_map<flow::FlowId, std::size_t> unsent_;  // octets in socket queues, where there are any
  std::unordered_map<flow::FlowId, RelayId> exclusive_owner_;
  std::size_t handover_octets_ = 0;

  struct Blocked {
    RelayId relay;  // whose stream is full
    std::deque<InboundMessage> messages;
  };
  std::unordered_map<flow::FlowId, Blocked> blocked_;
  std::unordered_map<std::string, std::deque<HeldMessage>> held_;  // by client group, while no stream is attached

  std::set<std::pair<TimePoint, std::uint64_t>> deadlines_;  // of acquisitions, probes and resolutions
};

}  // namespace flowbroker::engine
