#include "broker/base/fair_eviction.h"

#include <gtest/gtest.h>

namespace flowbroker {
namespace {

TEST(FairEvictionTest, ANoisyTenantDrivesOutItsOwnOnceItHasItsShare) {
  FairEviction table(4, 50);
  EXPECT_EQ(table.Add("quiet", 1), std::nullopt);
  EXPECT_EQ(table.Add("quiet", 2), std::nullopt);
  for (const std::uint64_t number : {3U, 4U}) EXPECT_EQ(table.Add("noisy", number), std::nullopt);
  EXPECT_EQ(table.Add("noisy", 5), 3U);
  EXPECT_EQ(table.Add("noisy", 6), 4U);
  EXPECT_EQ(table.Oldest(), 1U);
}

TEST(FairEvictionTest, WhoIsAloneMayFillTheTableAndGivesWayToOthers) {
  FairEviction table(4, 50);
  for (const std::uint64_t number : {1U, 2U, 3U, 4U}) EXPECT_EQ(table.Add("noisy", number), std::nullopt);
  EXPECT_EQ(table.Add("quiet", 5), 1U);
  EXPECT_EQ(table.Add("quiet", 6), 2U);
  EXPECT_EQ(table.Add("quiet", 7), 5U);
  EXPECT_EQ(table.Add("third", 8), 3U);
}

TEST(FairEvictionTest, WhatIsRemovedMakesRoom) {
  FairEviction table(2, 50);
  table.Add("a", 1);
  table.Add("b", 2);
  table.Remove(1);
  table.Remove(1);
  EXPECT_EQ(table.Oldest(), 2U);
  EXPECT_EQ(table.Add("c", 3), std::nullopt);
  EXPECT_EQ(table.Add("b", 4), 2U);
}

}  // namespace
}  // namespace flowbroker
