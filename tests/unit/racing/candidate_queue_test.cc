#include "broker/racing/candidate_queue.h"

#include <gtest/gtest.h>

#include "tests/unit/racing/race_script.h"

namespace flowbroker::racing {
namespace {

std::vector<Target> TakeAll(CandidateQueue& queue) {
  std::vector<Target> taken;
  while (const auto target = queue.Take()) taken.push_back(*target);
  return taken;
}

std::vector<Target> Named(const std::vector<std::string_view>& names) {
  std::vector<Target> targets;
  targets.reserve(names.size());
  for (const auto name : names) targets.push_back(TargetNamed(name));
  return targets;
}

TEST(CandidateQueueTest, IsEmptyAtFirst) {
  CandidateQueue queue;
  EXPECT_FALSE(queue.HasUntried());
  EXPECT_EQ(queue.Take(), std::nullopt);
}

TEST(CandidateQueueTest, AlternatesFamiliesAfterTheFirst) {  // D5, S2
  CandidateQueue queue;
  queue.Update(Group({"6a", "6b", "6c", "4a", "4b"}));
  EXPECT_EQ(TakeAll(queue), Named({"6a", "4a", "6b", "4b", "6c"}));
}

TEST(CandidateQueueTest, BeginsWithTheFamilyThePolicyPrefers) {  // H2
  CandidateQueue queue;
  queue.Update(Group({"4a", "4b", "6a", "6b"}));
  EXPECT_EQ(TakeAll(queue), Named({"4a", "6a", "4b", "6b"}));
}

TEST(CandidateQueueTest, KeepsTheOrderOfHosts) {  // D3
  CandidateQueue queue;
  queue.Update(Groups({{"6a", "6b"}, {"6c", "4c"}, {"4d"}}));
  EXPECT_EQ(TakeAll(queue), Named({"6a", "6b", "6c", "4c", "4d"}));
}

TEST(CandidateQueueTest, DoesNotGiveATriedTargetAgain) {
  CandidateQueue queue;
  queue.Update(Group({"4a"}));
  queue.Take();
  queue.Update(Group({"4a", "4b"}));
  EXPECT_EQ(TakeAll(queue), Named({"4b"}));
  queue.Update(Group({"4a", "4b"}));
  EXPECT_FALSE(queue.HasUntried());
}

TEST(CandidateQueueTest, TriesATargetOfTwoHostsOnce) {
  CandidateQueue queue;
  queue.Update(Groups({{"6a", "4a"}, {"6a", "4b"}}));
  EXPECT_EQ(TakeAll(queue), Named({"6a", "4a", "4b"}));
}

TEST(CandidateQueueTest, ContinuesTheAlternationWithLateCandidates) {
  CandidateQueue queue;
  queue.Update(Group({"4a", "4b"}));
  EXPECT_EQ(queue.Take(), TargetNamed("4a"));
  queue.Update(Group({"6a", "6b", "4a", "4b"}));
  EXPECT_EQ(TakeAll(queue), Named({"6a", "4b", "6b"}));
}

TEST(CandidateQueueTest, GivesALateCandidateOfAnEarlierHostFirst) {
  CandidateQueue queue;
  queue.Update(Groups({{"6a"}, {"6b", "6c"}}));
  queue.Take();
  queue.Take();
  queue.Update(Groups({{"6a", "4a"}, {"6b", "6c"}}));
  EXPECT_EQ(TakeAll(queue), Named({"4a", "6c"}));
}

TEST(CandidateQueueTest, RanksByPlaceInTheListWhateverTheOrderOfTrying) {
  CandidateQueue queue;
  queue.Update(Group({"4a", "4b"}));
  queue.Take();
  queue.Update(Group({"6a", "4b"}));
  EXPECT_EQ(queue.RankOf(TargetNamed("6a")), 0U);
  EXPECT_EQ(queue.RankOf(TargetNamed("4b")), 1U);
  EXPECT_EQ(queue.RankOf(TargetNamed("4a")), 2U);  // no longer listed
}

}  // namespace
}  // namespace flowbroker::racing
