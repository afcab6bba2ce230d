#include "service/admin/status_answer.h"

#include <google/protobuf/util/json_util.h>

#include <algorithm>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace flowbroker::admin {
namespace {

/// False where a detail has a type or octets that nobody here can read.
bool ToJson(const google::protobuf::Message& message, std::string& json) {
  google::protobuf::util::JsonPrintOptions options;
  options.always_print_primitive_fields = true;
  json.clear();
  return google::protobuf::util::MessageToJsonString(message, &json, options).ok();
}

std::string ShowReadable(google::rpc::Status status) {
  google::rpc::Status readable;
  readable.set_code(status.code());
  readable.set_message(status.message());
  std::string json;
  for (const google::protobuf::Any& detail : status.details()) {
    if (ToJson(detail, json)) *readable.add_details() = detail;
  }
  if (ToJson(readable, json)) return json;
  return R"({"code":13,"message":"the error cannot be shown as JSON","details":[]})";
}

/// The status in the details where it is there and says the same, else one without details.
google::rpc::Status Details(const grpc::Status& status) {
  google::rpc::Status details;
  if (details.ParseFromString(status.error_details()) && details.code() == status.error_code()) return details;
  details.Clear();
  details.set_code(status.error_code());
  details.set_message(status.error_message());
  return details;
}

std::optional<std::chrono::seconds> RetryAfter(const google::rpc::Status& status) {
  google::rpc::RetryInfo info;
  for (const google::protobuf::Any& detail : status.details()) {
    if (!detail.Is<google::rpc::RetryInfo>() || !detail.UnpackTo(&info)) continue;
    const std::int64_t seconds = info.retry_delay().seconds() + (info.retry_delay().nanos() > 0 ? 1 : 0);
    return std::chrono::seconds(std::max<std::int64_t>(seconds, 1));
  }
  return std::nullopt;
}

}  // namespace

unsigned HttpCodeOf(grpc::StatusCode code) {
  switch (code) {
    case grpc::StatusCode::OK:
      return 200;
    case grpc::StatusCode::CANCELLED:
      return 499;
    case grpc::StatusCode::INVALID_ARGUMENT:
    case grpc::StatusCode::FAILED_PRECONDITION:
    case grpc::StatusCode::OUT_OF_RANGE:
      return 400;
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return 504;
    case grpc::StatusCode::NOT_FOUND:
      return 404;
    case grpc::StatusCode::ALREADY_EXISTS:
    case grpc::StatusCode::ABORTED:
      return 409;
    case grpc::StatusCode::PERMISSION_DENIED:
      return 403;
    case grpc::StatusCode::UNAUTHENTICATED:
      return 401;
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
      return 429;
    case grpc::StatusCode::UNIMPLEMENTED:
      return 501;
    case grpc::StatusCode::UNAVAILABLE:
      return 503;
    case grpc::StatusCode::UNKNOWN:
    case grpc::StatusCode::INTERNAL:
    case grpc::StatusCode::DATA_LOSS:
    case grpc::StatusCode::DO_NOT_USE:
      return 500;
  }
  return 500;  // an open enum of the wire
}

StatusAnswer AnswerOf(const grpc::Status& status) {
  const google::rpc::Status details = Details(status);
  return {
      .http_code = HttpCodeOf(status.error_code()), .json = ShowReadable(details), .retry_after = RetryAfter(details)};
}

}  // namespace flowbroker::admin
