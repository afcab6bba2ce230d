#include "service/telemetry/broker_metrics.h"

#include <prometheus/text_serializer.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <vector>

namespace flowbroker::telemetry {

namespace {

using Families = std::vector<prometheus::MetricFamily>;

void Append(Families& all, Families more) {
  std::ranges::move(more, std::back_inserter(all));
}

}  // namespace

std::string BrokerMetrics::Text(const engine::HistoryAccess* memory) {
  if (memory != nullptr) history.ShowOccupancy(memory->Occupancy());
  const TimePoint now(std::chrono::steady_clock::now().time_since_epoch());
  Families families = registry_.Collect();
  Append(families, acquires.Collect());
  Append(families, prefixes.Collect(memory, now));
  Append(families, process.Collect());
  std::erase_if(families, [](const auto& family) { return family.metric.empty(); });
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace flowbroker::telemetry
