#include "broker/engine/resolutions.h"

#include <utility>

#include "broker/engine/destination_key.h"

namespace flowbroker::engine {

void Resolutions::Start(const std::string& tenant, const Destination& destination, TimePoint deadline,
                        ResolveCallback done, TimePoint now) {
  const bool room = slots_.HasRoom(tenant);
  const std::uint64_t number = context_.NextNumber();
  Running& running =
      running_
          .emplace(number, Running{.number = number,
                                   .tenant = tenant,
                                   .destination = destination,
                                   .locator = location::ServerLocator(LocateRequestFor(destination, context_.egress()),
                                                                      context_.state.options.location, context_.sources,
                                                                      context_.random),
                                   .started = now,
                                   .done = std::move(done)})
          .first->second;
  slots_.Take(tenant);
  if (context_.stopping) return End(running, Failure{FailureReason::kShuttingDown, ""}, now);
  if (!room) return End(running, context_.RequestsLimit(slots_), now);
  questions_.Ask(running.locator, number, tenant, running.locator.Start(now), now);
  context_.deadlines.Move(number, running.scheduled, deadline);
  EndIfDone(running, now);
}

bool Resolutions::OnAnswer(std::uint64_t number, const dns::Question& question, const SharedResolver::Answer& answer,
                           TimePoint now) {
  const auto found = running_.find(number);
  if (found == running_.end()) return false;
  location::ServerLocator& locator = found->second.locator;
  questions_.Ask(locator, number, found->second.tenant, locator.OnAnswer(question, answer.records, answer.origin, now),
                 now);
  EndIfDone(found->second, now);
  return true;
}

bool Resolutions::OnTimer(std::uint64_t number, TimePoint now) {
  const auto found = running_.find(number);
  if (found == running_.end()) return false;
  End(found->second, Failure{FailureReason::kDeadlineExceeded, "DNS has not answered every question yet"}, now);
  return true;
}

void Resolutions::Stop(const Failure& failure, TimePoint now) {
  while (!running_.empty()) End(running_.begin()->second, failure, now);
}

void Resolutions::EndIfDone(Running& running, TimePoint now) {
  if (!running.locator.done()) return;
  const bool found = !running.locator.targets().empty();
  End(running, found ? std::nullopt : std::optional(running.locator.failure()), now);
}

void Resolutions::End(Running& running, std::optional<Failure> failure, TimePoint now) {
  std::vector<ResolvedTarget> targets;
  for (const location::LocatedTarget& located : running.locator.targets()) {
    const history::Path path{NetworkFor(running.destination, located.source, context_.state.networks), located.target};
    const auto expected = context_.state.history.Expect(path, FirstStage(located.target.transport), now);
    targets.push_back({located, expected ? std::optional(expected->estimate.smoothed()) : std::nullopt});
  }
  ResolveResult result{std::move(targets), running.locator.valid_until(), {running.started, running.locator.trace()}};
  if (failure) result.targets = Unexpected(std::move(*failure));
  context_.actions.calls.emplace_back([done = std::move(running.done), result = std::move(result)] { done(result); });
  context_.deadlines.Move(running.number, running.scheduled, kNever);
  slots_.Give(running.tenant);
  running_.erase(std::uint64_t{running.number});
}

}  // namespace flowbroker::engine
