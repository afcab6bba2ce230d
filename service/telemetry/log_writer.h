#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <string>
#include <thread>

namespace flowbroker::telemetry {

/// Writes lines to a descriptor on a thread of its own, so that whoever logs - often with a shard's lock held - never
/// waits for a full pipe. Lines beyond `kMaxWaiting` are dropped and their number is written later. Any thread.
class LogWriter {
 public:
  static constexpr std::size_t kMaxWaiting = 1024;

  /// `descriptor` is borrowed.
  explicit LogWriter(int descriptor);
  /// Writes what waits, then ends.
  ~LogWriter();

  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  /// `line` without its line break.
  void Write(std::string line);

 private:
  void Run();

  const int descriptor_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::string> waiting_;
  std::size_t dropped_ = 0;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace flowbroker::telemetry
