#include "service/rpc/rpc_server.h"

#include <absl/synchronization/mutex.h>
#include <grpcpp/ext/channelz_service_plugin.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "service/rpc/listen_address.h"

namespace flowbroker::rpc {
namespace {

std::size_t QueueCount(std::size_t configured) {
  if (configured > 0) return configured;
  return std::max(1U, std::thread::hardware_concurrency() / 2);
}

/// "127.0.0.1:0" and the port the kernel chose -> "127.0.0.1:40123".
std::string WithPort(const std::string& address, int port) {
  if (address.starts_with("unix:")) return address;
  return address.substr(0, address.rfind(':') + 1) + std::to_string(port);
}

}  // namespace

RpcServer::RpcServer(const RpcOptions& options, engine::ConnectionBroker& broker)
    : broker_rpc_(broker, options), flow_rpc_(broker, options), history_rpc_(broker, options) {}

Expected<std::unique_ptr<RpcServer>> RpcServer::Start(const config::ServiceConfig& config,
                                                      engine::ConnectionBroker& broker) {
  const RpcOptions options{.max_deadline = config.max_deadline,
                           .relay_queue_bytes = config.relay_queue_bytes,
                           .relay_queue_messages = config.relay_queue_messages,
                           .watch_queue_events = config.watch_queue_events};
  std::unique_ptr<RpcServer> server(new RpcServer(options, broker));
  if (auto listening = server->Listen(config); !listening) return Unexpected(listening.error());
  for (const auto& queue : server->queues_) {
    server->health_.ServeOn(*queue);
    server->broker_rpc_.ServeOn(*queue);
    server->flow_rpc_.ServeOn(*queue);
    server->history_rpc_.ServeOn(*queue);
    queue->Run();
  }
  return server;
}

Expected<void> RpcServer::Listen(const config::ServiceConfig& config) {
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  grpc::channelz::experimental::InitChannelzService();
  grpc::EnableDefaultHealthCheckService(false);  // health_ takes its place
  // Debian builds absl in debug mode, where every lock inside gRPC is checked for its order: 8 % of a call's CPU.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  grpc::ServerBuilder builder;
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);  // a port in use shall be an error
  builder.RegisterService(&health_.service());
  builder.RegisterService(&broker_rpc_.service());
  builder.RegisterService(&flow_rpc_.service());
  builder.RegisterService(&history_rpc_.service());
  std::vector<int> ports(config.listen.size(), 0);
  for (std::size_t i = 0; i < config.listen.size(); ++i) {
    if (auto ready = PrepareListenAddress(config.listen[i]); !ready) return ready;
    builder.AddListeningPort(config.listen[i], grpc::InsecureServerCredentials(), &ports[i]);
  }
  for (std::size_t i = 0; i < QueueCount(config.completion_queues); ++i) {
    queues_.push_back(std::make_unique<CallQueue>(builder.AddCompletionQueue()));
  }
  server_ = builder.BuildAndStart();
  for (std::size_t i = 0; i < config.listen.size(); ++i) {
    if (server_ == nullptr || ports[i] == 0) {
      return Unexpected({FailureReason::kInvalidArgument, "cannot listen on " + config.listen[i]});
    }
    addresses_ += (addresses_.empty() ? "" : ",") + WithPort(config.listen[i], ports[i]);
  }
  return {};
}

void RpcServer::Apply(const config::ServiceConfig& /*config*/) {}

Expected<void> RpcServer::ReloadCertificates() {
  return {};
}

std::optional<std::chrono::system_clock::time_point> RpcServer::CertificateExpiry() const {
  return std::nullopt;
}

std::shared_ptr<grpc::Channel> RpcServer::InProcessChannel() {
  return server_->InProcessChannel({});
}

void RpcServer::BeginDrain(Duration /*time_left*/) {
  SetServing(false);
}

std::size_t RpcServer::Ping(const std::function<void()>& answered) {
  for (const auto& queue : queues_) queue->Post(answered);
  return queues_.size();
}

void RpcServer::Drain(Duration timeout) {
  for (const auto& queue : queues_) {
    queue->EndStreams({grpc::StatusCode::UNAVAILABLE, "the broker is shutting down; use another instance"});
  }
  server_->Shutdown(std::chrono::system_clock::now() + timeout);
}

RpcServer::~RpcServer() {
  if (server_ == nullptr) return;
  server_->Shutdown(std::chrono::system_clock::now());
  for (const auto& queue : queues_) queue->Stop();
  queues_.clear();  // joins
}

}  // namespace flowbroker::rpc
