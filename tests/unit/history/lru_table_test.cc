#include "broker/history/lru_table.h"

#include <gtest/gtest.h>

#include <string>

namespace flowbroker::history {
namespace {

TEST(LruTableTest, KeepsValues) {
  LruTable<std::string, int> table(2);
  table.Use("a") = 1;
  EXPECT_EQ(table.Use("a"), 1);
  ASSERT_NE(table.Find("a"), nullptr);
  EXPECT_EQ(*table.Find("a"), 1);
  EXPECT_EQ(table.Find("b"), nullptr);
}

TEST(LruTableTest, ForgetsTheOneUsedLeastRecently) {
  LruTable<std::string, int> table(2);
  table.Use("a");
  table.Use("b");
  table.Use("a");
  table.Use("c");
  EXPECT_EQ(table.size(), 2U);
  EXPECT_NE(table.Find("a"), nullptr);
  EXPECT_EQ(table.Find("b"), nullptr);
}

TEST(LruTableTest, FindIsNotAUse) {
  LruTable<std::string, int> table(2);
  table.Use("a");
  table.Use("b");
  table.Find("a");
  table.Use("c");
  EXPECT_EQ(table.Find("a"), nullptr);
}

TEST(LruTableTest, KeepsWorkingAfterAMove) {
  LruTable<std::string, int> first(2);
  first.Use("a") = 1;
  LruTable<std::string, int> table(std::move(first));
  table.Use("b");
  EXPECT_EQ(table.Use("a"), 1);
  table.Use("c");
  EXPECT_EQ(table.Find("b"), nullptr);
}

TEST(LruTableTest, VisitsTheOneUsedLeastRecentlyFirst) {
  LruTable<std::string, int> table(3);
  for (const auto* key : {"a", "b", "c", "a"}) ++table.Use(key);
  std::string order;
  table.ForEach([&](const std::string& key, int uses) { order += key + std::to_string(uses); });
  EXPECT_EQ(order, "b1c1a2");
}

TEST(LruTableTest, ErasesWhatMatches) {
  LruTable<int, std::string> table(1000);
  for (int i = 0; i < 1000; ++i) table.Use(i) = std::to_string(i);
  EXPECT_EQ(table.EraseIf([](int key) { return key % 3 == 0; }), 334U);
  EXPECT_EQ(table.size(), 666U);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(table.Find(i) == nullptr, i % 3 == 0) << i;
  for (int i = 0; i < 334; ++i) table.Use(5000 + i);  // in the places of those erased
  EXPECT_EQ(table.size(), 1000U);
  EXPECT_EQ(table.evicted(), 0U);
  EXPECT_EQ(*table.Find(5000), "") << "nothing of the former owner";
  EXPECT_EQ(*table.Find(998), "998");
  table.Use(7777);
  EXPECT_EQ(table.Find(1), nullptr) << "the oldest of the rest";
  EXPECT_EQ(table.evicted(), 1U);
}

TEST(LruTableTest, IsEmptyAfterClear) {
  LruTable<int, int> table(2);
  for (int i = 0; i < 5; ++i) table.Use(i);
  table.Clear();
  EXPECT_EQ(table.size(), 0U);
  EXPECT_EQ(table.Find(4), nullptr);
  EXPECT_EQ(table.evicted(), 3U) << "asked for, not forced";
  table.Use(1) = 1;
  EXPECT_EQ(*table.Find(1), 1);
}

TEST(LruTableTest, ValuesStayWhereTheyAreWhileItGrows) {
  LruTable<int, int> table(100'000);
  int& first = table.Use(0);
  first = 42;
  for (int i = 1; i < 10'000; ++i) table.Use(i);
  EXPECT_EQ(&first, table.Find(0));
}

}  // namespace
}  // namespace flowbroker::history
