#include "clients/cpp/channel.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "clients/cpp/flowbroker_client.h"

namespace flowbroker::client {

std::string BrokerAddress(std::string_view given) {
  if (!given.empty()) return std::string(given);
  if (const char* address = std::getenv("FLOWBROKER_ADDRESS"); address != nullptr && *address != '\0') return address;
  std::error_code none;
  if (std::filesystem::exists(kDefaultSocketPath, none)) return "unix:" + std::string(kDefaultSocketPath);
  return "127.0.0.1:7460";
}

std::shared_ptr<grpc::Channel> OpenChannel(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY,
                   0);  // the broker is near: a proxy of the environment is not meant for it
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // no sharing of connections between clients
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

std::chrono::system_clock::time_point DeadlineAfter(Duration timeout) {
  const auto capped = std::clamp<Duration>(timeout, Duration::zero(), std::chrono::hours(24));
  return std::chrono::system_clock::now() + std::chrono::duration_cast<std::chrono::system_clock::duration>(capped);
}

}  // namespace flowbroker::client
