#include "broker/base/random_source.h"

#include <gtest/gtest.h>

#include <array>

#include "tests/support/seeded_random.h"

namespace flowbroker {
namespace {

TEST(UniformUpToTest, ReachesBothEndsEvenly) {
  testing::SeededRandom random{7};
  std::array<int, 4> seen{};
  for (int i = 0; i < 40'000; ++i) ++seen.at(UniformUpTo(random, 3));
  for (const int count : seen) EXPECT_NEAR(count, 10'000, 500);
}

TEST(UniformUpToTest, BoundZeroIsAlwaysZero) {
  testing::SeededRandom random{7};
  EXPECT_EQ(UniformUpTo(random, 0), 0U);
}

}  // namespace
}  // namespace flowbroker
