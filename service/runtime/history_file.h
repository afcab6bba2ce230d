#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "broker/base/expected.h"
#include "broker/history/snapshot.h"
#include "service/runtime/durable_file.h"
#include "service/telemetry/broker_metrics.h"
#include "service/telemetry/json_log.h"

namespace flowbroker::runtime {

/// Keeps the broker's memory over a restart: reads a snapshot when it is opened, writes one in every interval, on a
/// thread of its own, and one when it is closed. What happens is logged and counted.
class HistoryFile {
 public:
  /// The broker, as far as its memory goes. Called by the thread that opens or closes and by the writing one.
  struct Memory {
    std::function<TimePoint()> now;
    std::function<history::Snapshot()> save;
    std::function<void(history::Snapshot)> restore;
  };

  /// Reads `path` where there is such a file. One that is damaged, unreadable or of a newer version is renamed to
  /// `path`.bad, with a warning that says why, and memory begins empty. Fails where no file can be made in that place,
  /// or something else than a regular file is in it: whoever wants memory to survive must learn that today, not after
  /// the restart that lost it. `log` and `metrics` outlive it, and so does what `memory` calls.
  static Expected<std::unique_ptr<HistoryFile>> Open(const std::string& path, Duration interval, Memory memory,
                                                     telemetry::JsonLog& log, telemetry::BrokerMetrics& metrics);
  /// Closes, where that was not done yet.
  ~HistoryFile();

  HistoryFile(const HistoryFile&) = delete;
  HistoryFile& operator=(const HistoryFile&) = delete;

  /// Ends the thread and writes the last snapshot. Idempotent.
  void Close();

 private:
  HistoryFile(const std::string& path, Duration interval, Memory memory, telemetry::JsonLog& log,
              telemetry::BrokerMetrics& metrics);
  void ReadBack();
  void Refuse(const std::string& why);
  void Run();
  void WriteNow();

  const DurableFile file_;
  const Duration interval_;
  const Memory memory_;
  telemetry::JsonLog& log_;
  telemetry::BrokerMetrics& metrics_;
  std::mutex mutex_;  // of closing_ only: never held while something is saved or written
  std::condition_variable wake_;
  bool closing_ = false;
  std::thread thread_;
};

}  // namespace flowbroker::runtime
