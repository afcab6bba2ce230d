#include "service/telemetry/log_writer.h"

#include <unistd.h>

#include <cerrno>
#include <string_view>
#include <utility>

namespace flowbroker::telemetry {
namespace {

void WriteAll(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;  // stderr is gone: nobody to tell
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace

LogWriter::LogWriter(int descriptor) : descriptor_(descriptor), thread_([this] { Run(); }) {}

LogWriter::~LogWriter() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void LogWriter::Write(std::string line) {
  line += '\n';
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() >= kMaxWaiting) {
      ++dropped_;
      return;
    }
    waiting_.push_back(std::move(line));
  }
  wake_.notify_one();
}

void LogWriter::Run() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return ending_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    const std::deque<std::string> lines = std::exchange(waiting_, {});
    const std::size_t dropped = std::exchange(dropped_, 0);
    lock.unlock();
    for (const std::string& line : lines) WriteAll(descriptor_, line);
    if (dropped > 0)
      WriteAll(descriptor_, "{\"event\":\"log_lines_dropped\",\"count\":" + std::to_string(dropped) + "}\n");
    lock.lock();
  }
}

}  // namespace flowbroker::telemetry
