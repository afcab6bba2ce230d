#pragma once

#include <string>
#include <string_view>

#include "service/telemetry/limit_metrics.h"
#include "service/telemetry/series.h"

namespace flowbroker::telemetry {

/// Requests to the admin port. Routes and codes are closed lists of the port's own making; further series are made when
/// their code is first answered, which such traffic can afford. Any thread.
class AdminMetrics {
 public:
  explicit AdminMetrics(prometheus::Registry& registry)
      : requests_(Counters(registry, "flowbroker_admin_requests_total", "Requests to the admin port, answered.")),
        limits_(Counters(registry, LimitMetrics::kName, LimitMetrics::kHelp)) {
    for (const char* route : {"call", "drain", "healthz", "index", "metrics", "readyz"}) Requests(route, 200);
    Requests("other", 404);
    for (const char* limit : {"admin_calls", "admin_connections", "admin_rate"}) Limits(limit);
  }

  void CountAnswer(std::string_view route, unsigned code) { Requests(route, code).Increment(); }
  void CountLimit(std::string_view limit) { Limits(limit).Increment(); }

 private:
  prometheus::Counter& Requests(std::string_view route, unsigned code) {
    return requests_.Add({{"route", std::string(route)}, {"code", std::to_string(code)}});
  }
  prometheus::Counter& Limits(std::string_view limit) { return limits_.Add({{"limit", std::string(limit)}}); }

  CounterFamily& requests_;
  CounterFamily& limits_;  // the family of LimitMetrics
};

}  // namespace flowbroker::telemetry
