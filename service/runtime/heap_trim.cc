#include "service/runtime/heap_trim.h"

#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <utility>

namespace flowbroker::runtime {
namespace {

/// Less is not worth holding up anybody: it is what a busy minute needs again anyway.
constexpr std::size_t kWorthwhile = std::size_t{64} * 1024 * 1024;

std::size_t ResidentBytes() {
  std::ifstream file("/proc/self/statm");
  std::size_t pages = 0;
  std::size_t resident_pages = 0;
  file >> pages >> resident_pages;
  return resident_pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

HeapUse Use() {
  const struct mallinfo2 heap = mallinfo2();
  return {.resident_bytes = ResidentBytes(), .allocated_bytes = heap.uordblks + heap.hblkhd};
}

std::size_t Idle(const HeapUse& use) {
  return use.resident_bytes - std::min(use.resident_bytes, use.allocated_bytes);
}

}  // namespace

bool HeapTrim::IsDue(const HeapUse& use) {
  const std::size_t idle = Idle(use);
  least_idle_ = std::min(least_idle_.value_or(idle), idle);
  const bool much_is_idle = idle >= *least_idle_ + kWorthwhile;
  return std::exchange(much_was_idle_, much_is_idle) && much_is_idle;
}

void HeapTrim::Done(const HeapUse& use) {
  least_idle_ = Idle(use);
  much_was_idle_ = false;
}

void TrimHeap(HeapTrim& trim) {
  if (!trim.IsDue(Use())) return;
  malloc_trim(0);
  trim.Done(Use());
}

}  // namespace flowbroker::runtime
