#pragma once

#include <string>
#include <string_view>

#include "broker/base/expected.h"
#include "service/admin/call_directory.h"

namespace flowbroker::admin {

/// The request of `call` in the wire format, from its JSON (protobuf's mapping). No octets at all are an empty message.
/// Fails with kInvalidArgument, and names the field where the text is JSON; an unknown field is an error, because it
/// is most often a slip of the pen. `json` may be anything.
Expected<std::string> WireFromJson(const RpcCall& call, std::string_view json);

/// The answer of `call` as JSON: lowerCamelCase names, enums by name, 64-bit integers as strings, and every field
/// without presence even where it has its default, so that a script finds `false` and `0` where it looks for them.
/// Fails with kInternal where `wire` is not that message.
Expected<std::string> JsonFromWire(const RpcCall& call, std::string_view wire);

}  // namespace flowbroker::admin
