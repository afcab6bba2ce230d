#include "broker/history/hold.h"

#include <algorithm>
#include <limits>

#include "broker/history/failure_meaning.h"

namespace flowbroker::history {
namespace {

Duration LengthAfter(FailureReason reason, const HistoryOptions& options) {
  return IsQuick(MeaningOf(reason)) ? std::min(options.quick_hold, options.max_hold) : options.max_hold;
}

std::optional<Duration> LimitFrom(const Hold::Cause& cause, const HistoryOptions& options) {
  if (cause.reason != FailureReason::kOvertaken || !cause.took) return std::nullopt;
  return std::max(*cause.took, options.least_slow);
}

/// +-10 %, so that brokers that lost the same path do not retry it in step.
Duration Varied(Duration interval, RandomSource& random) {
  const auto per_mille = static_cast<int>(UniformUpTo(random, 200)) - 100;
  return interval + interval / 1000 * per_mille;
}

}  // namespace

Hold Hold::Begin(const Cause& cause, const Hold* above, TimePoint now, const HistoryOptions& options) {
  Hold hold{.since = now,
            .latest = now,
            .head_start = now + LengthAfter(cause.reason, options),
            .next_reprobe = now,
            .limit = LimitFrom(cause, options).value_or(Duration::max()),
            .reason = cause.reason};
  if (above != nullptr) {
    hold.head_start = std::min(hold.head_start, above->head_start);
    hold.reprobes = above->reprobes;
  }
  hold.next_reprobe += ReprobeInterval(hold.reprobes, options);
  return hold;
}

void Hold::Renew(const Cause& cause, TimePoint now, const HistoryOptions& options) {
  latest = std::max(latest, now);
  reason = cause.reason;
  slow = false;
  head_start = std::min(head_start, now + LengthAfter(reason, options));
  // Of several races the one that waited longest says what this path cannot do.
  if (const auto renewed = LimitFrom(cause, options))
    limit = limit == Duration::max() ? *renewed : std::max(limit, *renewed);
}

void Hold::TurnSlow(TimePoint now) {
  latest = std::max(latest, now);
  slow = true;
}

bool Hold::TakeHeadStart(TimePoint now, const HistoryOptions& options) {
  if (now < head_start) return false;
  head_start = now + LengthAfter(reason, options);
  return true;
}

bool Hold::TakeReprobe(TimePoint now, const HistoryOptions& options, RandomSource& random) {
  if (now < next_reprobe) return false;
  if (reprobes < std::numeric_limits<std::uint8_t>::max()) ++reprobes;
  next_reprobe = now + Varied(ReprobeInterval(reprobes, options), random);
  return true;
}

Duration ReprobeInterval(std::uint8_t n, const HistoryOptions& options) {
  Duration interval = std::min(options.first_reprobe, options.longest_reprobe);
  for (std::uint8_t i = 0; i < n && interval < options.longest_reprobe; ++i) {
    interval = std::min(interval + interval, options.longest_reprobe);
  }
  return interval;
}

}  // namespace flowbroker::history
