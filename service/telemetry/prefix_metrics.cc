#include "service/telemetry/prefix_metrics.h"

#include <string>
#include <utility>

#include "broker/base/ip_prefix.h"
#include "service/telemetry/labels.h"

namespace flowbroker::telemetry {
namespace {

using history::PrefixKey;
using history::Reachability;
using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

constexpr Duration kCountEvery = std::chrono::seconds(30);

struct Name {
  std::string prefix;
  std::string network;
};
const Name kOther = {"other", ""};

ClientMetric Make(const Name& name, Transport transport, AddressFamily family) {
  ClientMetric metric;
  metric.label = {{"prefix", name.prefix},
                  {"network", name.network},
                  {"transport", LabelOf(transport)},
                  {"family", LabelOf(family)}};
  return metric;
}

void AddCount(MetricFamily& to, const Name& name, Transport transport, AddressFamily family, std::uint64_t count) {
  to.metric.push_back(Make(name, transport, family));
  to.metric.back().counter.value = static_cast<double>(count);
}

void AddGauge(MetricFamily& to, const Name& name, Transport transport, AddressFamily family, std::size_t value) {
  to.metric.push_back(Make(name, transport, family));
  to.metric.back().gauge.value = static_cast<double>(value);
}

bool IsHeld(const history::FamilyPreference& preference) {
  return preference.reachability == Reachability::kSlow || preference.reachability == Reachability::kUnreachable;
}

/// Takes one prefix, which is shown itself, out of a count that may be a little older.
void TakeOut(std::size_t& count) {
  if (count > 0) --count;
}

}  // namespace

engine::PreferenceCounts PrefixMetrics::Counts(const engine::HistoryAccess& memory, TimePoint now) {
  const std::lock_guard lock(mutex_);
  if (counted_ == TimePoint::min() || now - counted_ >= kCountEvery) {
    counts_ = memory.CountPreferences();
    counted_ = now;
  }
  return counts_;
}

std::vector<MetricFamily> PrefixMetrics::Collect(const engine::HistoryAccess* memory, TimePoint now) {
  MetricFamily acquires{"flowbroker_prefix_acquires_total",
                        "Acquires answered with flows to the prefix: for the busiest prefixes each, for all others "
                        "together.",
                        MetricType::Counter,
                        {}};
  MetricFamily preferred{"flowbroker_prefix_preferred_family",
                         "1 for the family that is used for hosts with an address in the prefix, 0 for the other; of "
                         "the others: how many prefixes prefer it.",
                         MetricType::Gauge,
                         {}};
  MetricFamily held{"flowbroker_prefix_hold",
                    "1 while the prefix is held as unreachable or slow; of the others: how many are.",
                    MetricType::Gauge,
                    {}};
  const PrefixTraffic::Totals totals = traffic_.Take(now);
  engine::PreferenceCounts others = memory != nullptr ? Counts(*memory, now) : engine::PreferenceCounts{};
  for (const auto& [prefix, count] : totals.shown) {
    const Name name{IpPrefix{prefix.prefix, BitsOf(prefix)}.ToString(), std::to_string(prefix.network.value)};
    AddCount(acquires, name, prefix.transport, prefix.prefix.family(), count);
    const auto known = memory != nullptr ? memory->FindPreference(prefix) : std::nullopt;
    if (!known) continue;
    for (const AddressFamily family : kAllFamilies) {
      AddGauge(preferred, name, prefix.transport, family, family == known->preferred ? 1 : 0);
    }
    AddGauge(held, name, prefix.transport, prefix.prefix.family(), IsHeld(*known) ? 1 : 0);
    TakeOut(others.preferring[Index(prefix.transport)][Index(known->preferred)]);
    if (IsHeld(*known)) TakeOut(others.held[Index(prefix.transport)][Index(prefix.prefix.family())]);
  }
  for (const Transport transport : kAllTransports) {
    for (const AddressFamily family : kAllFamilies) {
      AddCount(acquires, kOther, transport, family, totals.rest[Index(transport)][Index(family)]);
      if (memory == nullptr) continue;
      AddGauge(preferred, kOther, transport, family, others.preferring[Index(transport)][Index(family)]);
      AddGauge(held, kOther, transport, family, others.held[Index(transport)][Index(family)]);
    }
  }
  return {std::move(acquires), std::move(preferred), std::move(held)};
}

}  // namespace flowbroker::telemetry
