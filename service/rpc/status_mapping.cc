#include "service/rpc/status_mapping.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "service/rpc/proto_conversion.h"

namespace flowbroker::rpc {
namespace {

constexpr std::size_t kMaxMessageBytes = 500;

std::string MessageOf(const Failure& failure) {
  std::string message;
  if (!failure.field.empty()) {
    message = failure.field + ": " + failure.detail;
  } else if (failure.detail.empty()) {
    message = std::string(ToString(failure.reason)) + ": " + std::string(Explain(failure.reason));
  } else {
    message = failure.ToString();
  }
  if (message.size() > kMaxMessageBytes) message.resize(kMaxMessageBytes);
  return Printable(std::move(message));
}

/// Which steps are dispensable first: decisions and cache hits, then DNS and waits, attempts and probes last.
int RankOf(const v1::TraceStep& step) {
  switch (step.what()) {
    case v1::TRACE_WHAT_ATTEMPT:
    case v1::TRACE_WHAT_PROBE:
      return 2;
    case v1::TRACE_WHAT_DNS_QUERY:
      return step.outcome() == v1::TRACE_OUTCOME_CACHE_HIT ? 0 : 1;
    default:  // an open enum of the wire
      return 0;
  }
}

/// Another instance takes the request at once; this one needs about so long to be back, and all its callers come then.
constexpr Duration kRetryDraining = std::chrono::seconds(1);

void AddRetryInfo(Duration delay, google::rpc::Status& status) {
  google::rpc::RetryInfo retry;
  Fill(delay, *retry.mutable_retry_delay());
  status.add_details()->PackFrom(retry);
}

void AddDraining(google::rpc::Status& status) {
  google::rpc::ErrorInfo info;
  info.set_reason("DRAINING");
  info.set_domain("flowbroker");
  status.add_details()->PackFrom(info);
  AddRetryInfo(kRetryDraining, status);
}

grpc::Status WithDetails(const google::rpc::Status& status) {
  return {static_cast<grpc::StatusCode>(status.code()), status.message(), status.SerializeAsString()};
}

}  // namespace

grpc::StatusCode CodeOf(FailureReason reason) {
  switch (reason) {
    case FailureReason::kInvalidArgument:
      return grpc::StatusCode::INVALID_ARGUMENT;
    case FailureReason::kUnknownFlow:
    case FailureReason::kIdle:
    case FailureReason::kClosedByOwner:
    case FailureReason::kHandedOff:
    case FailureReason::kNoSuchName:
    case FailureReason::kNoRecords:
      return grpc::StatusCode::NOT_FOUND;
    case FailureReason::kForbidden:
      return grpc::StatusCode::PERMISSION_DENIED;
    case FailureReason::kAlreadyInUse:
      return grpc::StatusCode::ABORTED;
    case FailureReason::kCancelled:
      return grpc::StatusCode::CANCELLED;
    case FailureReason::kDeadlineExceeded:
      return grpc::StatusCode::DEADLINE_EXCEEDED;
    case FailureReason::kLimitReached:
    case FailureReason::kOutOfDescriptors:
      return grpc::StatusCode::RESOURCE_EXHAUSTED;
    case FailureReason::kDnsTimedOut:
    case FailureReason::kDnsServerFailure:
    case FailureReason::kDnsMalformed:
    case FailureReason::kTimedOut:
    case FailureReason::kRefused:
    case FailureReason::kHostUnreachable:
    case FailureReason::kNetworkUnreachable:
    case FailureReason::kLocalAddressLost:
    case FailureReason::kNoLocalAddress:
    case FailureReason::kReset:
    case FailureReason::kClosedByPeer:
    case FailureReason::kTlsTimedOut:
    case FailureReason::kTlsHandshakeFailed:
    case FailureReason::kCertificateUntrusted:
    case FailureReason::kCertificateMismatch:
    case FailureReason::kProbeTimedOut:
    case FailureReason::kKeepAliveTimedOut:
    case FailureReason::kMappedAddressChanged:
    case FailureReason::kMalformedMessage:
    case FailureReason::kMessageTooLarge:
    case FailureReason::kShuttingDown:
      return grpc::StatusCode::UNAVAILABLE;
    case FailureReason::kOvertaken:  // ends an attempt, never a call
    case FailureReason::kLostRace:   // ends an attempt, never a call
    case FailureReason::kInternal:
      return grpc::StatusCode::INTERNAL;
  }
  __builtin_unreachable();
}

v1::Trace FitTrace(const v1::Trace& trace, std::size_t max_bytes) {
  v1::Trace fitted;
  if (trace.has_start_time()) *fitted.mutable_start_time() = trace.start_time();
  std::size_t room = max_bytes - std::min(max_bytes, fitted.ByteSizeLong());
  std::vector<bool> kept(static_cast<std::size_t>(trace.steps_size()), false);
  for (int rank = 2; rank >= 0; --rank) {
    for (int i = 0; i < trace.steps_size(); ++i) {
      const std::size_t size = trace.steps(i).ByteSizeLong() + 4;  // with its tag and length
      if (RankOf(trace.steps(i)) != rank || size > room) continue;
      kept[static_cast<std::size_t>(i)] = true;
      room -= size;
    }
  }
  for (int i = 0; i < trace.steps_size(); ++i) {
    if (kept[static_cast<std::size_t>(i)]) *fitted.add_steps() = trace.steps(i);
  }
  return fitted;
}

grpc::Status ToStatus(const Failure& failure, const v1::Trace* trace) {
  google::rpc::Status status;
  status.set_code(CodeOf(failure.reason));
  status.set_message(MessageOf(failure));
  if (!failure.field.empty()) {
    google::rpc::BadRequest bad_request;
    auto* const violation = bad_request.add_field_violations();
    violation->set_field(failure.field);
    violation->set_description(Printable(failure.detail.substr(0, kMaxMessageBytes)));
    status.add_details()->PackFrom(bad_request);
  }
  if (failure.reason == FailureReason::kShuttingDown) AddDraining(status);
  if (trace != nullptr) status.add_details()->PackFrom(FitTrace(*trace, kMaxTraceBytes));
  return WithDetails(status);
}

grpc::Status DrainingStatus() {
  google::rpc::Status status;
  status.set_code(grpc::StatusCode::UNAVAILABLE);
  status.set_message("the broker is shutting down; use another instance");
  AddDraining(status);
  return WithDetails(status);
}

grpc::Status LimitStatus(const char* setting, Duration retry_after) {
  google::rpc::Status status;
  status.set_code(grpc::StatusCode::RESOURCE_EXHAUSTED);
  status.set_message("the caller has reached its limit: see the broker's setting " + std::string(setting));
  if (retry_after > Duration::zero()) AddRetryInfo(retry_after, status);
  return WithDetails(status);
}

}  // namespace flowbroker::rpc
