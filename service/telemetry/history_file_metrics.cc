#include "service/telemetry/history_file_metrics.h"

namespace flowbroker::telemetry {

HistoryFileMetrics::HistoryFileMetrics(prometheus::Registry& registry) {
  auto& writes = Counters(registry, "flowbroker_history_file_writes_total", "Snapshots of memory, by their end.");
  written_ = &writes.Add({{"outcome", "ok"}});
  failed_ = &writes.Add({{"outcome", "failed"}});
  written_at_ = &Gauges(registry, "flowbroker_history_file_last_write_timestamp_seconds",
                        "When memory was last written; 0: never.")
                     .Add({});
  octets_ = &Gauges(registry, "flowbroker_history_file_bytes", "Size of the last snapshot of memory.").Add({});
  took_ = &Gauges(registry, "flowbroker_history_file_write_seconds", "How long writing it took.").Add({});
}

void HistoryFileMetrics::CountWrite(std::size_t octets, Duration took, std::chrono::nanoseconds at) {
  written_->Increment();
  written_at_->Set(std::chrono::duration<double>(at).count());
  octets_->Set(static_cast<double>(octets));
  took_->Set(Seconds(took));
}

}  // namespace flowbroker::telemetry
