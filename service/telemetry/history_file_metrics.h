#pragma once

#include <chrono>
#include <cstddef>

#include "service/telemetry/series.h"

namespace flowbroker::telemetry {

/// Writes of the file that keeps memory over a restart. Any thread.
class HistoryFileMetrics {
 public:
  explicit HistoryFileMetrics(prometheus::Registry& registry);

  /// `octets` were written, `took` from reading memory to the disk, `at` since 1970.
  void CountWrite(std::size_t octets, Duration took, std::chrono::nanoseconds at);
  void CountFailedWrite() { failed_->Increment(); }

 private:
  prometheus::Counter* written_;
  prometheus::Counter* failed_;
  prometheus::Gauge* written_at_;
  prometheus::Gauge* octets_;
  prometheus::Gauge* took_;
};

}  // namespace flowbroker::telemetry
