#include "clients/cpp/result.h"
#include "clients/cpp/types.h"

namespace flowbroker::client {

std::string Endpoint::ToString() const {
  const bool ipv6 = address.find(':') != std::string::npos;
  return (ipv6 ? "[" + address + "]" : address) + ":" + std::to_string(port);
}

std::string_view ToString(Transport transport) {
  switch (transport) {
    case Transport::kUnknown:
      return "?";
    case Transport::kUdp:
      return "UDP";
    case Transport::kTcp:
      return "TCP";
    case Transport::kTls:
      return "TLS";
  }
  __builtin_unreachable();
}

std::string_view ToString(AddressFamily family) {
  switch (family) {
    case AddressFamily::kUnknown:
      return "?";
    case AddressFamily::kIpv4:
      return "IPv4";
    case AddressFamily::kIpv6:
      return "IPv6";
  }
  __builtin_unreachable();
}

std::string_view ToString(FlowSource source) {
  switch (source) {
    case FlowSource::kUnknown:
      return "?";
    case FlowSource::kRaced:
      return "raced";
    case FlowSource::kShared:
      return "shared";
    case FlowSource::kPooled:
      return "pooled";
    case FlowSource::kProbed:
      return "probed";
  }
  __builtin_unreachable();
}

std::string_view ToString(FlowState state) {
  switch (state) {
    case FlowState::kUnknown:
      return "?";
    case FlowState::kOpen:
      return "open";
    case FlowState::kProbing:
      return "probing";
    case FlowState::kClosed:
      return "closed";
  }
  __builtin_unreachable();
}

std::string_view ToString(FlowEventKind kind) {
  switch (kind) {
    case FlowEventKind::kUnknown:
      return "?";
    case FlowEventKind::kOpened:
      return "opened";
    case FlowEventKind::kClosed:
      return "closed";
    case FlowEventKind::kMessageDropped:
      return "dropped";
  }
  __builtin_unreachable();
}

std::string_view ToString(TransactionOutcome outcome) {
  switch (outcome) {
    case TransactionOutcome::kAnswered:
      return "answered";
    case TransactionOutcome::kTimedOut:
      return "timed-out";
    case TransactionOutcome::kServiceUnavailable:
      return "service-unavailable";
    case TransactionOutcome::kTransportError:
      return "transport-error";
  }
  __builtin_unreachable();
}

std::string_view ToString(Code code) {
  switch (code) {
    case Code::kCancelled:
      return "CANCELLED";
    case Code::kUnknown:
      return "UNKNOWN";
    case Code::kInvalidArgument:
      return "INVALID_ARGUMENT";
    case Code::kDeadlineExceeded:
      return "DEADLINE_EXCEEDED";
    case Code::kNotFound:
      return "NOT_FOUND";
    case Code::kAlreadyExists:
      return "ALREADY_EXISTS";
    case Code::kPermissionDenied:
      return "PERMISSION_DENIED";
    case Code::kResourceExhausted:
      return "RESOURCE_EXHAUSTED";
    case Code::kFailedPrecondition:
      return "FAILED_PRECONDITION";
    case Code::kAborted:
      return "ABORTED";
    case Code::kOutOfRange:
      return "OUT_OF_RANGE";
    case Code::kUnimplemented:
      return "UNIMPLEMENTED";
    case Code::kInternal:
      return "INTERNAL";
    case Code::kUnavailable:
      return "UNAVAILABLE";
    case Code::kDataLoss:
      return "DATA_LOSS";
    case Code::kUnauthenticated:
      return "UNAUTHENTICATED";
  }
  __builtin_unreachable();
}

std::string Error::ToString() const {
  return std::string(client::ToString(code)) + (failure.empty() ? "" : ": " + failure) +
         (message.empty() ? "" : ": " + message);
}

}  // namespace flowbroker::client
