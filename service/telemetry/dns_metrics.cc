#include "service/telemetry/dns_metrics.h"

namespace flowbroker::telemetry {

DnsMetrics::DnsMetrics(prometheus::Registry& registry) {
  auto& answers = Counters(registry, "flowbroker_dns_answers_total", "DNS answers, by record type and status.");
  auto& times = Histograms(registry, "flowbroker_dns_query_seconds",
                           "Time to the answer of a DNS query, or until it was given up, by record type.");
  for (const dns::RecordType type : kAllRecordTypes) {
    const std::string name(NameOf(type));
    times_[Index(type)] = &times.Add({{"type", name}}, kRoundTripBounds);
    for (const dns::AnswerStatus status : kAllStatuses) {
      answers_[Index(type)][Index(status)] = &answers.Add({{"type", name}, {"status", std::string(NameOf(status))}});
    }
  }
  auto& lookups = Counters(registry, "flowbroker_dns_cache_lookups_total",
                           "What the DNS cache had: the answer, nothing, or an expired answer that stood in.");
  for (const engine::DnsLookup lookup : kAllLookups) {
    lookups_[Index(lookup)] = &lookups.Add({{"result", std::string(NameOf(lookup))}});
  }
}

void DnsMetrics::CountAnswer(dns::RecordType type, dns::AnswerStatus status, Duration took) {
  answers_[Index(type)][Index(status)]->Increment();
  times_[Index(type)]->Observe(Seconds(took));
}

}  // namespace flowbroker::telemetry
