#include "service/rpc/rpc_server.h"

#include <absl/synchronization/mutex.h>
#include <grpcpp/ext/channelz_service_plugin.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <climits>
#include <thread>

#include "service/config/value_text.h"
#include "service/rpc/listen_address.h"
#include "service/rpc/status_mapping.h"

namespace flowbroker::rpc {
namespace {

std::size_t QueueCount(std::size_t configured) {
  if (configured > 0) return configured;
  return std::max(1U, std::thread::hardware_concurrency() / 2);
}

int Milliseconds(Duration duration) {
  return static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(duration).count());
}

/// Asks callers over TCP whether they are there, also those without a call: a host that went without a word would hold
/// what it had for as long as the kernel believes in it.
void AddKeepalive(const config::ServiceConfig& config, grpc::ServerBuilder& builder) {
  if (std::ranges::all_of(config.listen, IsUnixSocket)) return;  // where the kernel tells
  const Duration interval = config.grpc_keepalive_interval;
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS,
                             interval > Duration::zero() ? Milliseconds(interval) : INT_MAX);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);  // else it gives up asking after two
}

/// The one bound on callers that open calls and do not read the answers, too: an alarm per call would cost those who
/// do.
void AddConnectionAge(const config::ServiceConfig& config, grpc::ServerBuilder& builder) {
  if (config.grpc_connection_age == Duration::zero()) return;
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_MS, Milliseconds(config.grpc_connection_age));
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS, Milliseconds(config.grpc_connection_age_grace));
}

/// While it lives, sockets are made with `mode` and nothing more: gRPC sets no mode of its own.
class ScopedSocketMode {
 public:
  explicit ScopedSocketMode(mode_t mode) : before_(umask(static_cast<mode_t>(~mode & 0777U))) {}
  ~ScopedSocketMode() { umask(before_); }
  ScopedSocketMode(const ScopedSocketMode&) = delete;
  ScopedSocketMode& operator=(const ScopedSocketMode&) = delete;

 private:
  const mode_t before_;
};

/// "127.0.0.1:0" and the port the kernel chose -> "127.0.0.1:40123".
std::string WithPort(const std::string& address, int port) {
  if (IsUnixSocket(address)) return address;
  return address.substr(0, address.rfind(':') + 1) + std::to_string(port);
}

}  // namespace

RpcServer::RpcServer(const config::ServiceConfig& config, ListenSecurity security, engine::ConnectionBroker& broker,
                     engine::BrokerObserver* observer)
    : options_{.max_deadline = config.max_deadline,
               .relay_queue_bytes = config.relay_queue_bytes,
               .relay_queue_messages = config.relay_queue_messages,
               .watch_queue_events = config.watch_queue_events},
      security_(std::move(security)),
      gate_(config, security_.tls, observer),
      broker_rpc_(broker, options_, gate_),
      flow_rpc_(broker, options_, gate_),
      edge_rpc_(broker, options_, gate_),
      history_rpc_(broker, options_, gate_),
      outbound_rpc_(broker, options_, gate_) {
  if (security_.tls) tls_.emplace(FilesOf(config));
}

Expected<std::unique_ptr<RpcServer>> RpcServer::Start(const config::ServiceConfig& config,
                                                      engine::ConnectionBroker& broker,
                                                      engine::BrokerObserver* observer) {
  auto security = SecurityOf(config);
  if (!security) return Unexpected(security.error());
  std::unique_ptr<RpcServer> server(new RpcServer(config, *std::move(security), broker, observer));
  if (auto read = server->ReloadCertificates(); !read) return Unexpected(read.error());
  if (auto listening = server->Listen(config); !listening) return Unexpected(listening.error());
  server->Serve();
  return server;
}

