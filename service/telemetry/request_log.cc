#include "service/telemetry/request_log.h"

#include <algorithm>
#include <boost/json.hpp>
#include <optional>
#include <string_view>
#include <variant>

namespace flowbroker::telemetry {
namespace {

/// Longer texts of callers are cut.
constexpr std::size_t kMaxText = 256;

struct TraceContext {
  std::string_view trace_id;
  std::string_view parent_id;
};

bool IsLowerHex(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool IsZero(std::string_view text) {
  return text.find_first_not_of('0') == std::string_view::npos;
}

/// W3C Trace Context s.3.2: "00-<32 hex digits>-<16>-<2>"; a later version may go on after another '-'.
std::optional<TraceContext> ReadTraceParent(std::string_view text) {
  constexpr std::size_t kLength = 55;
  if (text.size() < kLength || text.size() > kMaxText) return std::nullopt;
  const auto version = text.substr(0, 2);
  const auto trace = text.substr(3, 32);
  const auto parent = text.substr(36, 16);
  const auto flags = text.substr(53, 2);
  const bool ends = version == "00" ? text.size() == kLength : text.size() == kLength || text[kLength] == '-';
  const bool dashes = text[2] == '-' && text[35] == '-' && text[52] == '-';
  const bool hex = IsLowerHex(version) && IsLowerHex(trace) && IsLowerHex(parent) && IsLowerHex(flags);
  if (!ends || !dashes || !hex || version == "ff" || IsZero(trace) || IsZero(parent)) return std::nullopt;
  return TraceContext{trace, parent};
}

std::string_view HostOf(const engine::Destination& destination) {
  if (const auto* uri = std::get_if<sip::SipUri>(&destination.to)) return uri->host;
  return std::get<location::ResponseDestination>(destination.to).sent_by_host;
}

}  // namespace

boost::json::object RequestFields(const engine::AnsweredAcquire& acquire) {
  boost::json::object fields;
  const auto add = [&fields](std::string_view key, std::string_view value) {
    if (!value.empty()) fields[key] = value.substr(0, kMaxText);
  };
  add("request_id", acquire.request_id);
  if (const auto context = ReadTraceParent(acquire.trace_parent)) {
    add("traceparent", acquire.trace_parent.substr(0, 55));  // a later version's additions mean nothing to us
    add("trace_id", context->trace_id);
    add("parent_id", context->parent_id);
  }
  add("tenant", acquire.owner.tenant);
  add("client_group", acquire.owner.client_group);
  add("host", HostOf(acquire.destination));
  return fields;
}

}  // namespace flowbroker::telemetry
