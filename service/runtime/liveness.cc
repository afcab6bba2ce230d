#include "service/runtime/liveness.h"

namespace flowbroker::runtime {

bool Liveness::IsAlive(TimePoint now) {
  const std::lock_guard lock(mutex_);
  if (owed_->load() != 0) return now - asked_ <= kPatience;
  asked_ = now;
  const std::size_t threads = ping_([owed = owed_] { --*owed; });
  *owed_ += static_cast<std::int64_t>(threads);
  return true;
}

}  // namespace flowbroker::runtime
