#pragma once

#include <google/protobuf/message.h>
#include <google/protobuf/struct.pb.h>
#include <grpcpp/support/status.h>

#include <string>

#include "clients/cpp/result.h"
#include "flowbroker/v1/types.pb.h"

// Machine output: the JSON of the contract's messages with the field names of the .proto files, fields without presence
// always there, one document per line. A stable interface.
namespace flowbroker::cli {

/// One line, without the line end.
std::string ToJson(const google::protobuf::Message& message);

/// The same as a value, to be put into a larger document.
google::protobuf::Value ToValue(const google::protobuf::Message& message);

google::protobuf::Value ToValue(const std::string& text);
google::protobuf::Value ToValue(double number);

/// {"error": {"code": "UNAVAILABLE", "failure": "...", "message": "...", "trace": {...}}}; no trace: the field is
/// absent.
google::protobuf::Struct ErrorDocument(const client::Error& error, const v1::Trace* trace);

}  // namespace flowbroker::cli
