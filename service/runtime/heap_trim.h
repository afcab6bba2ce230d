#pragma once

#include <cstddef>
#include <optional>

namespace flowbroker::runtime {

/// What the process holds and what of it is in use.
struct HeapUse {
  std::size_t resident_bytes = 0;
  std::size_t allocated_bytes = 0;
};

/// When to give memory back. After a burst malloc keeps the pages that became free in the middle of its heap for good:
/// 10^5 Acquires at once leave 1 GB resident. Giving them back holds up who allocates meanwhile, hence only when much
/// is idle at two looks in a row, and not again for what could not be given back. Pure.
class HeapTrim {
 public:
  /// Whether it is time. To be asked now and then, seconds apart.
  bool IsDue(const HeapUse& use);
  /// What was left after it was done.
  void Done(const HeapUse& use);

 private:
  std::optional<std::size_t> least_idle_;  // bytes resident and not allocated: the least seen since the last time
  bool much_was_idle_ = false;
};

/// Asks `trim` and does what it says. Any thread, one at a time.
void TrimHeap(HeapTrim& trim);

}  // namespace flowbroker::runtime
