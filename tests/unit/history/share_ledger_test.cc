#include "broker/history/share_ledger.h"

#include <gtest/gtest.h>

#include <array>

#include "tests/support/seeded_random.h"

namespace flowbroker::history {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int kMany = 100'000;

ShareRecord Record(std::uint16_t priority, std::uint16_t weight, const std::string& host = "a.example.org") {
  return {priority, weight, host, 5060};
}

std::vector<ShareRecord> OfWeights(const std::vector<std::uint16_t>& weights) {
  std::vector<ShareRecord> records;
  for (const std::uint16_t weight : weights)
    records.push_back(Record(10, weight, "host" + std::to_string(records.size())));
  return records;
}

/// A ledger with the traffic that followed it.
class Traffic {
 public:
  explicit Traffic(std::vector<ShareRecord> records, std::uint64_t seed = 1)
      : random_(seed), ledger_(std::move(records), random_) {}

  ShareLedger& ledger() { return ledger_; }

  /// Requests served by whom the ledger names; returns what each record got of them.
  std::vector<int> Serve(int requests) {
    std::vector<int> got(ledger_.records().size());
    for (int i = 0; i < requests; ++i) {
      const std::size_t next = ledger_.Next();
      ledger_.Served(next);
      ++got[next];
    }
    return got;
  }

 private:
  testing::SeededRandom random_;
  ShareLedger ledger_;
};

/// The measure: within 1 % of the promised share.
void ExpectShares(const std::vector<int>& got, const std::vector<double>& weights) {
  double sum = 0;
  int requests = 0;
  for (const double weight : weights) sum += weight;
  for (const int count : got) requests += count;
  for (std::size_t i = 0; i < got.size(); ++i) {
    const double promised = requests * weights[i] / sum;
    EXPECT_NEAR(got[i], promised, promised / 100) << "record " << i;
  }
}

TEST(ShareLedgerTest, GivesEveryRecordItsShare_S5) {
  Traffic traffic(OfWeights({100, 300, 200, 400}));
  ExpectShares(traffic.Serve(kMany), {100, 300, 200, 400});
}

TEST(ShareLedgerTest, KeepsToTheSharesInShortRunsToo) {
  Traffic traffic(OfWeights({100, 300, 200, 400}));
  const std::vector<double> shares{0.1, 0.3, 0.2, 0.4};
  for (int run = 0; run < 1000; ++run) {
    const std::vector<int> got = traffic.Serve(20);
    for (std::size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], 20 * shares[i], 2) << "record " << i;
  }
}

class OneRecordDown : public ::testing::TestWithParam<std::size_t> {};

TEST_P(OneRecordDown, ForAThirdOfTheRunLeavesTheSharesRightAndIsNotRepaidInABurst_S5) {
  const std::size_t down = GetParam();
  const std::vector<double> weights{100, 300, 200, 400};
  Traffic traffic(OfWeights({100, 300, 200, 400}));
  ExpectShares(traffic.Serve(kMany / 3), weights);

  std::vector<bool> usable(4, true);
  usable[down] = false;
  traffic.ledger().SetUsable(usable);
  std::vector<double> of_the_rest = weights;
  of_the_rest[down] = 0;
  ExpectShares(traffic.Serve(kMany / 3), of_the_rest);

  traffic.ledger().SetUsable(std::vector<bool>(4, true));
  std::vector<int> after(4);
  for (int window = 0; window < kMany / 3 / 100; ++window) {
    const std::vector<int> got = traffic.Serve(100);
    EXPECT_NEAR(got[down], weights[down] / 10, 2) << "in the window after request " << window * 100;
    for (std::size_t i = 0; i < 4; ++i) after[i] += got[i];
  }
  ExpectShares(after, weights);
}
INSTANTIATE_TEST_SUITE_P(EachOfThem, OneRecordDown, ::testing::Values(0, 1, 2, 3));

TEST(ShareLedgerTest, FlappingRecordDoesNotDisturbTheSharesOfTheOthers) {
  Traffic traffic(OfWeights({100, 300, 200, 400}));
  testing::SeededRandom dice(7);
  std::vector<int> got(4);
  for (int i = 0; i < kMany; ++i) {
    traffic.ledger().SetUsable({true, true, true, UniformUpTo(dice, 2) > 0});
    const std::size_t next = traffic.ledger().Next();
    traffic.ledger().Served(next);
    ++got[next];
  }
  got.pop_back();
  ExpectShares(got, {100, 300, 200});
}