Expected<void> RpcServer::Listen(const config::ServiceConfig& config) {
  grpc::ServerBuilder builder;
  RegisterServices(builder);
  AddKeepalive(config, builder);
  if (tls_) AddConnectionAge(config, builder);
  std::vector<int> ports(config.listen.size(), 0);
  for (std::size_t i = 0; i < config.listen.size(); ++i) {
    const std::string& address = config.listen[i];
    if (auto ready = PrepareListenAddress(address); !ready) return ready;
    const bool tls = tls_.has_value() && !IsUnixSocket(address);
    builder.AddListeningPort(address, tls ? tls_->Credentials() : grpc::InsecureServerCredentials(), &ports[i]);
  }
  for (std::size_t i = 0; i < QueueCount(config.completion_queues); ++i) {
    queues_.push_back(std::make_unique<CallQueue>(builder.AddCompletionQueue()));
  }
  const auto mode = config::ParseFileMode(config.listen_mode);
  if (!mode) return Unexpected({FailureReason::kInvalidArgument, "listen-mode: " + mode.error().detail});
  {
    const ScopedSocketMode socket_mode(*mode);
    server_ = builder.BuildAndStart();
  }
  if (tls_) tls_->Started();
  for (std::size_t i = 0; i < config.listen.size(); ++i) {
    if (server_ == nullptr || ports[i] == 0) {
      return Unexpected({FailureReason::kInvalidArgument, "cannot listen on " + config.listen[i]});
    }
    addresses_ += (addresses_.empty() ? "" : ",") + WithPort(config.listen[i], ports[i]);
  }
  return {};
}

void RpcServer::RegisterServices(grpc::ServerBuilder& builder) {
  // Both are for whoever is on this host: reflection costs a thread per stream and asks nobody who he is, channelz
  // shows everybody's peers.
  if (!tls_) grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  if (!tls_) grpc::channelz::experimental::InitChannelzService();
  grpc::EnableDefaultHealthCheckService(false);  // health_ takes its place
  // Debian builds absl in debug mode, where every lock inside gRPC is checked for its order: 8 % of a call's CPU.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);  // a port in use shall be an error
  // Calls that wait inside gRPC, before any limit of a tenant: so many per connection.
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, 10'000);
  // Who has shown no certificate yet holds a descriptor of ours: not for gRPC's two minutes.
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, 10'000);
  builder.RegisterService(&health_.service());
  builder.RegisterService(&broker_rpc_.service());
  builder.RegisterService(&flow_rpc_.service());
  builder.RegisterService(&edge_rpc_.service());
  builder.RegisterService(&history_rpc_.service());
  builder.RegisterService(&outbound_rpc_.service());
}

void RpcServer::Serve() {
  for (const auto& queue : queues_) {
    health_.ServeOn(*queue, gate_);
    broker_rpc_.ServeOn(*queue);
    flow_rpc_.ServeOn(*queue);
    edge_rpc_.ServeOn(*queue);
    history_rpc_.ServeOn(*queue);
    outbound_rpc_.ServeOn(*queue);
    queue->Run();
  }
}

void RpcServer::Apply(const config::ServiceConfig& config) {
  options_.max_deadline = config.max_deadline;
  gate_.Apply(config);
}

Expected<void> RpcServer::ReloadCertificates() {
  if (!tls_) return {};
  return tls_->Reload();
}

std::optional<std::chrono::system_clock::time_point> RpcServer::CertificateExpiry() const {
  if (!tls_) return std::nullopt;
  return tls_->expires();
}

std::shared_ptr<grpc::Channel> RpcServer::InProcessChannel() {
  return server_->InProcessChannel({});
}

void RpcServer::BeginDrain(Duration time_left) {
  std::call_once(draining_, [&] {
    gate_.BeginDrain();
    SetServing(false);
    for (const auto& queue : queues_) queue->DrainStreams(time_left);
  });
}

std::size_t RpcServer::Ping(const std::function<void()>& answered) {
  for (const auto& queue : queues_) queue->Post(answered);
  return queues_.size();
}

void RpcServer::Drain(Duration timeout) {
  const auto begin = std::chrono::steady_clock::now();
  BeginDrain(timeout);
  // Streams that did not end themselves need a moment to take the reason before the transport is cut.
  const auto last_call = begin + timeout - std::min<Duration>(timeout / 10, std::chrono::milliseconds(500));
  for (const auto& queue : queues_) queue->AwaitLingering(last_call);
  for (const auto& queue : queues_) queue->EndStreams(DrainingStatus());
  const Duration left = std::max<Duration>(Duration::zero(), begin + timeout - std::chrono::steady_clock::now());
  server_->Shutdown(std::chrono::system_clock::now() + left);
}

RpcServer::~RpcServer() {
  if (server_ == nullptr) return;
  server_->Shutdown(std::chrono::system_clock::now());
  for (const auto& queue : queues_) queue->Stop();
  queues_.clear();  // joins
}

}  // namespace flowbroker::rpc
