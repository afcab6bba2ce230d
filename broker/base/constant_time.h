#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace flowbroker {

/// Whether two secrets are equal, in a time that depends on their length only: how many octets of a guess are right
/// cannot be measured. Lengths are no secret. For pure code; `net` may use OpenSSL's.
inline bool EqualInConstantTime(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b) {
  if (a.size() != b.size()) return false;
  volatile std::uint8_t difference = 0;  // volatile, lest the compiler leaves the loop at the first one
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference = static_cast<std::uint8_t>(difference | (a[i] ^ b[i]));
  }
  return difference == 0;
}

}  // namespace flowbroker
