#include "service/telemetry/series.h"

namespace flowbroker::telemetry {

OutcomeCounters::OutcomeCounters(CounterFamily& family, prometheus::Labels labels) {
  labels["outcome"] = "ok";
  ok_ = &family.Add(labels);
  for (std::size_t i = 0; i < kReasons; ++i) {
    labels["outcome"] = LabelOf(static_cast<FailureReason>(i));
    failed_[i] = &family.Add(labels);
  }
}

void OutcomeCounters::Count(const std::optional<FailureReason>& failure) {
  prometheus::Counter* const counter = failure ? failed_[Index(*failure)] : ok_;
  if (counter != nullptr) counter->Increment();
}

}  // namespace flowbroker::telemetry
