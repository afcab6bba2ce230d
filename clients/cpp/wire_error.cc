#include <algorithm>
#include <string_view>

#include "clients/cpp/wire.h"
#include "google/rpc/status.pb.h"

namespace flowbroker::client {
namespace {

// "tls_timed_out" of "tls_timed_out: the handshake hung"; empty where the message does not begin with such a name, as
// with those that gRPC itself makes up ("Socket closed").
std::string_view LeadingName(std::string_view message) {
  const std::string_view name = message.substr(0, message.find(": "));
  const auto in_name = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
  return std::all_of(name.begin(), name.end(), in_name) ? name : std::string_view{};
}

std::string_view NameFor(Code code) {
  if (code == Code::kUnavailable) return kBrokerUnreachable;
  if (code == Code::kDeadlineExceeded) return "deadline_exceeded";
  if (code == Code::kCancelled) return "cancelled";
  return {};
}

}  // namespace

Error ErrorFrom(const grpc::Status& status) {
  const int number = static_cast<int>(status.error_code());
  const Code code = number >= 1 && number <= 16 ? static_cast<Code>(number) : Code::kUnknown;
  const std::string message = status.error_message();
  const std::string_view name = LeadingName(message);
  Error error{.code = code, .failure = std::string(name), .message = {}, .trace = std::nullopt};
  if (name.empty()) {
    error.failure = NameFor(code);
    error.message = message;
  } else {
    error.message = message.substr(std::min(message.size(), name.size() + 2));
  }
  if (const auto trace = TraceDetail(status)) error.trace = FromProto(*trace);
  return error;
}

std::optional<v1::Trace> TraceDetail(const grpc::Status& status) {
  google::rpc::Status details;
  if (!details.ParseFromString(status.error_details())) return std::nullopt;
  for (const google::protobuf::Any& detail : details.details()) {
    v1::Trace trace;
    if (detail.Is<v1::Trace>() && detail.UnpackTo(&trace)) return trace;
  }
  return std::nullopt;
}

}  // namespace flowbroker::client
