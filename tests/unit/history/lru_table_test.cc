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

}  // namespace
}  // namespace flowbroker::history
