#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "broker/location/srv_selection.h"
#include "tests/support/seeded_random.h"

namespace flowbroker::location {
namespace {

dns::SrvRecord Record(int priority, int weight, std::size_t number) {
  return {static_cast<std::uint16_t>(priority), static_cast<std::uint16_t>(weight), 5060,
          *dns::DnsName::Parse("h" + std::to_string(number))};
}

std::vector<dns::SrvRecord> AnyRecords() {
  std::vector<dns::SrvRecord> records;
  const auto count = *rc::gen::inRange<std::size_t>(0, 12);
  for (std::size_t i = 0; i < count; ++i) {
    const int weight = *rc::gen::element(0, 0, 1, 5, 100, 65535);
    records.push_back(Record(*rc::gen::inRange(0, 4), weight, i));
  }
  return records;
}

RC_GTEST_PROP(SrvSelectionProperty, IsAPermutationInOrderOfPriority, ()) {
  const std::vector<dns::SrvRecord> records = AnyRecords();
  testing::SeededRandom random(*rc::gen::arbitrary<std::uint64_t>());
  const auto ordered = OrderSrvRecords(records, 100, random);
  RC_ASSERT(std::is_permutation(ordered.begin(), ordered.end(), records.begin(), records.end()));
  RC_ASSERT(std::is_sorted(ordered.begin(), ordered.end(),
                           [](const auto& a, const auto& b) { return a.priority < b.priority; }));
}

RC_GTEST_PROP(SrvSelectionProperty, ALimitCutsTheSameOrderShort, ()) {
  const std::vector<dns::SrvRecord> records = AnyRecords();
  const auto seed = *rc::gen::arbitrary<std::uint64_t>();
  const auto limit = *rc::gen::inRange<std::size_t>(0, 14);
  testing::SeededRandom random(seed);
  testing::SeededRandom same_random(seed);
  auto whole = OrderSrvRecords(records, 100, random);
  whole.resize(std::min(limit, whole.size()), Record(0, 0, 0));
  RC_ASSERT(OrderSrvRecords(records, limit, same_random) == whole);
}

// Probability that each record of one priority is drawn first: of the numbers 0 to the sum of weights, those that are
// above the running sum before the record and not above the one with it (RFC 2782). Zero falls to the first record of
// weight zero, or to the first of all.
std::vector<double> ExpectedShares(const std::vector<dns::SrvRecord>& records) {
  double sum = 0;
  for (const dns::SrvRecord& record : records) sum += record.weight;
  std::vector<double> shares;
  shares.reserve(records.size());
  for (const dns::SrvRecord& record : records) shares.push_back(record.weight / (sum + 1));
  const auto zero = std::find_if(records.begin(), records.end(), [](const auto& r) { return r.weight == 0; });
  const auto first = zero == records.end() ? records.begin() : zero;
  shares[static_cast<std::size_t>(first - records.begin())] += 1 / (sum + 1);
  return shares;
}

// Chi-square of 20,000 draws against the expected shares. With at most 5 degrees of freedom it exceeds 35 once in
// 650,000 trials, and the seeds are fixed.
TEST(SrvSelectionShares, ConvergeToThoseOfRfc2782) {
  constexpr int kDraws = 20'000;
  testing::SeededRandom random(42);
  for (int trial = 0; trial < 40; ++trial) {
    std::vector<dns::SrvRecord> records;
    const auto count = 2 + UniformUpTo(random, 4);
    records.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      records.push_back(Record(1, static_cast<int>(UniformUpTo(random, trial % 2 == 0 ? 4 : 200)), i));
    }
    std::map<std::string, int> drawn;
    for (int i = 0; i < kDraws; ++i) ++drawn[OrderSrvRecords(records, 1, random).at(0).target.ToString()];
    const std::vector<double> shares = ExpectedShares(records);
    double chi_square = 0;
    for (std::size_t i = 0; i < records.size(); ++i) {
      const double expected = shares[i] * kDraws;
      const double difference = drawn[records[i].target.ToString()] - expected;
      if (expected > 0) chi_square += difference * difference / expected;
      EXPECT_TRUE(expected > 0 || difference == 0) << "weight zero behind another of weight zero";
    }
    EXPECT_LT(chi_square, 35) << "trial " << trial;
  }
}

}  // namespace
}  // namespace flowbroker::location
