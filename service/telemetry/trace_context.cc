#include "service/telemetry/trace_context.h"

#include <algorithm>

namespace flowbroker::telemetry {
namespace {

constexpr std::size_t kLength = 55;      // of version 00, and of what later versions begin with
constexpr std::size_t kMaxLength = 256;  // longer ones of later versions are no use to anybody

bool IsLowerHex(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool IsZero(std::string_view text) {
  return text.find_first_not_of('0') == std::string_view::npos;
}

}  // namespace

std::optional<TraceContext> ReadTraceParent(std::string_view text) {
  if (text.size() < kLength || text.size() > kMaxLength) return std::nullopt;
  if (text[2] != '-' || text[35] != '-' || text[52] != '-') return std::nullopt;
  const std::string_view version = text.substr(0, 2);
  const std::string_view trace = text.substr(3, 32);
  const std::string_view parent = text.substr(36, 16);
  const std::string_view flags = text.substr(53, 2);
  if (!IsLowerHex(version) || !IsLowerHex(trace) || !IsLowerHex(parent) || !IsLowerHex(flags)) return std::nullopt;
  if (version == "ff" || IsZero(trace) || IsZero(parent)) return std::nullopt;
  const bool ends = text.size() == kLength || (version != "00" && text[kLength] == '-');
  if (!ends) return std::nullopt;
  return TraceContext{text.substr(0, kLength), trace, parent};
}

}  // namespace flowbroker::telemetry
