#pragma once

#include <cstdint>

#include "clients/cpp/result.h"

namespace flowbroker::cli {

/// What flowctl tells the shell. Part of its interface: see `flowctl --help`.
enum class ExitCode : std::uint8_t {
  kOk = 0,
  kOther = 1,              ///< anything without a number of its own
  kUsage = 2,              ///< the command line, or INVALID_ARGUMENT of the broker
  kNotFound = 3,           ///< no such name or flow
  kUnavailable = 4,        ///< every target failed, or the flow is dead
  kDeadlineExceeded = 5,   ///< not in time
  kResourceExhausted = 6,  ///< a limit of the broker
  kBrokerUnreachable = 7,  ///< the broker itself cannot be reached
};

ExitCode ExitCodeFor(const client::Error& error);

/// What a message that was not sent means, by the name of its failure.
client::Code CodeForSendFailure(std::string_view failure);

}  // namespace flowbroker::cli
