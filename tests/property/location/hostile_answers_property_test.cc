// Answers that no honest zone would give: wrong kinds of records, rings, thousands of records, unasked answers. They
// must neither crash the locator nor keep it busy.

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <string>

#include "tests/property/location/any_zone.h"
#include "tests/property/location/location_run.h"
#include "tests/support/fake_source_addresses.h"
#include "tests/support/seeded_random.h"

namespace flowbroker::location {
namespace {

// Makes answers of whatever stands in few names, so that they refer to each other.
class HostileServer {
 public:
  explicit HostileServer(std::uint64_t seed) : random_(seed) {}

  dns::RecordSet Answer() {
    dns::RecordSet answer{static_cast<dns::AnswerStatus>(Below(6)), Duration(static_cast<Duration::rep>(Ttl()))};
    const std::size_t size = Below(40) == 0 ? 1500 : Below(6);  // no more fit into a DNS message
    for (std::size_t i = 0; i < size; ++i) {
      answer.naptr.push_back(Naptr());
      answer.srv.push_back({Number(), Number(), Number(), Name()});
      answer.addresses.push_back(Address());
    }
    return answer;
  }

  dns::Question Question() {
    constexpr dns::RecordType kTypes[] = {dns::RecordType::kA, dns::RecordType::kAaaa, dns::RecordType::kSrv,
                                          dns::RecordType::kNaptr};
    return {Name(), kTypes[Below(4)]};
  }

 private:
  std::size_t Below(std::size_t bound) { return UniformUpTo(random_, bound - 1); }
  std::uint16_t Number() { return static_cast<std::uint16_t>(Below(3) == 0 ? Below(65536) : Below(3)); }

  std::int64_t Ttl() {
    constexpr std::int64_t kTtls[] = {0, 1'000'000'000, INT64_MAX, -1, INT64_MIN, 300'000'000'000};
    return kTtls[Below(std::size(kTtls))];
  }

  dns::DnsName Name() {
    constexpr const char* kNames[] = {"d", "", "a.d", "b.d", "_sip._tcp.d", "_sips._tcp.d", "localhost"};
    if (Below(8) == 0) return testing::FakeDnsZone::Name("x" + std::to_string(Below(2000)));
    return testing::FakeDnsZone::Name(kNames[Below(std::size(kNames))]);
  }

  IpAddress Address() {
    constexpr const char* kAddresses[] = {"0.0.0.0", "::", "ff02::1", "::ffff:1.2.3.4", "127.0.0.1", "::1", "fe80::1"};
    if (Below(2) == 0) return *IpAddress::Parse(kAddresses[Below(std::size(kAddresses))]);
    const auto octet = [&] { return static_cast<std::uint8_t>(Below(256)); };
    if (Below(2) == 0) return IpAddress::FromIpv4({octet(), octet(), octet(), octet()});
    return IpAddress::FromIpv6({0x20, 1, 0xd, 0xb8, octet(), octet(), octet(), octet(), octet(), octet()});
  }

  dns::NaptrRecord Naptr() {
    constexpr const char* kFlags[] = {"s", "a", "", "u", "p", "sa", "\xff"};
    constexpr const char* kServices[] = {"sip+d2t", "sips+d2t", "sip+d2u", "", "SIP+D2T", "e2u+sip", "\xff\x01"};
    constexpr const char* kRegexps[] = {"", "", "", "!.*!a.d!", "!(((.*)*)*)*!\\1!", "!", "\xff\xff\xff", "!!!"};
    return {Number(),
            Number(),
            kFlags[Below(std::size(kFlags))],
            kServices[Below(std::size(kServices))],
            kRegexps[Below(std::size(kRegexps))],
            Name()};
  }

  testing::SeededRandom random_;
};

RC_GTEST_PROP(HostileAnswers, NeitherCrashNorKeepBusy, ()) {
  HostileServer server(*rc::gen::arbitrary<std::uint64_t>());
  const RunSettings settings{*AnyRequest(), {}, *rc::gen::arbitrary<std::uint64_t>()};
  const LocationRun run = RunLocation(settings, [&](const dns::Question&) { return server.Answer(); });
  RC_ASSERT(run.glimpses.back().done);
  RC_ASSERT(run.asked.size() <= settings.options.max_questions);
  RC_ASSERT(run.glimpses.back().targets.size() <= std::size_t{64} * 2 * settings.options.max_addresses_per_host);
  std::size_t trace_size = 0;
  for (const TraceStep& step : run.trace) trace_size += step.subject.size() + step.reason.size();
  RC_ASSERT(run.trace.size() <= 4 * settings.options.max_questions + 16);
  RC_ASSERT(trace_size <= 256U * 1024U);
}

RC_GTEST_PROP(HostileAnswers, ThatNobodyAskedForChangeNothing, ()) {
  HostileServer server(*rc::gen::arbitrary<std::uint64_t>());
  const testing::FakeSourceAddresses sources;
  testing::SmallestRandom random;
  const TimePoint now{std::chrono::seconds(1)};
  ServerLocator locator(*AnyRequest(), {}, sources, random);
  const auto asked = locator.Start(now);
  const std::size_t steps = locator.trace().size();
  const std::size_t targets = locator.targets().size();
  for (int i = 0; i < 5; ++i) {
    const dns::Question question = server.Question();
    if (std::find(asked.begin(), asked.end(), question) != asked.end()) continue;
    RC_ASSERT(locator.OnAnswer(question, server.Answer(), AnswerOrigin::kServer, now).empty());
  }
  RC_ASSERT(locator.trace().size() == steps);
  RC_ASSERT(locator.targets().size() == targets);
}

}  // namespace
}  // namespace flowbroker::location
