#pragma once

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include "flowbroker/v1/broker_service.grpc.pb.h"
#include "flowbroker/v1/flow_service.grpc.pb.h"

// What the benchmark callers share: raw gRPC stubs, so that only the broker is measured.
namespace flowbroker::bench {

using Clock = std::chrono::steady_clock;

/// Ends the program where `status` is not OK.
inline void Require(const grpc::Status& status, const char* what) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s: %d %s\n", what, static_cast<int>(status.error_code()), status.error_message().c_str());
  std::exit(1);
}

/// A connected channel: connecting to the broker is not part of any measurement.
inline std::shared_ptr<grpc::Channel> Connect(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  auto channel = grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
  if (!channel->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(10))) {
    std::fprintf(stderr, "no broker at %s\n", address.c_str());
    std::exit(1);
  }
  return channel;
}

}  // namespace flowbroker::bench
