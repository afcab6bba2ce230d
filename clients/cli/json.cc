#include "clients/cli/json.h"

#include <google/protobuf/util/json_util.h>

#include "clients/cli/text.h"

namespace flowbroker::cli {

std::string ToJson(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = true;
  std::string json;
  const auto status = google::protobuf::util::MessageToJsonString(message, &json, options);
  return status.ok() ? json : "{}";
}

google::protobuf::Value ToValue(const google::protobuf::Message& message) {
  google::protobuf::Value value;
  const auto status = google::protobuf::util::JsonStringToMessage(ToJson(message), &value);
  if (!status.ok()) value.set_null_value(google::protobuf::NULL_VALUE);
  return value;
}

google::protobuf::Value ToValue(const std::string& text) {
  google::protobuf::Value value;
  value.set_string_value(Clean(text, true));
  return value;
}

google::protobuf::Value ToValue(double number) {
  google::protobuf::Value value;
  value.set_number_value(number);
  return value;
}

google::protobuf::Struct ErrorDocument(const client::Error& error, const v1::Trace* trace) {
  google::protobuf::Struct document;
  auto& fields = *(*document.mutable_fields())["error"].mutable_struct_value()->mutable_fields();
  fields["code"] = ToValue(std::string(client::ToString(error.code)));
  fields["failure"] = ToValue(error.failure);
  fields["message"] = ToValue(error.message);
  if (!error.field.empty()) fields["field"] = ToValue(error.field);
  if (trace != nullptr) fields["trace"] = ToValue(*trace);
  return document;
}

}  // namespace flowbroker::cli
