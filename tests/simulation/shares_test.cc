// The shares of SRV records through the whole engine (S5, S7): pool, probes, races and memory all have a say in which
// record serves a request, and over a long time none of them may change what RFC 2782 promises.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <vector>

#include "tests/simulation/scripted_shard.h"

namespace flowbroker::simulation {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::size_t kRecords = 4;
constexpr std::array<int, kRecords> kWeights = {100, 300, 200, 400};
#ifdef FLOWBROKER_SANITIZED
constexpr int kMany = 10'000;
#else
constexpr int kMany = 100'000;
#endif

using Counts = std::array<int, kRecords>;

Target TargetOf(std::size_t record, AddressFamily family) {
  const std::string number = std::to_string(record + 1);
  const std::string text = family == AddressFamily::kIpv4 ? "192.0." + number + ".1" : "2001:db8:" + number + "::1";
  return {{*IpAddress::Parse(text), 5060}, Transport::kTcp};
}

int Sum(const Counts& counts) {
  int sum = 0;
  for (const int count : counts) sum += count;
  return sum;
}

/// The measure: within 1 % of the promised share. A record of `without` has none.
void ExpectShares(const Counts& got, std::optional<std::size_t> without = std::nullopt) {
  Counts weights = kWeights;
  if (without) weights[*without] = 0;
  for (std::size_t i = 0; i < kRecords; ++i) {
    const double promised = 1.0 * Sum(got) * weights[i] / Sum(weights);
    EXPECT_NEAR(got[i], promised, promised / 100) << "record " << i;
  }
}

/// A domain with four SRV records, each a dual-stack host, under one request every 10 ms.
class Domain {
 public:
  explicit Domain(bool exclusive) : exclusive_(exclusive) {
    std::vector<dns::SrvRecord> records;
    for (std::size_t i = 0; i < kRecords; ++i) {
      const std::string host = "host" + std::to_string(i) + ".example.org";
      std::vector<std::string> addresses;
      for (const AddressFamily family : {AddressFamily::kIpv4, AddressFamily::kIpv6})
        addresses.push_back(TargetOf(i, family).endpoint.address.ToString());
      shard_.Host(host, addresses);
      records.push_back({10, static_cast<std::uint16_t>(kWeights[i]), 5060, *dns::DnsName::Parse(host)});
      Script(i, {});
    }
    shard_.Srv("_sip._tcp.example.org", records);
  }

  ScriptedShard& shard() { return shard_; }

  void Script(std::size_t record, TargetScript script) {
    for (const AddressFamily family : {AddressFamily::kIpv4, AddressFamily::kIpv6})
      shard_.Script(TargetOf(record, family), script);
    down_[record] = script.kind != TargetScript::Kind::kAnswers;
    scripts_[record] = script;
  }

  /// The record that serves one request; nothing where its flow turned out to be dead, which the caller then reports.
  std::optional<std::size_t> ServeOne() {
    engine::AcquireRequest request = ScriptedShard::RequestFor("sip:example.org;transport=tcp");
    request.exclusive = exclusive_;
    request.want_trace = false;
    request.deadline = shard_.now() + seconds(32);
    const TimePoint asked = shard_.now();
    const auto result = shard_.Acquire(request);
    while (!result->has_value()) shard_.RunFor(milliseconds(1));
    if (shard_.now() - asked > milliseconds(50)) ++delayed_;
    EXPECT_TRUE((*result)->flow) << (*result)->flow.error().ToString();
    if (!(*result)->flow) return std::nullopt;
    const engine::AcquiredFlow& flow = *(*result)->flow;
    const auto record = static_cast<std::size_t>(
        flow.remote.endpoint.address.octets()[flow.remote.family() == AddressFamily::kIpv4 ? 2 : 5] - 1);
    using Outcome = engine::TransactionReport::Outcome;
    shard_.core().flows().Report({.flow = flow.id,
                                  .outcome = down_[record] ? Outcome::kTimedOut : Outcome::kAnswered,
                                  .rtt = down_[record] ? std::nullopt : std::optional(scripts_[record].rtt),
                                  .retry_after = std::nullopt},
                                 {}, shard_.now());
    if (exclusive_) shard_.core().flows().Release(flow.id, {}, shard_.now());
    shard_.RunFor(milliseconds(10));
    return down_[record] ? std::nullopt : std::optional(record);
  }

  Counts Serve(int requests) {
    Counts got{};
    for (int i = 0; i < requests; ++i) {
      if (const auto record = ServeOne()) ++got[*record];
    }
    return got;
  }

