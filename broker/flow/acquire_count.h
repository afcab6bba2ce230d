#pragma once

#include <cstdint>

namespace flowbroker::flow {

/// Counts the Acquires answered with the flows it was given to. Called with a shard's lock held, by several shards at
/// once, on the way of every Acquire: must be thread-safe and no more than an addition.
class AcquireCount {
 public:
  virtual ~AcquireCount() = default;
  virtual void Add(std::uint64_t acquires) = 0;
};

}  // namespace flowbroker::flow
