#pragma once

#include <prometheus/registry.h>

#include <string>
#include <vector>

#include "service/telemetry/acquire_metrics.h"
#include "service/telemetry/admin_metrics.h"
#include "service/telemetry/attempt_metrics.h"
#include "service/telemetry/dns_metrics.h"
#include "service/telemetry/flow_metrics.h"
#include "service/telemetry/flow_set_metrics.h"
#include "service/telemetry/handoff_metrics.h"
#include "service/telemetry/history_file_metrics.h"
#include "service/telemetry/history_metrics.h"
#include "service/telemetry/limit_metrics.h"
#include "service/telemetry/prefix_metrics.h"
#include "service/telemetry/process_metrics.h"
#include "service/telemetry/relay_metrics.h"
#include "service/telemetry/reload_metrics.h"

namespace flowbroker::telemetry {

/// All metrics of the process, one member per subject. Every series that can occur is made at the start, so that
/// counting is an array access and an atomic addition: no map, no lock. The README of this folder lists them. Any
/// thread.
struct BrokerMetrics {
  explicit BrokerMetrics(PrefixOptions prefix_options = {}) : prefixes(prefix_options) {}
  BrokerMetrics(const BrokerMetrics&) = delete;
  BrokerMetrics& operator=(const BrokerMetrics&) = delete;

  /// All series in the text format of Prometheus, with what `memory` thinks of the busiest prefixes and how full it is;
  /// null: without.
  std::string Text(const engine::HistoryAccess* memory = nullptr);

 private:
  prometheus::Registry registry_;  // before those that register there

 public:
  AcquireMetrics acquires;
  AttemptMetrics attempts{registry_};
  FlowMetrics flows{registry_};
  FlowSetMetrics flow_sets{registry_};
  DnsMetrics dns{registry_};
  RelayMetrics relay{registry_};
  LimitMetrics limits{registry_};
  HandoffMetrics handoffs{registry_};
  AdminMetrics admin{registry_};
  HistoryMetrics history{registry_};
  PrefixMetrics prefixes;
  HistoryFileMetrics history_file{registry_};
  ReloadMetrics reloads{registry_};
  ProcessMetrics process;
};

}  // namespace flowbroker::telemetry
