// What a location promises for every zone, request and order of answers (D1-D3).

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "broker/location/address_scope.h"
#include "tests/property/location/any_zone.h"
#include "tests/property/location/location_run.h"

namespace flowbroker::location {
namespace {

LocatorOptions Unlimited() {
  LocatorOptions options;
  options.max_questions = 1000;
  options.max_hosts = 100;
  options.max_naptr_steps = 100;
  return options;
}

LocatorOptions AnyOptions() {
  LocatorOptions options;
  const auto up_to = [](std::size_t limit) {
    return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange<std::size_t>(0, limit + 1));
  };
  options.max_questions = up_to(20);
  options.max_hosts = up_to(5);
  options.max_naptr_steps = up_to(4);
  options.max_addresses_per_host = up_to(3);
  return options;
}

LocationRun AnyRun(LocatorOptions options) {
  const testing::FakeDnsZone zone = *AnyZone();
  const RunSettings settings{*AnyRequest(), std::move(options), *rc::gen::arbitrary<std::uint64_t>()};
  return RunLocation(settings, [&](const dns::Question& question) { return zone.Answer(question); });
}

RC_GTEST_PROP(ServerLocatorProperty, EndsExactlyWhenEveryQuestionIsAnswered, ()) {
  const LocationRun run = AnyRun(AnyOptions());
  for (const Glimpse& glimpse : run.glimpses) {
    RC_ASSERT(glimpse.done == (glimpse.asked == glimpse.answered));
    RC_ASSERT(!glimpse.done || !glimpse.better_may_come);
    RC_ASSERT(glimpse.done || !glimpse.targets.empty() || glimpse.better_may_come);
  }
}

RC_GTEST_PROP(ServerLocatorProperty, AsksNothingTwiceAndNoMoreThanAllowed, ()) {
  const LocatorOptions options = AnyOptions();
  const LocationRun run = AnyRun(options);
  const std::set<dns::Question> different(run.asked.begin(), run.asked.end());
  RC_ASSERT(different.size() == run.asked.size());
  RC_ASSERT(run.asked.size() <= options.max_questions);
  std::set<dns::DnsName> hosts;
  for (const dns::Question& question : run.asked) {
    const bool address = question.type == dns::RecordType::kA || question.type == dns::RecordType::kAaaa;
    if (address) hosts.insert(question.name);
  }
  RC_ASSERT(hosts.size() <= options.max_hosts);
}

RC_GTEST_PROP(ServerLocatorProperty, TargetsAreUsableAndStandOnce, ()) {
  const testing::FakeDnsZone zone = *AnyZone();
  const RunSettings settings{*AnyRequest(), AnyOptions(), *rc::gen::arbitrary<std::uint64_t>()};
  const LocationRun run = RunLocation(settings, [&](const dns::Question& q) { return zone.Answer(q); });
  const bool secure = std::get<sip::SipUri>(settings.request.destination).secure;
  std::set<Target> seen;
  for (const LocatedTarget& located : run.glimpses.back().targets) {
    RC_ASSERT(seen.insert(located.target).second);
    RC_ASSERT(located.target.endpoint.port != 0);
    RC_ASSERT(IsUsableDestination(located.target.endpoint.address));
    RC_ASSERT(settings.request.allowed_transports.Contains(located.target.transport));
    RC_ASSERT(!secure || located.target.transport == Transport::kTls);
    const bool ipv4 = located.target.family() == AddressFamily::kIpv4;
    RC_ASSERT((ipv4 ? settings.request.allow_ipv4 : settings.request.allow_ipv6));
  }
}

// The way a target was found, without the rule that placed it within its host.
std::string WayOf(const LocatedTarget& located) {
  const std::string reason = located.reason.substr(0, located.reason.find(", RFC 6724"));
  return located.host + "|" + located.srv_owner.value_or("") + "|" + reason;
}

RC_GTEST_PROP(ServerLocatorProperty, HostsNeverChangePlaces, ()) {
  const LocationRun run = AnyRun(Unlimited());
  const auto place_in = [](const Glimpse& glimpse, const LocatedTarget& wanted) {
    return std::find_if(glimpse.targets.begin(), glimpse.targets.end(), [&](const LocatedTarget& located) {
      return located.target == wanted.target && WayOf(located) == WayOf(wanted);
    });
  };
  for (std::size_t i = 1; i < run.glimpses.size(); ++i) {
    const auto& before = run.glimpses[i - 1].targets;
    for (std::size_t a = 0; a < before.size(); ++a) {
      for (std::size_t b = a + 1; b < before.size(); ++b) {
        if (before[a].host_rank == before[b].host_rank) continue;
        const auto now_a = place_in(run.glimpses[i], before[a]);
        const auto now_b = place_in(run.glimpses[i], before[b]);
        const auto end = run.glimpses[i].targets.end();
        if (now_a != end && now_b != end) RC_ASSERT(now_a < now_b);
      }
    }
  }
}

RC_GTEST_PROP(ServerLocatorProperty, NoTargetIsEverTakenBack, ()) {
  const LocationRun run = AnyRun(AnyOptions());
  std::set<Target> known;
  for (const Glimpse& glimpse : run.glimpses) {
    std::set<Target> now;
    for (const LocatedTarget& located : glimpse.targets) now.insert(located.target);
    RC_ASSERT(std::includes(now.begin(), now.end(), known.begin(), known.end()));
    known = std::move(now);
  }
}

RC_GTEST_PROP(ServerLocatorProperty, TheOrderOfAnswersDoesNotMatterInTheEnd, ()) {
  const testing::FakeDnsZone zone = *AnyZone();
  RunSettings settings{*AnyRequest(), Unlimited(), 1};
  const auto answer = [&](const dns::Question& question) { return zone.Answer(question); };
  const LocationRun one = RunLocation(settings, answer);
  settings.order_seed = *rc::gen::arbitrary<std::uint64_t>();
  const LocationRun other = RunLocation(settings, answer);
  RC_ASSERT(Names(one.glimpses.back().targets) == Names(other.glimpses.back().targets));
}

RC_GTEST_PROP(ServerLocatorProperty, NothingBetterComesOnceItSaidSo, ()) {
  const LocationRun run = AnyRun(AnyOptions());
  std::optional<Target> best;
  for (const Glimpse& glimpse : run.glimpses) {
    if (best) RC_ASSERT(glimpse.targets.at(0).target == *best);
    if (!glimpse.better_may_come && !glimpse.targets.empty()) best = glimpse.targets[0].target;
  }
}

RC_GTEST_PROP(ServerLocatorProperty, HostsOfOneSrvSetStandInOrderOfPriority, ()) {
  const LocationRun run = AnyRun(AnyOptions());
  std::map<std::string, std::uint16_t> priorities;
  std::size_t rank = 0;
  for (const LocatedTarget& located : run.glimpses.back().targets) {
    RC_ASSERT(located.host_rank >= rank);
    rank = located.host_rank;
    if (!located.srv_owner) continue;
    const std::string set = *located.srv_owner + located.reason.substr(0, located.reason.find("SRV"));
    auto& priority = priorities[set];
    RC_ASSERT(located.srv_priority >= priority);
    priority = located.srv_priority;
  }
}

RC_GTEST_PROP(ServerLocatorProperty, AlwaysTargetsOrAReason, ()) {
  const LocationRun run = AnyRun(AnyOptions());
  const bool failed = run.failure.reason != FailureReason::kInternal;
  RC_ASSERT(failed == run.glimpses.back().targets.empty());
  const TraceStep& last = run.trace.back();
  RC_ASSERT((failed ? last.failure == run.failure.reason : last.what == TraceWhat::kOrdering));
}

RC_GTEST_PROP(ServerLocatorProperty, TheTraceHasEveryQuestionOnce, ()) {
  const LocationRun run = AnyRun(AnyOptions());
  std::multiset<std::string> asked;
  for (const dns::Question& question : run.asked) asked.insert(question.ToString());
  std::multiset<std::string> traced;
  TimePoint start{};
  for (const TraceStep& step : run.trace) {
    RC_ASSERT(step.outcome != TraceOutcome::kPending);
    RC_ASSERT(step.start >= start);
    start = step.start;
    RC_ASSERT(step.end >= step.start);
    RC_ASSERT(step.failure.has_value() == (step.outcome == TraceOutcome::kFailed));
    if (step.what == TraceWhat::kDnsQuery) traced.insert(step.subject);
  }
  RC_ASSERT(traced == asked);
}

/// The zones must reach the corners, else the properties above prove little.
TEST(ServerLocatorPropertyCoverage, ZonesReachTheCorners) {
  std::map<std::string, int> reached;
  int cases = 0;
  EXPECT_TRUE(rc::check([&] {
    ++cases;
    const LocationRun run = AnyRun(Unlimited());
    ++reached[run.glimpses.back().targets.size() > 4 ? "many targets" : "few targets"];
    ++reached[std::string(ToString(run.failure.reason))];
    for (const TraceStep& step : run.trace) {
      for (const char* text : {"no usable NAPTR", "no SRV: A and AAAA", "declared not available", "timed out"}) {
        if (step.reason.find(text) != std::string::npos) ++reached[text];
      }
      if (step.subject.starts_with("NAPTR n")) ++reached["non-terminal"];
    }
  }));
  if (cases < 1000) GTEST_SKIP() << cases << " cases, as under a sanitizer, reach only some corners";
  for (const char* corner : {"many targets", "few targets", "no_records", "dns_timed_out", "no_such_name",
                             "invalid_argument", "no_local_address", "no usable NAPTR", "no SRV: A and AAAA",
                             "declared not available", "timed out", "non-terminal"}) {
    EXPECT_GT(reached[corner], 5) << corner;
  }
}

}  // namespace
}  // namespace flowbroker::location
