#include "tests/simulation/referee.h"

#include <algorithm>

#include "broker/racing/attempt_delay.h"

namespace flowbroker::simulation {
namespace {

bool IsAttempt(const TraceStep& step) {
  return step.what == TraceWhat::kAttempt;
}

/// Whether memory, DNS trouble or the egress policy may have had a say in the order of the attempts.
bool OrderIsPlain(const Trace& trace, TimePoint first_attempt) {
  return std::ranges::none_of(trace.steps, [&](const TraceStep& step) {
    const bool memory = step.what == TraceWhat::kOrdering && step.subject == "memory";
    const bool address = step.subject.starts_with("A ") || step.subject.starts_with("AAAA ");
    const bool late = step.outcome == TraceOutcome::kPending || step.end > first_attempt;
    const bool dns = step.what == TraceWhat::kDnsQuery && address && (late || step.outcome == TraceOutcome::kFailed);
    return memory || dns || step.failure == FailureReason::kForbidden;
  });
}

std::string Name(const TraceStep& attempt) {
  return attempt.subject + " started at " + std::to_string(ToMilliseconds(attempt.start.time_since_epoch()));
}

}  // namespace

Referee::Referee(ScriptedShard& shard, const World& world, const engine::BrokerOptions& options)
    : shard_(shard),
      world_(world),
      options_(options),
      pace_is_known_(options.history.max_targets > engine::BrokerOptions{}.history.max_targets / 2) {
  shard_.SetOnlooker(
      [this](flow::ConnectionId id, const Target& target, AttemptStage stage) { OnStage(id, target, stage); });
}

void Referee::Demand(bool holds, const std::string& otherwise) {
  if (!holds) complaints_.push_back(otherwise);
}

void Referee::OnStage(flow::ConnectionId id, const Target& target, AttemptStage stage) {
  // Never longer than what the race used: trust only raises the upper limit of the delay.
  const auto expected = shard_.state().history.Expect(shard_.PathTo(target), stage, shard_.now());
  const Duration delay = racing::AttemptDelay(
      expected ? std::optional(racing::StageExpectation{expected->estimate, expected->of_target, false}) : std::nullopt,
      options_.racing.delay);
  const auto [socket, fresh] = sockets_.try_emplace(id.value, Socket{{shard_.now(), delay}, std::nullopt});
  if (fresh) {
    Demand(egress_.Allows(target), target.ToString() + " is forbidden, and connected to");
    connections_.emplace(std::pair{shard_.now(), target}, id.value);
  } else {
    socket->second.tls = Pace{shard_.now(), delay};
  }
}

void Referee::JudgeAnswer(const engine::AcquireRequest& request, const engine::AcquireResult& result) {
  Demand(shard_.now() <= request.deadline, "answered after its deadline");
  Attempts attempts;
  for (const TraceStep& step : result.trace.steps) {
    if (IsAttempt(step)) attempts.push_back(&step);
  }
  JudgeWinner(result, attempts);
  const bool moved = attempts.empty() || result.trace.steps.front().start <= moved_;
  for (std::size_t i = 1; i < attempts.size() && pace_is_known_ && !moved; ++i)
    JudgePace(*attempts[i - 1], *attempts[i]);
  JudgeAlternation(result.trace, attempts);
}

void Referee::JudgeWinner(const engine::AcquireResult& result, const Attempts& attempts) {
  using engine::FlowSource;
  const auto won = std::ranges::count(attempts, TraceOutcome::kWon, &TraceStep::outcome);
  const bool raced =
      result.flow && (result.flow->source == FlowSource::kRaced || result.flow->source == FlowSource::kShared);
  Demand(won == (raced ? 1 : 0), std::to_string(won) + " winners");
  for (const TraceStep* attempt : attempts) {
    if (attempt->outcome == TraceOutcome::kWon)
      Demand(attempt->target == result.flow->remote, "the flow is not the winner's");
  }
}

void Referee::JudgePace(const TraceStep& before, const TraceStep& next) {
  const TimePoint earliest = EarliestAfter(before, next.start);
  Demand(next.start >= earliest, Name(next) + ", too early after " + Name(before));
}

TimePoint Referee::EarliestAfter(const TraceStep& before, TimePoint next) const {
  TimePoint earliest = kNever;
  // A re-probe or another request may have begun on the same target at the same moment: the earlier one counts.
  const auto [from, to] = connections_.equal_range({before.start, *before.target});
  for (auto connection = from; connection != to && options_.racing.parallel; ++connection) {
    const Socket& socket = sockets_.at(connection->second);
    const bool rearmed = socket.tls && socket.tls->stage_began <= next;
    const Pace& pace = rearmed ? *socket.tls : socket.first;
    earliest = std::min(earliest, pace.stage_began + pace.delay);
  }
  if (before.outcome == TraceOutcome::kFailed && before.end <= next) {
    earliest = std::min(earliest, std::max(before.end, before.start + options_.racing.min_spacing));
  }
  return earliest;
}

void Referee::JudgeAlternation(const Trace& trace, const Attempts& attempts) {
  if (attempts.empty() || !OrderIsPlain(trace, attempts.front()->start)) return;
  std::vector<Target> tried;
  for (std::size_t i = 0; i < attempts.size(); ++i) {
    const Target& target = *attempts[i]->target;
    Demand(std::ranges::find(tried, target) == tried.end(), Name(*attempts[i]) + " is tried twice");
    tried.push_back(target);
    if (i == 0) continue;
    const Target& before = *attempts[i - 1]->target;
    const std::string& host = world_.HostOf(target.endpoint.address);
    if (host != world_.HostOf(before.endpoint.address) || before.transport != target.transport) continue;
    if (before.family() != target.family()) continue;
    for (const IpAddress& other : world_.AddressesOf(host)) {
      const Target candidate{{other, target.endpoint.port}, target.transport};
      const bool untried = std::ranges::find(tried, candidate) == tried.end();
      Demand(candidate.family() == target.family() || !untried, Name(*attempts[i]) + ": it is the other family's turn");
    }
  }
}

}  // namespace flowbroker::simulation
