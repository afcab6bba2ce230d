#pragma once

#include <cstdint>
#include <random>

#include "broker/base/random_source.h"

namespace flowbroker::testing {

/// Repeatable randomness: equal seeds give equal numbers.
class SeededRandom final : public RandomSource {
 public:
  explicit SeededRandom(std::uint64_t seed) : engine_(seed) {}
  std::uint64_t NextBits() override { return engine_(); }

 private:
  std::mt19937_64 engine_;
};

/// Always draws the smallest number: of SRV records of one priority the first comes first, those of weight zero before
/// the others.
class SmallestRandom final : public RandomSource {
 public:
  std::uint64_t NextBits() override { return 0; }
};

}  // namespace flowbroker::testing
