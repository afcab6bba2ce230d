#include "broker/history/evidence.h"

#include <algorithm>
#include <cmath>

namespace flowbroker::history {
namespace {

/// What is left of a weight of one. Events of several threads may come a little out of order; they do not grow by that.
double Left(Duration age, Duration half_life) {
  return std::exp2(-static_cast<double>(std::max(age, Duration::zero()).count()) /
                   static_cast<double>(half_life.count()));
}

}  // namespace

void Evidence::Add(bool success, TimePoint now, const HistoryOptions& options) {
  const auto left = static_cast<float>(Left(now - at, options.half_life));
  successes = successes * left + (success ? 1.0F : 0.0F);
  failures = failures * left + (success ? 0.0F : 1.0F);
  at = std::max(at, now);
}

double Evidence::Probability(double prior, TimePoint now, const HistoryOptions& options) const {
  if (now - at >= options.lifetime) return prior;
  const double left = Left(now - at, options.half_life);
  return (successes * left + prior) / ((successes + failures) * left + 1);
}

}  // namespace flowbroker::history
