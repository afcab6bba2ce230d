#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "broker/base/fair_slots.h"
#include "broker/engine/acquisition.h"
#include "broker/engine/answered_requests.h"
#include "broker/engine/flow_probes.h"
#include "broker/engine/handoffs.h"
#include "broker/engine/known_destinations.h"
#include "broker/engine/questions.h"
#include "broker/engine/shard_context.h"
#include "broker/engine/shard_flows.h"
#include "broker/engine/srv_shares.h"
#include "broker/engine/text_map.h"

namespace flowbroker::engine {

/// Acquire requests of one shard, each on its way: pool, probe of an existing flow, location, race, answer.
///
/// acquisitions.cc holds the way of a request, acquisition_pool.cc what existing flows can do for it,
/// acquisition_order.cc what memory makes of its targets, acquisition_race.cc what happens to its attempts. A reference
/// to an Acquisition is good until it is answered or fails; `Find` by number tells.
class Acquisitions {
 public:
  /// Given what a peer sent before its flow was one.
  using OnEarlyMessage = std::function<void(flow::Flow&, std::string_view bytes, TimePoint now)>;

  Acquisitions(ShardContext& context, ShardFlows& flows, FlowProbes& probes, Questions& questions, Handoffs& handoffs,
               OnEarlyMessage on_early_message);

  /// Fast path: the answer from the pool, without I/O. `key` is the request's destination key.
  std::optional<AcquireResult> TryPooled(const AcquireRequest& request, std::string_view key, TimePoint now);
  /// Everything else; `done` is called through the actions. Returns the request's number, for Cancel.
  std::uint64_t Start(const AcquireRequest& request, std::string_view key, AcquireCallback done, TimePoint now);
  void Cancel(std::uint64_t request, TimePoint now);
  void Stop(const Failure& failure, TimePoint now);

  // Each returns false where the number, or connection, is nothing of an acquisition's.
  bool OnAnswer(std::uint64_t number, const dns::Question& question, const SharedResolver::Answer& answer,
                TimePoint now);
  bool OnTimer(std::uint64_t number, TimePoint now);
  void OnProbeEnded(const FlowProbes::Ended& ended, TimePoint now);
  /// A flow of this shard for an acquisition of another one (O3); nothing where none serves it.
  std::optional<Loan> Lend(const flow::FlowKey& wanted, bool fresh_only, TimePoint now);
  /// What came of it where the flow was wanted.
  void OnLoan(std::uint64_t number, const std::optional<Loan>& loan, TimePoint now);
  /// Ends the attempts that the egress policy no longer allows; races go on with what is left.
  void OnEgressChanged(TimePoint now);

  // Events of an attempt's connection.
  void OnTlsBegins(std::uint64_t number, flow::ConnectionId id, std::optional<Duration> rtt, TimePoint now);
  void OnTlsVerified(std::uint64_t number, flow::ConnectionId id, flow::TlsIdentities peer);
  void OnConnected(std::uint64_t number, flow::ConnectionId id, const Endpoint& local, std::optional<Duration> rtt,
                   TimePoint now);
  void OnReceived(std::uint64_t number, flow::ConnectionId id, std::span<const sip::MessageFramer::Item> items,
                  TimePoint now);
  void OnEnded(std::uint64_t number, flow::ConnectionId id, const Failure& failure, TimePoint now);

 private:
  // The way of a request.
  Acquisition* Find(std::uint64_t number);
  std::pair<Acquisition&, bool> FindOrCreate(const AcquireRequest& request, std::string_view key, TimePoint now);
  std::uint64_t AddWaiter(Acquisition& acquisition, const AcquireRequest& request, AcquireCallback done, bool shared,
                          TimePoint now);
  std::uint64_t Refuse(const AcquireRequest& request, AcquireCallback done, Failure failure, TimePoint now);
  std::optional<Failure> RefusalFor(const std::string& tenant) const;
  void BeginLocating(Acquisition& acquisition, TimePoint now);
  void OnTargets(Acquisition& acquisition, TimePoint now);
  void Answer(Acquisition& acquisition, flow::Flow& flow, FlowSource source, TimePoint now);
  void Answer(Acquisition& acquisition, AcquiredFlow flow, TimePoint now);
  void LogRace(const Acquisition& acquisition, Expected<AcquiredFlow> flow, TimePoint now);
  void Fail(Acquisition& acquisition, const Failure& failure, TimePoint now);
  void EndWaiter(Acquisition& acquisition, std::uint64_t number, const Failure& failure, TimePoint now);
  void Tell(const Acquisition& acquisition, const Waiter& waiter, const AcquireResult& result, TimePoint now);
  static bool IsAbandoned(const Acquisition& acquisition);
  void MoveOn(std::uint64_t number, TimePoint now);
  void ExpireWaiters(Acquisition& acquisition, TimePoint now);
  void Erase(Acquisition& acquisition, TimePoint now);
  void Reschedule(Acquisition& acquisition);

