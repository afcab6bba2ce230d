#include "service/telemetry/broker_metrics.h"

#include <prometheus/text_serializer.h>

#include <algorithm>
#include <iterator>
#include <vector>

#include "broker/net/system_clock.h"

namespace flowbroker::telemetry {

namespace {

using Families = std::vector<prometheus::MetricFamily>;

void Append(Families& all, Families more) {
  std::ranges::move(more, std::back_inserter(all));
}

}  // namespace

std::string BrokerMetrics::Text(const engine::HistoryAccess* memory) {
  if (memory != nullptr) history.ShowOccupancy(memory->Occupancy());
  Families families = registry_.Collect();
  Append(families, acquires.Collect());
  Append(families, prefixes.Collect(memory, net::SystemClock().Now()));
  Append(families, process.Collect());
  std::erase_if(families, [](const auto& family) { return family.metric.empty(); });
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace flowbroker::telemetry
