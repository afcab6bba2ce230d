#pragma once

#include <array>
#include <cstddef>

#include "broker/base/random_source.h"

namespace flowbroker::net {

/// Randomness of the kernel (getrandom), fit for flow ids. Fetched in blocks; one thread at a time.
class SystemRandom final : public RandomSource {
 public:
  std::uint64_t NextBits() override;

 private:
  std::array<std::uint64_t, 32> block_{};
  std::size_t used_ = block_.size();
};

}  // namespace flowbroker::net
