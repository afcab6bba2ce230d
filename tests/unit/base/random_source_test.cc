#include "broker/base/random_source.h"

#include <gtest/gtest.h>

#include <array>
#include <random>

namespace flowbroker {
namespace {

class SeededRandom final : public RandomSource {
 public:
  std::uint64_t NextBits() override { return engine_(); }

 private:
  std::mt19937_64 engine_{7};
};

TEST(UniformUpToTest, ReachesBothEndsEvenly) {
  SeededRandom random;
  std::array<int, 4> seen{};
  for (int i = 0; i < 40'000; ++i) ++seen.at(UniformUpTo(random, 3));
  for (const int count : seen) EXPECT_NEAR(count, 10'000, 500);
}

TEST(UniformUpToTest, BoundZeroIsAlwaysZero) {
  SeededRandom random;
  EXPECT_EQ(UniformUpTo(random, 0), 0U);
}

}  // namespace
}  // namespace flowbroker
