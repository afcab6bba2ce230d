#include "tests/property/racing/scenario.h"

#include <algorithm>
#include <ostream>

namespace flowbroker::racing {
namespace {

using std::chrono::milliseconds;

rc::Gen<Duration> TimeOf(std::vector<int> choices) {
  return rc::gen::map(rc::gen::elementOf(std::move(choices)), [](int ms) { return Duration(milliseconds(ms)); });
}

rc::Gen<StageScript> AnyStage() {
  return rc::gen::exec([] {
    using Ending = StageScript::Ending;
    const auto ending = *rc::gen::element(Ending::kCompletes, Ending::kCompletes, Ending::kFails, Ending::kSilent);
    return StageScript{ending, *TimeOf({0, 1, 10, 20, 40, 60, 160, 200, 210, 250, 400, 600, 9'990, 10'000, 15'000})};
  });
}

rc::Gen<std::optional<StageExpectation>> AnyExpectation() {
  return rc::gen::exec([]() -> std::optional<StageExpectation> {
    if (*rc::gen::element(false, true)) return std::nullopt;
    history::RttEstimate estimate;
    const auto samples = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 700));
    for (const int ms : samples) estimate.AddSample(milliseconds(ms));
    return StageExpectation{estimate, *rc::gen::arbitrary<bool>(), *rc::gen::arbitrary<bool>()};
  });
}

rc::Gen<ScriptedTarget> AnyTarget(std::uint8_t number, std::size_t group) {
  return rc::gen::exec([=] {
    const Transport transport = *rc::gen::element(Transport::kTcp, Transport::kTls, Transport::kTls, Transport::kUdp);
    const IpAddress address =
        *rc::gen::arbitrary<bool>()
            ? IpAddress::FromIpv4({192, 0, 2, number})
            : IpAddress::FromIpv6({0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, number});
    return ScriptedTarget{.candidate = {{{address, 5060}, transport}, group},
                          .known_at = *TimeOf({0, 0, 0, 0, 20, 50, 60, 250, 1'000}),
                          .first = *AnyStage(),
                          .tls = *AnyStage(),
                          .expectation = *AnyExpectation()};
  });
}

std::vector<ScriptedTarget> AnyTargets() {
  std::vector<ScriptedTarget> targets;
  const int count = *rc::gen::resize(rc::kNominalSize, rc::gen::inRange(0, 9));
  std::size_t group = 0;
  for (int i = 0; i < count; ++i) {
    targets.push_back(*AnyTarget(static_cast<std::uint8_t>(i + 1), group));
    if (*rc::gen::element(false, false, false, true)) ++group;
  }
  return targets;
}

std::vector<Duration> AnyFlips() {
  auto flips = *rc::gen::resize(4, rc::gen::container<std::vector<Duration>>(TimeOf({0, 5, 100, 200, 230, 700})));
  std::ranges::sort(flips);
  if (flips.size() % 2 == 1) flips.push_back(flips.back() + milliseconds(50));
  return flips;
}

RaceOptions AnyOptions() {
  RaceOptions options;
  options.parallel = *rc::gen::element(true, true, true, true, false);
  options.max_parallel = *rc::gen::elementOf(std::vector<std::size_t>{1, 2, 3, 6});
  return options;
}

std::ostream& operator<<(std::ostream& out, const StageScript& stage) {
  switch (stage.ending) {
    case StageScript::Ending::kCompletes:
      return out << "completes after " << ToMilliseconds(stage.after);
    case StageScript::Ending::kFails:
      return out << "fails after " << ToMilliseconds(stage.after);
    case StageScript::Ending::kSilent:
      return out << "silent";
  }
  __builtin_unreachable();
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const Scenario& s) {
  out << (s.options.parallel ? "parallel, at most " : "one after another, at most ") << s.options.max_parallel
      << "; better may come until " << ToMilliseconds(s.better_may_come_until) << "; timer late by "
      << ToMilliseconds(s.timer_lateness) << "; network looked at every " << ToMilliseconds(s.loop_period) << "\n";
  for (const ScriptedTarget& t : s.targets) {
    out << "  group " << t.candidate.group << " " << t.candidate.target.ToString() << " known at "
        << ToMilliseconds(t.known_at) << ": " << t.first << "; TLS " << t.tls;
    if (t.expectation) {
      out << "; expected " << ToMilliseconds(t.expectation->estimate.smoothed()) << "+-"
          << ToMilliseconds(t.expectation->estimate.variation());
    }
    out << "\n";
  }
  for (const Duration flip : s.capacity_flips) out << "  capacity flips at " << ToMilliseconds(flip) << "\n";
  if (s.abandoned_at) out << "  abandoned at " << ToMilliseconds(*s.abandoned_at) << "\n";
  return out;
}

rc::Gen<Scenario> AnyScenario() {
  return rc::gen::exec([] {
    Scenario scenario{.options = AnyOptions(),
                      .targets = AnyTargets(),
                      .better_may_come_until = *TimeOf({0, 0, 20, 60, 1'000}),
                      .capacity_flips = AnyFlips(),
                      .abandoned_at = std::nullopt,
                      .timer_lateness = *TimeOf({0, 0, 3}),
                      .loop_period = *TimeOf({0, 50, 300})};
    if (*rc::gen::element(false, false, false, false, false, true))
      scenario.abandoned_at = *TimeOf({0, 20, 200, 450, 5'000});
    return scenario;
  });
}

const ScriptedTarget* Find(const Scenario& scenario, const Target& target) {
  for (const ScriptedTarget& scripted : scenario.targets) {
    if (scripted.candidate.target == target) return &scripted;
  }
  return nullptr;
}

}  // namespace flowbroker::racing
