#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/simulation/scripted_shard.h"
#include "tests/simulation/world.h"

namespace flowbroker::simulation {

/// Looks at what the engine does from outside and checks what must hold of every request (design: racing, "What must be
/// provable in simulation"). Knows the network and the traces, not how the engine works.
class Referee {
 public:
  Referee(ScriptedShard& shard, const World& world, const engine::BrokerOptions& options);

  /// Judges the end of a request that was asked at `asked` and wanted its trace.
  void JudgeAnswer(const engine::AcquireRequest& request, const engine::AcquireResult& result);

  /// The host is on another network: requests under way still go by what is known of the old one.
  void OnMoved() { moved_ = shard_.now(); }

  /// From now on nothing else may be connected to, however long ago it was located.
  void OnPolicy(location::EgressPolicy egress) { egress_ = std::move(egress); }

  void Demand(bool holds, const std::string& otherwise);
  const std::vector<std::string>& complaints() const { return complaints_; }

 private:
  /// When the race may go on after a stage of an attempt has begun: the shortest delay that memory allows.
  struct Pace {
    TimePoint stage_began;
    Duration delay;
  };
  struct Socket {
    Pace first;
    std::optional<Pace> tls;
  };
  /// An attempt of a trace with its outcome.
  using Attempts = std::vector<const TraceStep*>;

  void OnStage(flow::ConnectionId id, const Target& target, AttemptStage stage);
  void JudgeWinner(const engine::AcquireResult& result, const Attempts& attempts);
  void JudgePace(const TraceStep& before, const TraceStep& next);
  void JudgeAlternation(const Trace& trace, const Attempts& attempts);
  TimePoint EarliestAfter(const TraceStep& before, TimePoint next) const;

  ScriptedShard& shard_;
  const World& world_;
  const engine::BrokerOptions& options_;
  const bool pace_is_known_;  // not where memory forgets estimates in the middle of a turn, for want of room
  std::map<std::uint64_t, Socket> sockets_;                                 // by connection
  std::multimap<std::pair<TimePoint, Target>, std::uint64_t> connections_;  // by start and target
  TimePoint moved_ = TimePoint::min();
  location::EgressPolicy egress_ = {};
  std::vector<std::string> complaints_;
};

}  // namespace flowbroker::simulation
