// Construction, time and the end of a shard's core.

#include "broker/engine/shard_core.h"

#include <algorithm>
#include <utility>

#include "broker/engine/destination_key.h"

namespace flowbroker::engine {
namespace {

std::size_t ShareOf(std::size_t total, std::size_t shards) {
  return std::max<std::size_t>(1, total / shards);
}

}  // namespace

ShardCore::ShardCore(std::uint8_t index, BrokerState& state, const location::SourceAddressSelector& sources,
                     RandomSource& random)
    : index_(index),
      state_(state),
      sources_(sources),
      random_(random),
      max_attempts_(ShareOf(state.options.max_attempts, state.options.shards)),
      max_requests_(ShareOf(state.options.max_requests, state.options.shards)),
      pool_({.idle_timeout = state.options.flows.idle_timeout,
             .max_flows_per_target = state.options.flows.max_flows_per_target}),
      router_(state.options.flows.max_pending_transactions) {}

Acquisition* ShardCore::FindAcquisition(std::uint64_t number) {
  const auto found = acquisitions_.find(number);
  return found == acquisitions_.end() ? nullptr : &found->second;
}

Acquisition* ShardCore::AcquisitionOf(flow::ConnectionId id) {
  const auto owner = owners_.find(id);
  if (owner == owners_.end()) return nullptr;
  const auto* attempt = std::get_if<AttemptOf>(&owner->second);
  return attempt == nullptr ? nullptr : FindAcquisition(attempt->acquisition);
}

void ShardCore::Schedule(std::uint64_t number, TimePoint& scheduled, TimePoint when) {
  if (scheduled == when) return;
  deadlines_.erase({scheduled, number});
  scheduled = when;
  if (when != kNever) deadlines_.emplace(when, number);
}

TimePoint ShardCore::NextDeadline() const {
  TimePoint next = pool_.NextIdle();
  if (!deadlines_.empty()) next = std::min(next, deadlines_.begin()->first);
  for (const auto& [group, held] : held_) next = std::min(next, held.front().until);
  return next;
}

void ShardCore::OnTimer(TimePoint now) {
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    const std::uint64_t number = deadlines_.begin()->second;
    if (Acquisition* acquisition = FindAcquisition(number)) {
      OnAcquisitionTimer(*acquisition, now);
    } else if (const auto probe = probe_numbers_.find(number); probe != probe_numbers_.end()) {
      OnProbeTimer(flow::FlowId(probe->second), now);
    } else {
      EndResolution(resolutions_.at(number), Failure{FailureReason::kDeadlineExceeded, ""});
    }
  }
  while (const flow::Flow* idle = pool_.IdleFlow(now)) {
    Close(flow::FlowId(idle->id), {FailureReason::kIdle, ""}, now);
  }
  ExpireHeld(now);
}

void ShardCore::OnAcquisitionTimer(Acquisition& acquisition, TimePoint now) {
  const std::uint64_t number = acquisition.number;
  DriveAttemptProbes(acquisition, now);
  if (acquisition.hedge_at <= now) OnHedgeDue(acquisition, now);
  if (FindAcquisition(number) == nullptr) return;
  if (acquisition.race) {
    auto events = std::exchange(acquisition.race_events, {});
    events.emplace_back(racing::TimerFired{});
    RunRace(acquisition, events, now);
  }
  if (FindAcquisition(number) == nullptr) return;
  ExpireWaiters(acquisition, now);
  const bool useless = acquisition.waiters.empty() && (acquisition.request.exclusive || !acquisition.race);
  if (useless) return Erase(acquisition, now);
  Reschedule(acquisition);
}

void ShardCore::Resolve(Destination destination, TimePoint deadline, ResolveCallback done, TimePoint now) {
  const std::uint64_t number = ++last_number_;
  Resolution& resolution =
      resolutions_
          .emplace(number, Resolution{.number = number,
                                      .locator = location::ServerLocator(LocateRequestFor(destination),
                                                                         state_.options.location, sources_, random_),
                                      .started = now,
                                      .deadline = deadline,
                                      .done = std::move(done)})
          .first->second;
  if (stopping_) return EndResolution(resolution, Failure{FailureReason::kShuttingDown, ""});
  Feed(resolution.locator, number, resolution.locator.Start(now), now);
  Schedule(number, resolution.scheduled, deadline);
  OnResolutionMoved(resolution);
}

void ShardCore::OnResolutionMoved(Resolution& resolution) {
  if (!resolution.locator.done()) return;
  const bool found = !resolution.locator.targets().empty();
  EndResolution(resolution, found ? std::nullopt : std::optional(resolution.locator.failure()));
}

void ShardCore::EndResolution(Resolution& resolution, std::optional<Failure> failure) {
  ResolveResult result{Unexpected({FailureReason::kInternal, ""}),
                       resolution.locator.valid_until(),
                       {resolution.started, resolution.locator.trace()}};
  if (failure) {
    result.targets = Unexpected(std::move(*failure));
  } else {
    std::vector<ResolvedTarget> targets;
    for (const location::LocatedTarget& located : resolution.locator.targets()) {
      const auto expected = state_.history.Expect(located.target, FirstStage(located.target.transport));
      targets.push_back({located, expected ? std::optional(expected->estimate.smoothed()) : std::nullopt});
    }
    result.targets = std::move(targets);
  }
  actions_.calls.emplace_back([done = std::move(resolution.done), result = std::move(result)] { done(result); });
  deadlines_.erase({resolution.scheduled, resolution.number});
  resolutions_.erase(resolution.number);
}

void ShardCore::Stop(TimePoint now) {
  stopping_ = true;
  const Failure failure{FailureReason::kShuttingDown, ""};
  while (!acquisitions_.empty()) Fail(acquisitions_.begin()->second, failure, now);
  while (!resolutions_.empty()) EndResolution(resolutions_.begin()->second, failure);
  for (const flow::FlowId& id : pool_.Ids()) Close(id, failure, now);
}

}  // namespace flowbroker::engine
