#include "service/rpc/trace_parent.h"

#include <iterator>
#include <string_view>

#include "service/telemetry/trace_context.h"

namespace flowbroker::rpc {
std::string TraceParentOf(const grpc::ServerContext& context) {
  const auto& metadata = context.client_metadata();
  const auto [first, end] = metadata.equal_range("traceparent");
  if (first == end || std::next(first) != end) return {};
  const std::string_view text(first->second.data(), first->second.size());
  const auto trace = telemetry::ReadTraceParent(text);
  return trace ? std::string(trace->header) : std::string();
}

}  // namespace flowbroker::rpc
