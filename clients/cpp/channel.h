#pragma once

#include <grpcpp/channel.h>

#include <chrono>
#include <memory>
#include <string>

#include "clients/cpp/flowbroker_client.h"
#include "clients/cpp/types.h"

namespace flowbroker::client {

/// A channel to the broker at `address`, "unix:/path" or "host:port". Connects to nothing yet; files that cannot be
/// read show as a broker that cannot be reached.
std::shared_ptr<grpc::Channel> OpenChannel(const std::string& address, const MutualTls& tls);

/// Whether `path` is a socket that this user or root made: in a shared directory another user's could pose as the
/// broker.
bool IsOurSocket(const std::string& path);

/// gRPC counts deadlines on the wall clock. Capped at a day: gRPC cannot add without bound.
std::chrono::system_clock::time_point DeadlineAfter(Duration timeout);

}  // namespace flowbroker::client
