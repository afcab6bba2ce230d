#include "service/telemetry/request_log.h"

#include <boost/json.hpp>
#include <string_view>
#include <variant>

#include "service/telemetry/trace_context.h"

namespace flowbroker::telemetry {
namespace {

/// Longer texts of callers are cut.
constexpr std::size_t kMaxText = 256;

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
    add("traceparent", context->header);
    add("trace_id", context->trace_id);
    add("parent_id", context->parent_id);
  }
  add("tenant", acquire.owner.tenant);
  add("client_group", acquire.owner.client_group);
  add("host", HostOf(acquire.destination));
  return fields;
}

}  // namespace flowbroker::telemetry
