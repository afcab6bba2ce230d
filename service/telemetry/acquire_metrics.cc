#include "service/telemetry/acquire_metrics.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

namespace flowbroker::telemetry {
namespace {

using engine::FlowSource;
using prometheus::ClientMetric;
using prometheus::MetricFamily;

constexpr const char* kTimes = "flowbroker_acquire_seconds";

/// A caller that gives less gets no flow from a network that works either: one lookup in DNS, two attempts of 250 ms
/// and a TLS handshake take about as much. An alert on failures must not hear of it.
constexpr Duration kFairDeadline = std::chrono::seconds(1);

const char* TextOf(bool yes) {
  return yes ? "yes" : "no";
}

std::string ValueOf(const ClientMetric& metric, const std::string& label) {
  const auto found = std::ranges::find(metric.label, label, &ClientMetric::Label::name);
  return found == metric.label.end() ? "" : found->value;
}

/// `count` more that took no time.
void AddAtOnce(ClientMetric::Histogram& times, std::uint64_t count) {
  times.sample_count += count;
  for (ClientMetric::Bucket& bucket : times.bucket) bucket.cumulative_count += count;
}

/// The successes among `times` by source.
MetricFamily BySource(const MetricFamily& times) {
  std::map<std::string, double> counts;
  for (const ClientMetric& one : times.metric) {
    if (ValueOf(one, "outcome") == "ok") {
      counts[ValueOf(one, "source")] += static_cast<double>(one.histogram.sample_count);
    }
  }
  MetricFamily family{"flowbroker_acquires_total",
                      "Acquires answered with a flow, by where it came from.",
                      prometheus::MetricType::Counter,
                      {}};
  for (const auto& [source, count] : counts) {
    ClientMetric metric;
    metric.label = {{"source", source}};
    metric.counter.value = count;
    family.metric.push_back(std::move(metric));
  }
  return family;
}

}  // namespace

AcquireMetrics::AcquireMetrics() {
  auto& times = Histograms(registry_, kTimes,
                           "Time to the answer of an Acquire, by source of the flow, outcome and whether expired DNS "
                           "answers were used. One that is answered at once counts as 0 s.");
  for (const FlowSource source : kAllSources) {
    for (const bool stale : {false, true}) {
      took_[Index(source)][stale ? 1 : 0] = &times.Add(
          {{"source", std::string(NameOf(source))}, {"outcome", "ok"}, {"stale_dns", TextOf(stale)}}, kAcquireBounds);
    }
  }
  took_in_vain_ = &times.Add({{"source", "none"}, {"outcome", "failed"}, {"stale_dns", "no"}}, kAcquireBounds);
  auto& failures =
      Counters(registry_, "flowbroker_acquire_failures_total",
               "Acquires that failed, by reason; deadline is \"short\" where the caller gave less than a second.");
  for (std::size_t i = 0; i < kReasons; ++i) {
    failures_[i] = &failures.Add({{"reason", LabelOf(static_cast<FailureReason>(i))}});
  }
  short_deadlines_ = &failures.Add({{"reason", LabelOf(FailureReason::kDeadlineExceeded)}, {"deadline", "short"}});
  waiting_ = &Gauges(registry_, "flowbroker_requests_in_flight",
                     "Acquires that wait for DNS, a probe or a race now; those answered at once never show.")
                  .Add({});
}

void AcquireMetrics::Count(const engine::AnsweredAcquire& acquire) {
  const auto& flow = acquire.result.flow;
  if (flow && flow->source == FlowSource::kPooled && acquire.took == Duration::zero()) {
    pooled_at_once_.fetch_add(1, std::memory_order_relaxed);
  } else if (flow) {
    took_[Index(flow->source)][acquire.stale_dns ? 1 : 0]->Observe(Seconds(acquire.took));
  } else {
    const bool short_deadline = flow.error().reason == FailureReason::kDeadlineExceeded && acquire.took < kFairDeadline;
    (short_deadline ? short_deadlines_ : failures_[Index(flow.error().reason)])->Increment();
    took_in_vain_->Observe(Seconds(acquire.took));
  }
}

std::vector<MetricFamily> AcquireMetrics::Collect() const {
  std::vector<MetricFamily> families = registry_.Collect();
  const auto times = std::ranges::find(families, kTimes, &MetricFamily::name);
  for (ClientMetric& one : times->metric) {
    if (ValueOf(one, "source") != NameOf(FlowSource::kPooled) || ValueOf(one, "stale_dns") != TextOf(false)) continue;
    AddAtOnce(one.histogram, pooled_at_once_.load(std::memory_order_relaxed));
  }
  families.push_back(BySource(*times));
  return families;
}

}  // namespace flowbroker::telemetry
