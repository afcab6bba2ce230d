#include "broker/net/system_random.h"

#include <sys/random.h>

#include <cstdlib>
#include <utility>

namespace flowbroker::net {

std::uint64_t SystemRandom::NextBits() {
  if (used_ == block_.size()) {
    // Cannot fail for so few bytes once the kernel is seeded; going on with predictable ids would be worse than to
    // stop.
    if (getrandom(block_.data(), sizeof(block_), 0) != static_cast<ssize_t>(sizeof(block_))) std::abort();
    used_ = 0;
  }
  return std::exchange(block_[used_++], 0);
}

}  // namespace flowbroker::net
