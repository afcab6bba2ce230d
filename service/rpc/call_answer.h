#pragma once

#include <chrono>

#include "broker/base/failure.h"
#include "broker/base/trace.h"
#include "broker/engine/connection_broker.h"
#include "service/rpc/proto_conversion.h"
#include "service/rpc/status_mapping.h"
#include "service/rpc/unary_method.h"

namespace flowbroker::rpc {

inline Moment MomentOf(const engine::ConnectionBroker& broker) {
  return {broker.Now(), std::chrono::system_clock::now()};
}

template <typename Response>
void Fail(UnaryCall<Response>& call, const Failure& failure) {
  call.Fail(ToStatus(failure));
}

template <typename Response>
void Fail(UnaryCall<Response>& call, const Failure& failure, const Trace& trace, const Moment& now) {
  v1::Trace story;
  Fill(trace, now, story);
  call.Fail(ToStatus(failure, &story));
}

/// How long a call's work may take; fails the call and gives nothing where there is no time.
template <typename Response>
std::optional<Duration> TimeLeftFor(UnaryCall<Response>& call, Duration max) {
  const std::optional<Duration> left = call.TimeLeft(max);
  if (left > Duration::zero()) return left;
  if (left) {
    Fail(call, {FailureReason::kDeadlineExceeded, "the deadline had passed when the call came in"});
  } else {
    Fail(call, {FailureReason::kInvalidArgument, "a day away or more; is it in the right unit?", "deadline"});
  }
  return std::nullopt;
}

/// The moment a call's work must be done by, on the broker's time line; fails the call and gives nothing where that has
/// passed already.
template <typename Response>
std::optional<TimePoint> DeadlineOf(UnaryCall<Response>& call, const engine::ConnectionBroker& broker, Duration max) {
  const std::optional<Duration> left = TimeLeftFor(call, max);
  return left ? std::optional(broker.Now() + *left) : std::nullopt;
}

/// Ends a call whose only result is whether it worked.
template <typename Response>
void FinishOrFail(UnaryCall<Response>& call, const Expected<void>& done) {
  if (!done) return Fail(call, done.error());
  call.Finish();
}

}  // namespace flowbroker::rpc
