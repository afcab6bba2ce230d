#include "broker/location/srv_selection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/support/seeded_random.h"

namespace flowbroker::location {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

dns::SrvRecord Srv(std::uint16_t priority, std::uint16_t weight, const std::string& target) {
  return {priority, weight, 5060, *dns::DnsName::Parse(target)};
}

// Draws the numbers it was given: UniformUpTo(bound) is the number as long as it does not exceed the bound.
class ScriptedRandom final : public RandomSource {
 public:
  explicit ScriptedRandom(std::vector<std::uint64_t> draws) : draws_(std::move(draws)) {}
  std::uint64_t NextBits() override { return draws_.at(next_++); }
  std::size_t drawn() const { return next_; }

 private:
  std::vector<std::uint64_t> draws_;
  std::size_t next_ = 0;
};

std::vector<std::string> Targets(const std::vector<dns::SrvRecord>& records) {
  std::vector<std::string> targets;
  targets.reserve(records.size());
  for (const dns::SrvRecord& record : records) targets.push_back(record.target.ToString());
  return targets;
}

TEST(SrvSelectionTest, TakesPrioritiesInAscendingOrder) {
  testing::SmallestRandom random;
  const auto ordered =
      OrderSrvRecords({Srv(20, 5, "c"), Srv(0, 0, "a"), Srv(10, 1, "b"), Srv(65535, 0, "d")}, 9, random);
  EXPECT_THAT(Targets(ordered), ElementsAre("a", "b", "c", "d"));
}

// Running sums of a 1, b 2, c 4 are 1, 3, 7: 0 and 1 draw a, 2 and 3 draw b, 4 to 7 draw c.
TEST(SrvSelectionTest, DrawsTheFirstWhoseRunningSumReachesTheNumber) {
  const std::vector<std::string> first_by_draw{"a", "a", "b", "b", "c", "c", "c", "c"};
  for (std::uint64_t draw = 0; draw < first_by_draw.size(); ++draw) {
    ScriptedRandom random({draw, 0, 0});
    const auto ordered = OrderSrvRecords({Srv(1, 1, "a"), Srv(1, 2, "b"), Srv(1, 4, "c")}, 9, random);
    EXPECT_EQ(ordered.at(0).target.ToString(), first_by_draw[draw]) << draw;
  }
}

TEST(SrvSelectionTest, DrawsAgainAmongThoseLeft) {
  ScriptedRandom random({5, 3, 0});  // c of a1 b2 c4; then b of a1 b2 (sum 3)
  const auto ordered = OrderSrvRecords({Srv(1, 1, "a"), Srv(1, 2, "b"), Srv(1, 4, "c")}, 9, random);
  EXPECT_THAT(Targets(ordered), ElementsAre("c", "b", "a"));
}

TEST(SrvSelectionTest, WeightZeroStandsFirstAndIsDrawnByZeroOnly) {
  const std::vector<dns::SrvRecord> records{Srv(1, 3, "heavy"), Srv(1, 0, "light")};
  for (std::uint64_t draw = 0; draw <= 3; ++draw) {
    ScriptedRandom random({draw, 0});
    EXPECT_EQ(OrderSrvRecords(records, 9, random).at(0).target.ToString(), draw == 0 ? "light" : "heavy") << draw;
  }
}

TEST(SrvSelectionTest, OnlyWeightsOfZeroKeepTheOrderOfTheAnswer) {
  testing::SeededRandom random(1);
  const auto ordered = OrderSrvRecords({Srv(1, 0, "c"), Srv(1, 0, "a"), Srv(1, 0, "b")}, 9, random);
  EXPECT_THAT(Targets(ordered), ElementsAre("c", "a", "b"));
}

TEST(SrvSelectionTest, LargestWeightsDoNotOverflow) {
  testing::SeededRandom random(1);
  const std::vector<dns::SrvRecord> records(2000, Srv(1, 65535, "a"));
  EXPECT_EQ(OrderSrvRecords(records, 2000, random).size(), 2000U);
}

TEST(SrvSelectionTest, DrawsNoMoreThanTheLimit) {
  ScriptedRandom random({0, 0});
  const auto ordered = OrderSrvRecords({Srv(1, 1, "a"), Srv(1, 1, "b"), Srv(1, 1, "c")}, 2, random);
  EXPECT_THAT(Targets(ordered), ElementsAre("a", "b"));
  EXPECT_EQ(random.drawn(), 2U);
  EXPECT_THAT(OrderSrvRecords({}, 2, random), IsEmpty());
}

// RFC 2782: with weights 1, 2 and 7 the first record is drawn with 2/11, 2/11 and 7/11: the number is one of 0 to 10.
TEST(SrvSelectionTest, SharesFollowTheWeights) {
  testing::SeededRandom random(7);
  int first_a = 0;
  int first_b = 0;
  int first_c = 0;
  for (int i = 0; i < 110'000; ++i) {
    const auto ordered = OrderSrvRecords({Srv(1, 1, "a"), Srv(1, 2, "b"), Srv(1, 7, "c")}, 3, random);
    const std::string first = ordered[0].target.ToString();
    first_a += first == "a" ? 1 : 0;
    first_b += first == "b" ? 1 : 0;
    first_c += first == "c" ? 1 : 0;
  }
  EXPECT_NEAR(first_a, 20'000, 600);
  EXPECT_NEAR(first_b, 20'000, 600);
  EXPECT_NEAR(first_c, 70'000, 600);
}

TEST(SrvSelectionTest, RootTargetDeclaresTheServiceUnavailable) {
  EXPECT_TRUE(IsDeclaredUnavailable({Srv(0, 0, "")}));
  EXPECT_FALSE(IsDeclaredUnavailable({Srv(0, 0, ""), Srv(1, 0, "a")}));
  EXPECT_FALSE(IsDeclaredUnavailable({}));
}

}  // namespace
}  // namespace flowbroker::location
