#pragma once

#include <grpcpp/server_context.h>

#include <string>
#include <string_view>

namespace flowbroker::rpc {

/// Whether `text` is a traceparent header by W3C Trace Context section 3.2: "00-<32 hex>-<16 hex>-<2 hex>", lower case,
/// neither id all zeros; later versions may say more behind that.
bool IsTraceParent(std::string_view text);

/// What the caller's tracer says the call belongs to, for logs; empty where there is none or it is malformed. The first
/// look at the metadata of a call makes a map of it, which costs more than a pooled Acquire can spare.
std::string TraceParentOf(const grpc::ServerContext& context);

}  // namespace flowbroker::rpc
