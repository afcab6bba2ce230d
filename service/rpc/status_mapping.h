#pragma once

#include <grpcpp/support/status.h>

#include <cstddef>

#include "broker/base/failure.h"
#include "broker/base/time.h"
#include "flowbroker/v1/types.pb.h"

namespace flowbroker::rpc {

/// The one place where a FailureReason becomes a gRPC code.
grpc::StatusCode CodeOf(FailureReason reason);

/// The failure as callers see it: code, a message for people, and a google.rpc.Status in the error details that carries
/// `trace` (null: none) and, where a field of the request is at fault, a google.rpc.BadRequest.
grpc::Status ToStatus(const Failure& failure, const v1::Trace* trace = nullptr);

/// The server drains: the same request may succeed elsewhere at once, or here when it is back.
grpc::Status DrainingStatus();

/// A limit of the caller's was reached: the one that `setting` sets. `retry_after` zero: no telling when there is room.
grpc::Status LimitStatus(const char* setting, Duration retry_after);

/// Details travel in HTTP/2 trailers, of which most clients take 8 KB in all, base64 and message included; a longer
/// trailer would turn the error into a transport error. Steps are left out of a longer trace, attempts last.
inline constexpr std::size_t kMaxTraceBytes = 5000;

/// `trace` as far as it fits `max_bytes`.
v1::Trace FitTrace(const v1::Trace& trace, std::size_t max_bytes);

}  // namespace flowbroker::rpc
