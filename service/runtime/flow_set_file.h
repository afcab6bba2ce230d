#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "broker/base/expected.h"
#include "broker/engine/outbound_access.h"
#include "service/runtime/durable_file.h"
#include "service/telemetry/broker_metrics.h"
#include "service/telemetry/json_log.h"

namespace flowbroker::runtime {

/// Keeps the broker's flow sets over a restart (O1, O2): instance-ids, names and URIs. Written on every change, by a
/// thread of its own; changes that come while it writes share the next write.
class FlowSetFile {
 public:
  /// The broker, as far as its flow sets go.
  struct Sets {
    std::function<engine::FlowSetSpecs()> specs;  ///< called by the writing thread
    std::function<Expected<void>(std::vector<outbound::FlowSetSpec>)> restore;
  };

  /// Reads `path` where there is such a file. One that is damaged, unreadable or of a newer version is a failure, and
  /// stays as it is: with fresh instance-ids every registration would stand beside its old self until that expires.
  /// `log` and `metrics` outlive it, and so does what `sets` calls.
  static Expected<std::unique_ptr<FlowSetFile>> Open(const std::string& path, Sets sets, telemetry::JsonLog& log,
                                                     telemetry::BrokerMetrics& metrics);
  /// Closes, where that was not done yet.
  ~FlowSetFile();

  FlowSetFile(const FlowSetFile&) = delete;
  FlowSetFile& operator=(const FlowSetFile&) = delete;

  /// `done` is called on the writing thread, once the sets as they are now are on the disk, or could not be put there.
  /// Any thread.
  void Keep(engine::FlowSetsKept done);

  /// Writes what is still to be written and ends the thread. Idempotent.
  void Close();

 private:
  FlowSetFile(const std::string& path, Sets sets, telemetry::JsonLog& log, telemetry::BrokerMetrics& metrics);
  Expected<void> ReadBack();
  void Run();
  Expected<void> WriteNow();

  const DurableFile file_;
  const Sets sets_;
  telemetry::JsonLog& log_;
  telemetry::BrokerMetrics& metrics_;
  std::uint64_t written_ = 0;  // revision of the sets; of the writing thread
  std::mutex mutex_;           // never held while something is written
  std::condition_variable wake_;
  std::vector<engine::FlowSetsKept> waiting_;  // under mutex_
  bool closing_ = false;                       // under mutex_
  std::thread thread_;
};

}  // namespace flowbroker::runtime
