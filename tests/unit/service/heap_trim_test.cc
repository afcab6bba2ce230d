#include "service/runtime/heap_trim.h"

#include <gtest/gtest.h>

namespace flowbroker::runtime {
namespace {

HeapUse Megabytes(std::size_t resident, std::size_t allocated) {
  constexpr std::size_t kMegabyte = std::size_t{1024} * 1024;
  return {.resident_bytes = resident * kMegabyte, .allocated_bytes = allocated * kMegabyte};
}

TEST(HeapTrimTest, GivesBackWhatABurstLeft) {
  HeapTrim trim;
  EXPECT_FALSE(trim.IsDue(Megabytes(25, 5)));
  EXPECT_FALSE(trim.IsDue(Megabytes(900, 880)));  // it is in use
  EXPECT_FALSE(trim.IsDue(Megabytes(900, 10)));   // it may be needed again at once
  EXPECT_TRUE(trim.IsDue(Megabytes(900, 10)));
}

TEST(HeapTrimTest, LittleIsNotWorthIt) {
  HeapTrim trim;
  EXPECT_FALSE(trim.IsDue(Megabytes(25, 5)));
  for (int n = 0; n < 3; ++n) EXPECT_FALSE(trim.IsDue(Megabytes(80, 5)));
}

TEST(HeapTrimTest, DoesNotTryAgainWhatCouldNotBeGivenBack) {
  HeapTrim trim;
  EXPECT_FALSE(trim.IsDue(Megabytes(25, 5)));
  EXPECT_FALSE(trim.IsDue(Megabytes(900, 10)));
  EXPECT_TRUE(trim.IsDue(Megabytes(900, 10)));
  trim.Done(Megabytes(400, 10));
  for (int n = 0; n < 3; ++n) EXPECT_FALSE(trim.IsDue(Megabytes(420, 10)));
}

TEST(HeapTrimTest, GivesBackLaterWhatWasInUseTheFirstTime) {
  HeapTrim trim;
  EXPECT_FALSE(trim.IsDue(Megabytes(25, 5)));
  EXPECT_FALSE(trim.IsDue(Megabytes(900, 700)));
  EXPECT_TRUE(trim.IsDue(Megabytes(900, 700)));
  trim.Done(Megabytes(725, 700));
  EXPECT_FALSE(trim.IsDue(Megabytes(725, 10)));
  EXPECT_TRUE(trim.IsDue(Megabytes(725, 10)));
}

}  // namespace
}  // namespace flowbroker::runtime