  /// Requests so far that waited for more than two round trips.
  int delayed() const { return delayed_; }

  bool HasFlowTo(std::size_t record) {
    return std::ranges::any_of(shard_.core().flows().pool().Ids(), [&](const flow::FlowId& id) {
      const Target remote = shard_.core().flows().View(id, {}, shard_.now())->remote;
      return remote == TargetOf(record, remote.family());
    });
  }

 private:
  const bool exclusive_;
  ScriptedShard shard_;
  int delayed_ = 0;
  std::array<bool, kRecords> down_{};
  std::array<TargetScript, kRecords> scripts_{};
};

/// With flows that everybody shares, and with one per request.
class SharesTest : public ::testing::TestWithParam<bool> {
 protected:
  Domain domain_{GetParam()};
};
INSTANTIATE_TEST_SUITE_P(Flows, SharesTest, ::testing::Bool(),
                         [](const auto& exclusive) { return exclusive.param ? "Exclusive" : "Pooled"; });

TEST_P(SharesTest, EveryRecordGetsItsShare_S5) {
  ExpectShares(domain_.Serve(kMany));
  for (std::size_t i = 0; i < kRecords && !GetParam(); ++i) EXPECT_TRUE(domain_.HasFlowTo(i)) << "record " << i;
}

TEST_P(SharesTest, SlowRecordGetsItsShareToo_S5) {
  domain_.Script(3, {.rtt = milliseconds(300)});
  ExpectShares(domain_.Serve(kMany));
}

TEST_P(SharesTest, RecordThatTakesSecondsGetsNothingButAttempts_S7) {
  domain_.Serve(100);
  domain_.Script(3, {.rtt = seconds(5)});
  const Counts got = domain_.Serve(kMany / 10);
  EXPECT_LT(got[3], kMany / 10 / 50);
}

TEST_P(SharesTest, SilentRecordDelaysAFewRequestsOnly_S3) {
  domain_.Serve(1000);
  const int before = domain_.delayed();
  domain_.Script(3, {.kind = TargetScript::Kind::kSilent});
  domain_.Serve(10'000);
  EXPECT_LE(domain_.delayed() - before, 6) << "a head start or two for each of its addresses";
}

TEST_P(SharesTest, RecordThatIsQuickAgainGetsItsShareAgain_S7) {
  domain_.Serve(100);
  domain_.Script(3, {.rtt = seconds(5)});
  EXPECT_LT(domain_.Serve(kMany / 10)[3], kMany / 10 / 50);
  domain_.Script(3, {});
  const TimePoint repaired = domain_.shard().now();
  while (domain_.shard().now() < repaired + seconds(300)) domain_.Serve(10);  // one second of 50 is a trial
  ExpectShares(domain_.Serve(kMany / 10));
}

class OutageTest : public ::testing::TestWithParam<std::tuple<bool, std::size_t, TargetScript::Kind>> {};
INSTANTIATE_TEST_SUITE_P(OfOneRecord, OutageTest,
                         ::testing::Combine(::testing::Values(false), ::testing::Values(0U, 3U),
                                            ::testing::Values(TargetScript::Kind::kSilent,
                                                              TargetScript::Kind::kRefuses)));
INSTANTIATE_TEST_SUITE_P(OfOneRecordWithExclusiveFlows, OutageTest,
                         ::testing::Combine(::testing::Values(true), ::testing::Values(3U),
                                            ::testing::Values(TargetScript::Kind::kSilent,
                                                              TargetScript::Kind::kRefuses)));

TEST_P(OutageTest, LeavesTheSharesOfTheOthersRightAndIsNotRepaidInABurst_S5) {
  const auto [exclusive, down, kind] = GetParam();
  Domain domain(exclusive);
  ExpectShares(domain.Serve(kMany / 3));

  domain.Script(down, {.kind = kind});
  ExpectShares(domain.Serve(kMany / 3), down);

  domain.Script(down, {});
  const TimePoint repaired = domain.shard().now();
  while (domain.ServeOne() != down) {
    ASSERT_LT(domain.shard().now(), repaired + seconds(70)) << "later than the longest interval of re-probes";
  }
  Counts after{};
  for (int window = 0; window < kMany / 3 / 100; ++window) {
    const Counts got = domain.Serve(100);
    EXPECT_NEAR(got[down], kWeights[down] / 10, 2) << "in the window after request " << window * 100;
    for (std::size_t i = 0; i < kRecords; ++i) after[i] += got[i];
  }
  ExpectShares(after);
}

}  // namespace
}  // namespace flowbroker::simulation
