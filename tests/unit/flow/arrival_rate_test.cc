#include "broker/flow/arrival_rate.h"

#include <gtest/gtest.h>

#include <chrono>

#include "tests/support/seeded_random.h"

namespace flowbroker::flow {
namespace {

using std::chrono::milliseconds;
using Verdict = ArrivalRate::Verdict;

constexpr TimePoint kStart{std::chrono::hours(5000)};

IpAddress Address(std::uint32_t number) {
  const auto octet = [number](unsigned shift) { return static_cast<std::uint8_t>(number >> shift); };
  return IpAddress::FromIpv4({octet(24), octet(16), octet(8), octet(0)});
}

TEST(SourceCountsTest, NeverSayLessThanThereAreAndSeldomMore) {
  testing::SeededRandom random{3};
  SourceCounts counts(65'536, random);
  constexpr std::uint32_t kSources = 100'000;
  for (std::uint32_t i = 0; i < kSources; ++i) {
    for (std::uint32_t n = 0; n < i % 3; ++n) counts.Add(Address(i));
  }
  std::uint64_t excess = 0;
  for (std::uint32_t i = 0; i < kSources; ++i) {
    ASSERT_GE(counts.Of(Address(i)), i % 3);
    excess += counts.Of(Address(i)) - i % 3;
  }
  EXPECT_LT(excess, 2 * kSources);
  for (std::uint32_t i = 0; i < kSources; ++i) {
    for (std::uint32_t n = 0; n < i % 3; ++n) counts.Remove(Address(i));
  }
  for (std::uint32_t i = 0; i < kSources; ++i) ASSERT_EQ(counts.Of(Address(i)), 0U);
}

TEST(SourceCountsTest, AnIpv6SourceIsItsSlash64) {
  testing::SeededRandom random{3};
  SourceCounts counts(1'024, random);
  counts.Add(*IpAddress::Parse("2001:db8::1"));
  EXPECT_EQ(counts.Of(*IpAddress::Parse("2001:db8::2")), 1U);
  EXPECT_EQ(counts.Of(*IpAddress::Parse("2001:db8:0:1::1")), 0U);
}

class ArrivalRateTest : public ::testing::Test {
 protected:
  testing::SeededRandom random_{5};
  ArrivalRate rate_{{.per_second = 100, .per_second_and_source = 10}, random_};
};

TEST_F(ArrivalRateTest, OneSourceLeavesTheOthersTheirPart) {  // N3
  for (int i = 0; i < 10; ++i) EXPECT_EQ(rate_.Take(Address(1), kStart), Verdict::kTaken);
  for (int i = 0; i < 1'000; ++i) EXPECT_EQ(rate_.Take(Address(1), kStart), Verdict::kTooManyFromSource);
  for (std::uint32_t i = 2; i < 92; ++i) EXPECT_EQ(rate_.Take(Address(i), kStart), Verdict::kTaken);
  EXPECT_EQ(rate_.Take(Address(100), kStart), Verdict::kTooMany);
}

TEST_F(ArrivalRateTest, TheNextSecondIsANewOne) {
  for (int i = 0; i < 11; ++i) rate_.Take(Address(1), kStart);
  EXPECT_EQ(rate_.Take(Address(1), kStart + milliseconds(999)), Verdict::kTooManyFromSource);
  EXPECT_EQ(rate_.Take(Address(1), kStart + milliseconds(1000)), Verdict::kTaken);
}

}  // namespace
}  // namespace flowbroker::flow
