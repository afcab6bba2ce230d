#pragma once

#include <array>

#include "service/telemetry/series.h"

namespace flowbroker::telemetry {

/// What DNS servers answered and what the cache could spare them. Any thread.
class DnsMetrics {
 public:
  explicit DnsMetrics(prometheus::Registry& registry);

  void CountAnswer(dns::RecordType type, dns::AnswerStatus status, Duration took);
  void CountLookup(engine::DnsLookup lookup) { lookups_[Index(lookup)]->Increment(); }

 private:
  std::array<std::array<prometheus::Counter*, kAllStatuses.size()>, kAllRecordTypes.size()> answers_{};
  std::array<prometheus::Histogram*, kAllRecordTypes.size()> times_{};
  std::array<prometheus::Counter*, kAllLookups.size()> lookups_{};
};

}  // namespace flowbroker::telemetry