TEST(ShareLedgerTest, RecordThatFailsWheneverItIsTriedGathersNoClaim) {
  // Named, then found to be down without having served; tried again later. What it earns in between must not add up.
  Traffic traffic(OfWeights({500, 500}));
  for (int i = 0; i < 10'000; ++i) {
    traffic.ledger().SetUsable({true, true});
    while (traffic.ledger().Next() == 1) traffic.ledger().Served(1);
    traffic.ledger().SetUsable({false, true});
    traffic.Serve(10);
  }
  traffic.ledger().SetUsable({true, true});
  EXPECT_NEAR(traffic.Serve(100)[0], 50, 2);
}

TEST(ShareLedgerTest, RecordThatOthersStoodInForIsRepaid_S5) {
  Traffic traffic(OfWeights({100, 300, 200, 400}));
  traffic.Serve(1000);
  std::vector<int> got(4);
  for (int i = 0; i < 50; ++i) {  // a slow record 3 loses its races to record 1
    const std::size_t served = traffic.ledger().Next() == 3 ? 1 : traffic.ledger().Next();
    traffic.ledger().Served(served);
    ++got[served];
  }
  EXPECT_EQ(got[3], 0);
  const std::vector<int> then = traffic.Serve(150);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(got[i] + then[i], std::vector<int>({20, 60, 40, 80})[i], 2);
}

TEST(ShareLedgerTest, NamesTheRecordThatLostItsRaceAgainAtOnce) {
  Traffic traffic(OfWeights({500, 500}));
  const std::size_t named = traffic.ledger().Next();
  traffic.ledger().Served(1 - named);
  EXPECT_EQ(traffic.ledger().Next(), named);
  traffic.ledger().Served(named);
  EXPECT_EQ(traffic.ledger().Next(), named);
}

TEST(ShareLedgerTest, DebtIsForgottenBeyondItsLimit) {
  Traffic traffic(OfWeights({100, 300, 200, 400}));
  for (int i = 0; i < kMany; ++i) traffic.ledger().Served(1);  // usable as it seems, but never the one that serves
  EXPECT_NE(traffic.ledger().Next(), 1U);
  traffic.Serve(2'000);
  ExpectShares(traffic.Serve(kMany), {100, 300, 200, 400});
}

TEST(ShareLedgerTest, RepaysAnHourOfLostRacesWithinAFewHundredRequests) {
  Traffic traffic(OfWeights({100, 300, 200, 400}));
  constexpr std::array<std::size_t, 9> kOthersInTurn{3, 1, 3, 2, 3, 1, 3, 2, 1};
  for (std::size_t i = 0; i < kMany; ++i) traffic.ledger().Served(kOthersInTurn[i % kOthersInTurn.size()]);
  EXPECT_EQ(traffic.ledger().Next(), 0U);
  int in_a_row = 0;
  while (traffic.ledger().Next() == 0) {
    traffic.ledger().Served(0);
    ++in_a_row;
  }
  EXPECT_GT(in_a_row, 50);
  EXPECT_LT(in_a_row, 2.5 * ShareLedger::kLargestCredit);
}

TEST(ShareLedgerTest, OnlyTheLowestUsablePriorityTakesPart) {
  Traffic traffic({Record(20, 1), Record(10, 1), Record(10, 3), Record(30, 1)});
  ExpectShares(traffic.Serve(kMany), {0, 1, 3, 0});
  traffic.ledger().SetUsable({true, false, true, true});
  ExpectShares(traffic.Serve(1000), {0, 0, 1, 0});
  traffic.ledger().SetUsable({true, false, false, true});
  ExpectShares(traffic.Serve(1000), {1, 0, 0, 0});
  traffic.ledger().SetUsable({false, false, false, true});
  ExpectShares(traffic.Serve(1000), {0, 0, 0, 1});
  traffic.ledger().SetUsable({true, true, true, true});
  ExpectShares(traffic.Serve(kMany), {0, 1, 3, 0});
}

TEST(ShareLedgerTest, RequestsServedByAnotherPriorityChangeNothing) {
  Traffic traffic({Record(10, 100), Record(10, 300), Record(20, 1)});
  traffic.Serve(10);
  for (int i = 0; i < 100; ++i) traffic.ledger().Served(2);
  EXPECT_NEAR(traffic.Serve(40)[0], 10, 2);
}

TEST(ShareLedgerTest, AllCountAsUsableWhereNoneIs) {
  Traffic traffic({Record(10, 100), Record(10, 300), Record(20, 1)});
  traffic.ledger().SetUsable({false, false, false});
  ExpectShares(traffic.Serve(kMany), {100, 300, 0});
}

TEST(ShareLedgerTest, WeightZeroGetsAVerySmallShare) {  // RFC 2782, Weight
  Traffic traffic(OfWeights({0, 99}));
  ExpectShares(traffic.Serve(kMany), {1, 99});
}

TEST(ShareLedgerTest, WeightsThatAreAllZeroAreEqual) {
  Traffic traffic(OfWeights({0, 0, 0}));
  ExpectShares(traffic.Serve(kMany), {1, 1, 1});
}

TEST(ShareLedgerTest, OneRecordGetsEverything) {
  Traffic traffic(OfWeights({0}));
  EXPECT_EQ(traffic.Serve(1000)[0], 1000);
  traffic.ledger().SetUsable({false});
  EXPECT_EQ(traffic.Serve(1000)[0], 1000);
}

TEST(ShareLedgerTest, EqualRecordsEachHaveTheirOwnShare) {
  Traffic traffic({Record(10, 100, "a"), Record(10, 100, "a"), Record(10, 200, "b")});
  ExpectShares(traffic.Serve(kMany), {100, 100, 200});
}

TEST(ShareLedgerTest, LargestWeightDoesNotStarveTheSmallest) {
  Traffic traffic(OfWeights({65535, 1, 65535}));
  const std::vector<int> got = traffic.Serve(2 * 131071);
  EXPECT_NEAR(got[0], 2 * 65535, 2);
  EXPECT_NEAR(got[1], 2, 1);
}

TEST(ShareLedgerTest, AThousandRecordsAreServedByWeight) {
  std::vector<std::uint16_t> weights;
  for (std::uint16_t i = 0; i < 1000; ++i) weights.push_back(static_cast<std::uint16_t>(1 + i % 3));
  Traffic traffic(OfWeights(weights));
  const std::vector<int> got = traffic.Serve(40 * 1999);  // 1999: the sum of the weights
  for (std::size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], 40 * weights[i], 2) << "record " << i;
}

