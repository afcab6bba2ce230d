#include <algorithm>
#include <string_view>

#include "clients/cpp/wire.h"
#include "google/rpc/error_details.pb.h"
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

// Of an error whose message does not begin with a name.
std::string_view NameFor(Code code) {
  if (code == Code::kUnavailable) return kBrokerUnreachable;
  if (code == Code::kDeadlineExceeded) return "deadline_exceeded";
  if (code == Code::kCancelled) return "cancelled";
  if (code == Code::kInvalidArgument) return "invalid_argument";
  return {};
}

// The first detail of that type.
template <typename Message>
std::optional<Message> Detail(const grpc::Status& status) {
  google::rpc::Status details;
  if (!details.ParseFromString(status.error_details())) return std::nullopt;
  for (const google::protobuf::Any& detail : details.details()) {
    Message message;
    if (detail.Is<Message>() && detail.UnpackTo(&message)) return message;
  }
  return std::nullopt;
}

std::string FieldOf(const grpc::Status& status) {
  const auto request = Detail<google::rpc::BadRequest>(status);
  return request && request->field_violations_size() > 0 ? request->field_violations(0).field() : std::string();
}

}  // namespace

Error ErrorFrom(const grpc::Status& status) {
  const int number = static_cast<int>(status.error_code());
  const Code code = number >= 1 && number <= 16 ? static_cast<Code>(number) : Code::kUnknown;
  const std::string message = status.error_message();
  Error error{.code = code, .failure = {}, .message = message, .field = FieldOf(status)};
  // A message that names a field begins with the field.
  const std::string_view name = error.field.empty() ? LeadingName(message) : std::string_view{};
  error.failure = name.empty() ? NameFor(code) : name;
  if (!name.empty()) error.message = message.substr(std::min(message.size(), name.size() + 2));
  if (const auto trace = TraceDetail(status)) error.trace = FromProto(*trace);
  return error;
}

std::optional<v1::Trace> TraceDetail(const grpc::Status& status) {
  return Detail<v1::Trace>(status);
}

}  // namespace flowbroker::client
