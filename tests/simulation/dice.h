#pragma once

#include <cstddef>
#include <vector>

#include "broker/base/time.h"
#include "tests/support/seeded_random.h"

namespace flowbroker::simulation {

/// Repeatable choices.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed) {}

  /// 0 to `most`, both included.
  int Roll(int most) { return static_cast<int>(UniformUpTo(random_, static_cast<std::uint64_t>(most))); }
  bool OneIn(int n) { return Roll(n - 1) == 0; }
  Duration UpTo(Duration most) {
    return Duration(static_cast<Duration::rep>(UniformUpTo(random_, static_cast<std::uint64_t>(most.count()))));
  }
  template <typename T>
  const T& Of(const std::vector<T>& choices) {
    return choices[static_cast<std::size_t>(Roll(static_cast<int>(choices.size()) - 1))];
  }

 private:
  testing::SeededRandom random_;
};

}  // namespace flowbroker::simulation
