#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>

#include "broker/base/time.h"

namespace flowbroker::runtime {

/// Finds out whether threads still do what they are asked: each question asks them all to say something, unless they
/// still owe the last answer. A thread that owes it too long is stuck, and only a new process helps. Any thread.
class Liveness {
 public:
  /// Nothing a thread does takes so long, on a machine however busy.
  static constexpr Duration kPatience = std::chrono::seconds(30);

  /// Has each of the threads call `answered` once, and returns how many there are.
  using Ping = std::function<std::size_t(const std::function<void()>& answered)>;

  explicit Liveness(Ping ping) : ping_(std::move(ping)) {}

  /// False where a thread has been silent for longer than kPatience. Becomes true again when it answers after all.
  bool IsAlive(TimePoint now);

 private:
  const Ping ping_;
  std::mutex mutex_;
  // Below 0 while threads answer sooner than their number is known. Outlives this object in the hands of late threads.
  const std::shared_ptr<std::atomic<std::int64_t>> owed_ = std::make_shared<std::atomic<std::int64_t>>(0);
  TimePoint asked_{};  // under mutex_
};

}  // namespace flowbroker::runtime
