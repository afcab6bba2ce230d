#pragma once

#include <atomic>
#include <boost/json/object.hpp>
#include <cstdint>
#include <string_view>

#include "broker/base/trace.h"
#include "service/config/service_config.h"
#include "service/telemetry/log_writer.h"

namespace flowbroker::telemetry {

/// The process's log: one JSON object per line with `time`, `level`, `event` and what belongs to it. Any thread.
class JsonLog {
 public:
  /// `writer` must outlive the log.
  JsonLog(LogWriter& writer, config::LogLevel level) : writer_(writer), level_(level) {}

  bool Enabled(config::LogLevel level) const { return level <= level_.load(std::memory_order_relaxed); }
  void SetLevel(config::LogLevel level) { level_.store(level, std::memory_order_relaxed); }

  void Write(config::LogLevel level, std::string_view event, boost::json::object fields = {});

 private:
  LogWriter& writer_;
  std::atomic<config::LogLevel> level_;
};

/// Whole numbers: Boost.JSON writes every fraction with an exponent, which people cannot read.
std::int64_t Microseconds(Duration duration);

/// A trace as an array of objects, times in microseconds since its start; the first 64 steps of it.
boost::json::array ToJson(const Trace& trace);

}  // namespace flowbroker::telemetry
