// What must hold of memory for any schedule of breakage and repair under traffic (design: racing).

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <tuple>

#include "broker/history/family_history.h"
#include "tests/property/history/traffic.h"

namespace flowbroker::history {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Duration kLongestReprobe = milliseconds(66'000);  // 60 s + 10 %

struct Memory {
  FamilyHistory families{HistoryOptions{}};
  ReachabilityHistory history{HistoryOptions{}, families};
};

bool IsHeld(const Verdict& verdict) {
  return verdict.reachability == Reachability::kUnreachable || verdict.reachability == Reachability::kSlow;
}

Duration LongestGap(const Schedule& schedule) {
  return std::ranges::max(schedule.hosts, {}, &Host::every).every;
}

// (a) A race no later than ten minutes after a mark, or after the last head start, gives the path its head start: of a
// mark on a target that target, of one above it some path below.
RC_GTEST_PROP(ReachabilityProperty, EveryMarkGivesAHeadStartWithinTenMinutes, ()) {  // H3
  const Schedule schedule = *AnySchedule();
  Memory memory;
  std::map<std::tuple<Level, std::string, TimePoint>, TimePoint> last;
  const auto mark_of = [](const Verdict& verdict, const Path& path) {
    const std::string target = path.target.ToString();
    const std::string prefix = target.substr(0, target.rfind("::"));
    return std::tuple(verdict.level,
                      verdict.level == Level::kTarget   ? target
                      : verdict.level == Level::kPrefix ? prefix
                                                        : std::string(),
                      verdict.since);
  };
  Traffic traffic(schedule, memory.history);
  traffic.Run([&](const RacedRequest& request) {
    for (std::size_t i = 0; i < request.judged.size(); ++i) {
      if (!IsHeld(request.before[i])) continue;
      const auto mark = mark_of(request.before[i], request.host.ipv6[i]);
      if (request.judged[i].head_start) {
        last[mark] = request.at;
      } else {
        const TimePoint before = last.contains(mark) ? last[mark] : request.before[i].since;
        RC_ASSERT(request.at - before < minutes(10));
      }
    }
  });
}

// The same as a caller sees it: the requests to a host begin with an IPv6 address again and again, whatever is broken.
// A mark above the target gives one head start for all below, so that a host's may come as much later as it takes until
// its targets have marks of their own.
RC_GTEST_PROP(ReachabilityProperty, AHostBeginsWithThePreferredFamilyEveryTenMinutes, ()) {  // H3
  Schedule schedule = *AnySchedule();
  schedule.hosts.resize(1, schedule.hosts.front());  // several that share a target would share its head starts
  Memory memory;
  std::optional<TimePoint> preferred;
  Traffic traffic(schedule, memory.history);
  traffic.Run([&](const RacedRequest& request) {
    if (!preferred || request.first.target.family() == AddressFamily::kIpv6) preferred = request.at;
    RC_ASSERT(request.at - *preferred <= minutes(10) + 3 * kLongestReprobe + LongestGap(schedule));
  });
}

// (b) Once everything works, requests begin with an IPv6 address after the next re-probe.
RC_GTEST_PROP(ReachabilityProperty, ARepairedPreferredPathIsUsedAfterTheNextReprobe, ()) {  // H3
  const Schedule schedule = *AnySchedule();
  Memory memory;
  TimePoint works_since{};
  Traffic traffic(schedule, memory.history);
  traffic.Run([&](const RacedRequest& request) {
    if (schedule.AnyTrouble(request.at)) works_since = request.at;
    if (request.first.target.family() == AddressFamily::kIpv6) return;
    const Duration attempt = schedule.rtt + milliseconds(600);  // and one that began before the repair
    RC_ASSERT(request.at - works_since <= kLongestReprobe + attempt + 2 * LongestGap(schedule));
  });
}

// (c) What is not confirmed fades to nothing.
RC_GTEST_PROP(ReachabilityProperty, NothingIsKnownALifetimeAfterTheLastEvidence, ()) {  // S6
  const Schedule schedule = *AnySchedule();
  Memory memory;
  Traffic traffic(schedule, memory.history);
  traffic.Run([](const RacedRequest&) {});
  const TimePoint later = schedule.end + HistoryOptions{}.lifetime;
  for (std::size_t prefix = 0; prefix < kPrefixes; ++prefix) {
    for (std::size_t n = 0; n < kAddresses; ++n) {
      const Path path = AddressIn(prefix, n);
      RC_ASSERT(memory.history.Judge(path, later).reachability == Reachability::kUnknown);
      RC_ASSERT(memory.history.NextReprobe(path, later) == kNever);
      RC_ASSERT(!memory.history.Expect(path, AttemptStage::kTcp, later));
      RC_ASSERT(memory.history.JudgeForRace(path, later).reachability == Reachability::kUnknown);
    }
  }
  for (const FamilyPreference& one : memory.history.Preferences(later)) {
    RC_ASSERT(one.preferred == one.key.prefix.family());
    RC_ASSERT(one.reachability == Reachability::kUnknown);
    RC_ASSERT(one.confidence > 0.49 && one.confidence < 0.51);
  }
}

// (d) Whatever is recorded, no more than the limits is kept.
RC_GTEST_PROP(ReachabilityProperty, KeepsNoMoreThanItsLimits, ()) {
  const HistoryOptions options{.max_targets = *rc::gen::inRange<std::size_t>(1, 20),
                               .max_prefixes = *rc::gen::inRange<std::size_t>(1, 10)};
  FamilyHistory families(options);
  ReachabilityHistory history(options, families);
  TimePoint now{};
  const int outcomes = *rc::gen::inRange(0, 300);
  testing::SeededRandom random(*rc::gen::arbitrary<std::uint64_t>());
  for (int i = 0; i < outcomes; ++i) {
    now += seconds(UniformUpTo(random, 100));
    const Path path = AddressIn(UniformUpTo(random, 30), UniformUpTo(random, 5));
    const auto reason =
        static_cast<FailureReason>(UniformUpTo(random, static_cast<unsigned>(FailureReason::kInternal)));
    const auto failure = UniformUpTo(random, 2) == 0 ? std::nullopt : std::optional(reason);
    switch (UniformUpTo(random, 5)) {
      case 0:
        history.RecordUnavailable(path, now + seconds(UniformUpTo(random, 10)), now);
        break;
      case 1:
        history.RecordRace(path, std::vector{AddressIn(UniformUpTo(random, 30), 0), path}, now);
        break;
      case 2:
        history.Forget(path.target.endpoint.address, static_cast<int>(UniformUpTo(random, 128)));
        break;
      default:
        history.Record({path, AttemptStage::kTcp, failure, milliseconds(5), std::nullopt}, now);
    }
    history.JudgeForRace(path, now);
    history.TakeReprobe(path, now, random);
    RC_ASSERT(history.target_count() <= options.max_targets);
    RC_ASSERT(history.prefix_count() <= options.max_prefixes);
    RC_ASSERT(history.TakeChanges(now).size() <= options.max_prefixes);
  }
  RC_ASSERT(history.Export().targets.size() == history.target_count());
  RC_ASSERT(history.Preferences(now).size() == history.prefix_count());
}

// (e) Where nothing is lost nothing is held.
RC_GTEST_PROP(ReachabilityProperty, HoldsNothingOnHealthyPaths, ()) {
  Schedule schedule = *AnySchedule();
  schedule.breakages.clear();
  Memory memory;
  Traffic traffic(schedule, memory.history);
  traffic.Run([](const RacedRequest& request) {
    RC_ASSERT(request.first == request.host.ipv6.front());
    for (const Verdict& verdict : request.judged) RC_ASSERT(!IsHeld(verdict));
  });
  RC_ASSERT(memory.history.TakeChanges(schedule.end).size() <= kPrefixes + schedule.hosts.size());
}

}  // namespace
}  // namespace flowbroker::history
