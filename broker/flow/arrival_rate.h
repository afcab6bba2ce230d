#pragma once

#include <cstddef>
#include <cstdint>

#include "broker/base/random_source.h"
#include "broker/base/time.h"
#include "broker/flow/source_counts.h"

namespace flowbroker::flow {

struct ArrivalRateOptions {
  std::size_t per_second;             ///< from all sources together
  std::size_t per_second_and_source;  ///< from one IPv4 address or IPv6 /64
};

/// How many datagrams or connections are taken in each second; who sends more loses the rest, before anybody looks at
/// them (N3). What is refused to a source does not count for all. Memory is fixed, whatever sources are forged. Pure;
/// not thread-safe.
class ArrivalRate {
 public:
  enum class Verdict : std::uint8_t {
    kTaken,
    kTooMany,            ///< per_second
    kTooManyFromSource,  ///< per_second_and_source
  };

  ArrivalRate(const ArrivalRateOptions& options, RandomSource& random)
      : options_(options), by_source_(kWidth, random) {}

  Verdict Take(const IpAddress& source, TimePoint now) {
    if (now - began_ >= kWindow) BeginWindow(now);
    if (by_source_.Of(source) >= options_.per_second_and_source) return Verdict::kTooManyFromSource;
    if (taken_ >= options_.per_second) return Verdict::kTooMany;
    ++taken_;
    by_source_.Add(source);
    return Verdict::kTaken;
  }

 private:
  static constexpr Duration kWindow = std::chrono::seconds(1);
  static constexpr std::size_t kWidth = 16'384;  // 128 KB, cleared once a second

  void BeginWindow(TimePoint now) {
    began_ = now;
    taken_ = 0;
    by_source_.Clear();
  }

  ArrivalRateOptions options_;
  SourceCounts by_source_;
  TimePoint began_{};
  std::size_t taken_ = 0;
};

}  // namespace flowbroker::flow
