#include "clients/cli/exit_code.h"

namespace flowbroker::cli {

using client::Code;

ExitCode ExitCodeFor(const client::Error& error) {
  switch (error.code) {
    case Code::kInvalidArgument:
      return ExitCode::kUsage;
    case Code::kNotFound:
      return ExitCode::kNotFound;
    case Code::kUnavailable:
      return error.failure == client::kBrokerUnreachable ? ExitCode::kBrokerUnreachable : ExitCode::kUnavailable;
    case Code::kDeadlineExceeded:
      return ExitCode::kDeadlineExceeded;
    case Code::kResourceExhausted:
      return ExitCode::kResourceExhausted;
    case Code::kCancelled:
    case Code::kUnknown:
    case Code::kAlreadyExists:
    case Code::kPermissionDenied:
    case Code::kFailedPrecondition:
    case Code::kAborted:
    case Code::kOutOfRange:
    case Code::kUnimplemented:
    case Code::kInternal:
    case Code::kDataLoss:
    case Code::kUnauthenticated:
      return ExitCode::kOther;
  }
  __builtin_unreachable();
}

Code CodeForSendFailure(std::string_view failure) {
  if (failure == "unknown_flow") return Code::kNotFound;
  if (failure == "limit_reached") return Code::kResourceExhausted;
  if (failure == "invalid_argument" || failure == "message_too_large") return Code::kInvalidArgument;
  return Code::kUnavailable;
}

}  // namespace flowbroker::cli
