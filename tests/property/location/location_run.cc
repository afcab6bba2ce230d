#include "tests/property/location/location_run.h"

#include <chrono>
#include <utility>

#include "tests/support/fake_source_addresses.h"
#include "tests/support/seeded_random.h"

namespace flowbroker::location {
namespace {

Glimpse Look(const ServerLocator& locator, std::size_t asked, std::size_t answered) {
  return {locator.targets(), asked, answered, locator.done(), locator.better_may_come()};
}

}  // namespace

LocationRun RunLocation(const RunSettings& settings,
                        const std::function<dns::RecordSet(const dns::Question&)>& answer) {
  const testing::FakeSourceAddresses sources;
  testing::SmallestRandom random;
  testing::SeededRandom order(settings.order_seed);
  TimePoint now{std::chrono::seconds(1000)};
  ServerLocator locator(settings.request, settings.options, sources, random);
  LocationRun run{{}, {}, {}, {FailureReason::kInternal, {}}, {}};
  std::vector<dns::Question> open = locator.Start(now);
  run.asked = open;
  run.glimpses.push_back(Look(locator, run.asked.size(), 0));
  for (std::size_t answered = 1; !open.empty(); ++answered) {
    const auto next = open.begin() + static_cast<std::ptrdiff_t>(UniformUpTo(order, open.size() - 1));
    const dns::Question question = std::move(*next);
    open.erase(next);
    now += std::chrono::milliseconds(1);
    const auto more = locator.OnAnswer(question, answer(question), AnswerOrigin::kServer, now);
    open.insert(open.end(), more.begin(), more.end());
    run.asked.insert(run.asked.end(), more.begin(), more.end());
    run.glimpses.push_back(Look(locator, run.asked.size(), answered));
  }
  run.trace = locator.trace();
  run.failure = locator.failure();
  run.valid_until = locator.valid_until();
  return run;
}

std::vector<std::string> Names(const std::vector<LocatedTarget>& targets) {
  std::vector<std::string> names;
  names.reserve(targets.size());
  for (const LocatedTarget& located : targets) names.push_back(located.target.ToString());
  return names;
}

}  // namespace flowbroker::location