  // Existing flows.
  struct KnownFlow {
    flow::Flow* flow;
    std::shared_ptr<history::ShareLedger> ledger;  // null: not located by SRV
    std::size_t record;                            // in the ledger
  };
  std::optional<KnownFlow> FindKnownFlow(const AcquireRequest& request, std::string_view key, TimePoint now);
  bool UseExistingFlow(Acquisition& acquisition, std::span<const racing::Candidate> candidates, TimePoint now);
  /// Answers with an existing flow, and says in the trace why it may be used.
  void AnswerFromPool(Acquisition& acquisition, flow::Flow& flow, TimePoint now);
  bool Borrow(Acquisition& acquisition, std::span<const racing::Candidate> candidates);
  bool HedgeWithProbe(Acquisition& acquisition, flow::Flow& flow, TimePoint now);
  void OnHedgeDue(Acquisition& acquisition, TimePoint now);
  flow::FlowKey KeyOf(const Acquisition& acquisition, const Target& target) const;
  AcquiredFlow Acquired(flow::Flow& flow, FlowSource source, TimePoint now) const;
  void RememberDestination(const Acquisition& acquisition, const AcquiredFlow& flow, TimePoint now);
  void CountShare(Acquisition& acquisition, const AcquiredFlow& flow);
  void Charge(Acquisition& acquisition, std::size_t record);

  // What memory makes of its targets.
  enum class RecordStanding : std::uint8_t {
    kUsable,
    kUnresponsive,  ///< reachable, but far slower than its peers (S7)
    kUnusable,      ///< unreachable, or its server said 503
  };
  std::vector<RecordStanding> StandingsOf(const Acquisition& acquisition, TimePoint now) const;
  bool HasRoomFor(const Acquisition& acquisition, const Target& target) const;
  bool HasFlowOrRoom(const Acquisition& acquisition, const JudgedTarget& target) const;
  void JudgeTargets(Acquisition& acquisition, TimePoint now);
  void ApplyShares(Acquisition& acquisition, TimePoint now);
  static void PutAvoidedLast(Acquisition& acquisition, TimePoint now);
  std::vector<racing::Candidate> OrderTargets(const Acquisition& acquisition) const;
  /// Whether an outstanding DNS answer may bring a better target than the best one known.
  bool BetterMayCome(const Acquisition& acquisition) const;
  void JudgeForRace(Acquisition& acquisition, TimePoint now);
  void StartReprobes(const Acquisition& acquisition, TimePoint now);
  bool StartReprobe(const Acquisition& acquisition, const JudgedTarget& held, TimePoint now);
  bool MayReprobe(const std::string& tenant) const;
  void RunReprobe(const Acquisition& acquisition, const JudgedTarget& target, Duration time_limit, TimePoint now);
  TimePoint LookAgainAt(const Acquisition& acquisition, TimePoint now) const;
  racing::ExpectationOf ExpectationsOf(const Acquisition& acquisition) const;
  std::optional<racing::StageExpectation> Expectation(const history::Path& path, AttemptStage stage,
                                                      TimePoint now) const;

  // Its race.
  void RunRace(Acquisition& acquisition, std::span<const racing::RaceEvent> events, TimePoint now);
  void Apply(Acquisition& acquisition, const racing::RaceAction& action, TimePoint now);
  void StartAttempt(Acquisition& acquisition, const racing::StartAttempt& start, TimePoint now);
  void EndAttempt(Acquisition& acquisition, racing::AttemptId id, TraceOutcome outcome, const Failure& failure,
                  TimePoint now);
  void FailAttempt(Acquisition& acquisition, racing::AttemptId id, const Failure& failure, TimePoint now);
  bool RefuseForbidden(Acquisition& acquisition, const racing::StartAttempt& start, TimePoint now);
  void ForgetAttempt(Acquisition& acquisition, racing::AttemptId id);
  void WakeStarved();
  void Win(Acquisition& acquisition, racing::AttemptId id, TimePoint now);
  void EndReprobe(Acquisition& acquisition, const Attempt& attempt, TimePoint now);
  void Deliver(flow::FlowId to, const std::vector<std::string>& early_messages, TimePoint now);
  void StartProbe(Attempt& attempt, TimePoint now);
  void DriveProbes(Acquisition& acquisition, TimePoint now);
  flow::Flow* FreshFlowTo(const Acquisition& acquisition, const Target& target, TimePoint now);
  ShardContext& context_;
  const BrokerOptions& options_;
  ShardFlows& flows_;
  FlowProbes& probes_;
  Questions& questions_;
  Handoffs& handoffs_;
  OnEarlyMessage on_early_message_;

  std::unordered_map<std::uint64_t, Acquisition> acquisitions_;
  TextMap<std::uint64_t> by_key_;                              // acquisition under way for a destination key
  std::unordered_map<std::uint64_t, std::uint64_t> requests_;  // request -> acquisition
  // This shard's part of the broker's limits, and who has how much of it.
  FairSlots waiters_;        // max_requests
  FairSlots foreground_;     // max_requests again, for acquisitions: an abandoned one goes on without a waiter
  FairSlots attempt_slots_;  // max_attempts; the acquisitions whose race is starved wait
  FairSlots reprobes_;       // max_reprobes
  KnownDestinations destinations_;
  SrvShares shares_;
  AnsweredRequests answered_;
};

}  // namespace flowbroker::engine
