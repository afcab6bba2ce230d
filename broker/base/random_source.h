#pragma once

#include <cstdint>

namespace flowbroker {

/// Injected randomness, so that every decision can be repeated in a test. An implementation may be used by one thread
/// at a time.
class RandomSource {
 public:
  virtual ~RandomSource() = default;

  /// 64 uniformly distributed bits.
  virtual std::uint64_t NextBits() = 0;
};

/// A number uniformly distributed in [0, bound]; both ends included, as RFC 2782 wants it for SRV weights.
/// @pre bound < 2^63
inline std::uint64_t UniformUpTo(RandomSource& random, std::uint64_t bound) {
  const std::uint64_t buckets = bound + 1;
  const std::uint64_t limit = UINT64_MAX - UINT64_MAX % buckets;  // rejects the tail that would favour small numbers
  std::uint64_t bits = random.NextBits();
  while (bits >= limit) bits = random.NextBits();
  return bits % buckets;
}

}  // namespace flowbroker
