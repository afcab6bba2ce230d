#include "broker/flow/keep_alive.h"

#include <algorithm>

namespace flowbroker::flow {
namespace {

/// First retransmission of a STUN request (RFC 5389 s.7.2.1: RTO, doubled each time).
constexpr Duration kStunRto = std::chrono::milliseconds(500);

/// RFC 5626 s.4.4: "randomly distributed between 80% and 100% of the server-provided time".
KeepAliveInterval IntervalOf(Duration flow_timer) {
  return {flow_timer / 5 * 4, flow_timer};
}

Duration Draw(const KeepAliveInterval& bounds, RandomSource& random) {
  const auto span = std::max(bounds.longest - bounds.shortest, Duration::zero());
  return bounds.shortest + Duration(UniformUpTo(random, static_cast<std::uint64_t>(span.count())));
}

}  // namespace

std::string_view ToString(KeepAliveMethod method) {
  switch (method) {
    case KeepAliveMethod::kNone:
      return "none";
    case KeepAliveMethod::kCrlf:
      return "crlf";
    case KeepAliveMethod::kStun:
      return "stun";
    case KeepAliveMethod::kOptions:
      return "options";
  }
  __builtin_unreachable();
}

bool Suits(KeepAliveMethod method, Transport transport) {
  switch (method) {
    case KeepAliveMethod::kNone:
    case KeepAliveMethod::kOptions:
      return true;
    case KeepAliveMethod::kCrlf:
      return IsConnectionOriented(transport);
    case KeepAliveMethod::kStun:
      return !IsConnectionOriented(transport);
  }
  __builtin_unreachable();
}

void KeepAlive::Start(KeepAliveMethod method, Transport transport, std::optional<Duration> flow_timer,
                      const KeepAliveOptions& options, TimePoint now, RandomSource& random) {
  if (method != method_) has_answered_ = false;
  method_ = method;
  bounds_ = IsConnectionOriented(transport) ? options.stream_interval : options.datagram_interval;
  if (flow_timer) bounds_ = IntervalOf(*flow_timer);
  PlanNext(now, random);
}

KeepAlive::Action KeepAlive::OnDue(TimePoint last_heard, const KeepAliveOptions& options, TimePoint now,
                                   RandomSource& random) {
  if (now < due_) return Action::kWait;
  if (!waiting()) {
    if (last_heard + interval_ <= now) return Ask(options, now, random);
    due_ = last_heard + interval_;
    return Action::kWait;
  }
  if (last_heard >= asked_) {
    PlanNext(last_heard, random);
    return Action::kWait;
  }
  const TimePoint limit = asked_ + options.answer_time_limit;
  if (now < limit) {
    resend_ *= 2;
    due_ = std::min(now + resend_, limit);
    return Action::kAskAgain;
  }
  PlanNext(now, random);
  return has_answered_ || options.answer_required ? Action::kFail : Action::kWait;
}

void KeepAlive::OnAnswer(KeepAliveMethod method, TimePoint now, RandomSource& random) {
  if (method != method_ || method == KeepAliveMethod::kNone) return;
  if (method != KeepAliveMethod::kOptions && !waiting()) return;
  has_answered_ = true;
  PlanNext(now, random);
}

void KeepAlive::PlanNext(TimePoint from, RandomSource& random) {
  asked_ = kNever;
  interval_ = Draw(bounds_, random);
  due_ = method_ == KeepAliveMethod::kNone ? kNever : from + interval_;
}

KeepAlive::Action KeepAlive::Ask(const KeepAliveOptions& options, TimePoint now, RandomSource& random) {
  if (method_ == KeepAliveMethod::kOptions) {  // its retransmissions and its end are the probe's
    PlanNext(now, random);
    return Action::kAsk;
  }
  asked_ = now;
  resend_ = kStunRto;
  // TCP repeats by itself what gets lost.
  const TimePoint limit = now + options.answer_time_limit;
  due_ = method_ == KeepAliveMethod::kStun ? std::min(now + resend_, limit) : limit;
  return Action::kAsk;
}

}  // namespace flowbroker::flow
