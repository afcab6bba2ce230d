#pragma once

#include <cstdio>
#include <cstdlib>

namespace flowbroker::fuzz {

/// Ends the run with `claim` where it does not hold; the fuzzer then keeps the input.
inline void Require(bool holds, const char* claim) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", claim);
  std::abort();
}

}  // namespace flowbroker::fuzz
