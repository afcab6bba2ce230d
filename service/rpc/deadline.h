#pragma once

#include <grpcpp/server_context.h>

#include <cstdint>
#include <optional>

#include "broker/base/time.h"

namespace flowbroker::rpc {

/// How long the work for a call may take: what its deadline leaves, at most `max`, less a twentieth (50 ms at most) so
/// that our DEADLINE_EXCEEDED, which carries the trace, is there before the caller's own clock ends the call. An absent
/// deadline shows as some 7e12 ms and becomes `max`. Zero where the deadline has passed; nothing where it IsAbsurd.
std::optional<Duration> TimeLeft(const grpc::ServerContext& context, Duration max);

/// Whether a deadline is so far away (a day or more) that it must be a mistake, of units most likely. An absent one is
/// none. `left` in seconds.
bool IsAbsurd(std::int64_t left);

/// The arithmetic of it, for tests. `left` may be negative.
Duration WorkTime(Duration left, Duration max);

}  // namespace flowbroker::rpc
