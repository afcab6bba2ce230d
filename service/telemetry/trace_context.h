#pragma once

#include <optional>
#include <string_view>

namespace flowbroker::telemetry {

/// A caller's `traceparent`. Views into the header it was read from.
struct TraceContext {
  std::string_view header;     ///< without what a later version may say behind it, which means nothing to us
  std::string_view trace_id;   ///< 32 hex digits
  std::string_view parent_id;  ///< 16 hex digits
};

/// Reads W3C Trace Context section 3.2: "00-<32 hex>-<16 hex>-<2 hex>", lower case, neither id all zeros; later
/// versions may say more behind another '-'. Nothing for anything else, which is to be ignored and must reach neither a
/// log nor metadata.
std::optional<TraceContext> ReadTraceParent(std::string_view text);

}  // namespace flowbroker::telemetry
