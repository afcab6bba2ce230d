#include "service/telemetry/json_log.h"

#include <boost/json.hpp>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <string>

namespace flowbroker::telemetry {
namespace {

constexpr std::size_t kMaxSteps = 64;

/// "2024-05-01T12:00:00.123Z".
std::string NowText() {
  const auto now = std::chrono::system_clock::now();
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  const auto millis =
      static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() % 1000);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char date[32];
  const std::size_t length = std::strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &utc);
  char millis_text[8];
  std::snprintf(millis_text, sizeof(millis_text), ".%03dZ", millis);
  return std::string(date, length) + millis_text;
}

std::string_view NameOf(TraceOutcome outcome) {
  switch (outcome) {
    case TraceOutcome::kPending:
      return "pending";
    case TraceOutcome::kSucceeded:
      return "succeeded";
    case TraceOutcome::kWon:
      return "won";
    case TraceOutcome::kLost:
      return "lost";
    case TraceOutcome::kFailed:
      return "failed";
    case TraceOutcome::kCacheHit:
      return "cache_hit";
    case TraceOutcome::kStale:
      return "stale";
  }
  __builtin_unreachable();
}

boost::json::object ToJson(const TraceStep& step, TimePoint start) {
  boost::json::object out;
  out["start_us"] = Microseconds(step.start - start);
  if (step.outcome != TraceOutcome::kPending) out["end_us"] = Microseconds(step.end - start);
  out["subject"] = step.subject;
  out["outcome"] = NameOf(step.outcome);
  if (!step.reason.empty()) out["reason"] = step.reason;
  if (step.failure) out["failure"] = std::string_view(ToString(*step.failure));
  return out;
}

}  // namespace

std::int64_t Microseconds(Duration duration) {
  return std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
}

boost::json::array ToJson(const Trace& trace) {
  boost::json::array steps;
  for (const TraceStep& step : trace.steps) {
    if (steps.size() == kMaxSteps) break;
    steps.push_back(ToJson(step, trace.start));
  }
  return steps;
}

void JsonLog::Write(config::LogLevel level, std::string_view event, boost::json::object fields) {
  if (!Enabled(level)) return;
  boost::json::object line;
  line["time"] = NowText();
  line["level"] = config::ToString(level);
  line["event"] = event;
  for (auto& [key, value] : fields) line[key] = std::move(value);
  writer_.Write(boost::json::serialize(line));
}

}  // namespace flowbroker::telemetry
