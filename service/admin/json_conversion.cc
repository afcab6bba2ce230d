#include "service/admin/json_conversion.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <memory>
#include <utility>

namespace flowbroker::admin {
namespace {

namespace protobuf = google::protobuf;

constexpr std::size_t kMaxComplaint = 300;

std::unique_ptr<protobuf::Message> Make(const protobuf::Descriptor& type) {
  return std::unique_ptr<protobuf::Message>(protobuf::MessageFactory::generated_factory()->GetPrototype(&type)->New());
}

/// The parser's words without the line of input they quote, and without octets that are not plain text.
std::string FirstLine(std::string_view words) {
  std::string line(words.substr(0, std::min(words.find('\n'), kMaxComplaint)));
  for (char& c : line) {
    if (c < ' ' || c > '~') c = '?';
  }
  return line;
}

/// What the parser complains about and where: "(destination) bogus: Cannot find field.", "(exclusive): invalid value
/// 5", "bogus: Cannot find field.", or about the text as such, "Unexpected token.".
Failure Complaint(const std::string& type, std::string line) {
  std::string path;
  std::string_view rest = line;
  if (rest.starts_with('(')) {
    const std::size_t end = rest.find(')');
    path = rest.substr(1, end == std::string_view::npos ? end : end - 1);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (rest.starts_with(' ')) rest.remove_prefix(1);
  }
  const std::string_view name = rest.substr(0, rest.find(": "));
  if (name.size() + 2 < rest.size() && name.find(' ') == std::string_view::npos) {
    if (!name.empty()) path += (path.empty() ? "" : ".") + std::string(name);
    line = rest.substr(name.size() + 2);
  }
  if (path.empty()) line = "not the JSON of " + type + ": " + line;
  return {FailureReason::kInvalidArgument, std::move(line), std::move(path)};
}

}  // namespace

Expected<std::string> WireFromJson(const RpcCall& call, std::string_view json) {
  if (json.empty()) return std::string();
  const auto& type = *call.descriptor->input_type();
  const auto message = Make(type);
  const auto status = protobuf::util::JsonStringToMessage({json.data(), json.size()}, message.get());
  if (!status.ok()) return Unexpected(Complaint(type.full_name(), FirstLine(std::string(status.message()))));
  return message->SerializeAsString();
}

Expected<std::string> JsonFromWire(const RpcCall& call, std::string_view wire) {
  const auto& type = *call.descriptor->output_type();
  const auto message = Make(type);
  protobuf::util::JsonPrintOptions options;
  options.always_print_primitive_fields = true;
  std::string json;
  if (!message->ParseFromArray(wire.data(), static_cast<int>(wire.size())) ||
      !protobuf::util::MessageToJsonString(*message, &json, options).ok()) {
    return Unexpected({FailureReason::kInternal, "the answer cannot be shown as JSON"});
  }
  return json;
}

}  // namespace flowbroker::admin