TEST(ShareLedgerTest, BeginsWithARecordDrawnByWeight) {
  const std::vector<double> weights{100, 300, 200, 400};
  std::vector<int> first(4);
  for (std::uint64_t seed = 0; seed < 40'000; ++seed) {
    testing::SeededRandom random(seed);
    ++first[ShareLedger(OfWeights({100, 300, 200, 400}), random).Next()];
  }
  for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(first[i], 40 * weights[i], 500) << "five standard deviations";
}

TEST(ResponsiveTest, FiveSecondsAmongTwentyMillisecondsAreNotResponsive_S7) {
  EXPECT_EQ(Responsive({seconds(5), milliseconds(20), milliseconds(30)}), std::vector<bool>({false, true, true}));
}

TEST(ResponsiveTest, OfTwoTheFasterSetsTheMeasure) {
  EXPECT_EQ(Responsive({seconds(5), milliseconds(20)}), std::vector<bool>({false, true}));
}

TEST(ResponsiveTest, UnderASecondIsResponsiveWhateverTheOthersAre) {
  EXPECT_EQ(Responsive({seconds(1), milliseconds(1)}), std::vector<bool>({true, true}));
}

TEST(ResponsiveTest, SlownessIsMeasuredByThePeers) {
  EXPECT_EQ(Responsive({seconds(5), seconds(3), seconds(4)}), std::vector<bool>({true, true, true}));
  EXPECT_EQ(Responsive({milliseconds(2000), milliseconds(200)}), std::vector<bool>({true, true})) << "not over 10 x";
  EXPECT_EQ(Responsive({milliseconds(2001), milliseconds(200)}), std::vector<bool>({false, true}));
}

TEST(ResponsiveTest, UnknownTimesCountAsResponsive) {
  EXPECT_EQ(Responsive({}), std::vector<bool>());
  EXPECT_EQ(Responsive({std::nullopt, std::nullopt}), std::vector<bool>({true, true}));
  EXPECT_EQ(Responsive({std::nullopt, seconds(9)}), std::vector<bool>({true, true})) << "no peer to compare with";
  EXPECT_EQ(Responsive({std::nullopt, seconds(9), milliseconds(9)}), std::vector<bool>({true, false, true}));
}

TEST(ResponsiveTest, AbsurdTimesDoNotOverflow) {
  EXPECT_EQ(Responsive({Duration::max(), Duration::max()}), std::vector<bool>({true, true}));
}

}  // namespace
}  // namespace flowbroker::history
