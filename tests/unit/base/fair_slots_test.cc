#include "broker/base/fair_slots.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace flowbroker {
namespace {

const std::string kOperator;

TEST(FairSlotsTest, ATenantGetsItsShareAndTheOthersTheRest) {
  FairSlots slots(4, 2);
  slots.Take("greedy");
  EXPECT_TRUE(slots.HasRoom("greedy"));
  slots.Take("greedy");
  EXPECT_FALSE(slots.HasRoom("greedy"));
  EXPECT_TRUE(slots.HasRoom("quiet"));
  slots.Take("quiet");
  slots.Take("quiet");
  EXPECT_TRUE(slots.full());
  EXPECT_FALSE(slots.HasRoom("third"));
  slots.Give("greedy");
  EXPECT_TRUE(slots.HasRoom("third"));
  EXPECT_FALSE(slots.HasRoom("quiet"));
}

TEST(FairSlotsTest, TheOperatorMayHaveEverything) {
  FairSlots slots(3, 1);
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(slots.HasRoom(kOperator));
    slots.Take(kOperator);
  }
  EXPECT_FALSE(slots.HasRoom(kOperator));
}

TEST(FairSlotsTest, ThoseWhoWaitAreServedInTurnByTenantAndTheOldestFirst) {
  FairSlots slots(100, 50);
  for (const std::uint64_t number : {1U, 2U, 3U, 4U}) slots.Wait("a", number);
  slots.Wait("b", 6);
  slots.Wait("b", 5);
  slots.Wait("c", 7);
  std::vector<std::uint64_t> served;
  while (const auto next = slots.Next()) served.push_back(*next);
  EXPECT_EQ(served, (std::vector<std::uint64_t>{1, 5, 7, 2, 6, 3, 4}));
}

TEST(FairSlotsTest, WhoseShareIsUsedUpIsPassedOverUntilItGivesSomethingBack) {
  FairSlots slots(4, 1);
  slots.Take("greedy");
  slots.Wait("greedy", 1);
  slots.Wait("quiet", 2);
  EXPECT_EQ(slots.Next(), 2U);
  EXPECT_EQ(slots.Next(), std::nullopt);
  slots.Give("greedy");
  EXPECT_EQ(slots.Next(), 1U);
}

TEST(FairSlotsTest, NobodyIsServedWhereThereIsNoPlace) {
  FairSlots slots(1, 1);
  slots.Take("a");
  slots.Wait("b", 1);
  EXPECT_EQ(slots.Next(), std::nullopt);
  slots.Give("a");
  EXPECT_EQ(slots.Next(), 1U);
}

TEST(FairSlotsTest, WhoLeavesIsNotServed) {
  FairSlots slots(4, 2);
  slots.Wait("a", 1);
  slots.Wait("a", 2);
  slots.Wait("b", 3);
  slots.Leave("a", 1);
  slots.Leave("b", 3);
  slots.Leave("b", 3);
  slots.Leave("nobody", 3);
  EXPECT_EQ(slots.WaitingOf("a"), 1U);
  EXPECT_EQ(slots.WaitingOf("b"), 0U);
  EXPECT_EQ(slots.Next(), 2U);
  EXPECT_EQ(slots.Next(), std::nullopt);
  slots.Wait("b", 4);
  EXPECT_EQ(slots.Next(), 4U) << "it left, and came again";
}

}  // namespace
}  // namespace flowbroker
