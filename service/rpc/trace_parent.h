#pragma once

#include <grpcpp/server_context.h>

#include <string>

namespace flowbroker::rpc {

/// What the caller's tracer says the call belongs to, for logs; empty where there is none or it is malformed. The first
/// look at the metadata of a call makes a map of it, which costs more than a pooled Acquire can spare.
std::string TraceParentOf(const grpc::ServerContext& context);

}  // namespace flowbroker::rpc
