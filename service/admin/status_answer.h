#pragma once

#include <grpcpp/support/status.h>

#include <chrono>
#include <optional>
#include <string>

namespace flowbroker::admin {

/// The HTTP code of a gRPC code, as google/rpc/code.proto documents it; 500 for what it does not know.
unsigned HttpCodeOf(grpc::StatusCode code);

/// An error as HTTP shows it.
struct StatusAnswer {
  unsigned http_code;
  std::string json;                                 ///< a google.rpc.Status, its details expanded (`@type`)
  std::optional<std::chrono::seconds> retry_after;  ///< from google.rpc.RetryInfo, rounded up, at least 1
};

/// `status` with the details it carries (`grpc-status-details-bin`: trace, field violations ...). A detail of a type
/// that is not of this process is left out.
StatusAnswer AnswerOf(const grpc::Status& status);

}  // namespace flowbroker::admin
