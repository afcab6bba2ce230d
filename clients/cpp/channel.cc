#include "clients/cpp/channel.h"

#include <grpc/grpc.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "clients/cpp/flowbroker_client.h"

namespace flowbroker::client {

namespace {

// Where the daemon makes its socket, in its order of preference.
std::vector<std::string> DefaultSockets() {
  const std::string name = "/flowbroker.sock";
  std::vector<std::string> paths{"/run/flowbroker" + name};
  if (const char* runtime = std::getenv("XDG_RUNTIME_DIR"); runtime != nullptr) {
    paths.push_back(std::string(runtime) + "/flowbroker" + name);
  }
  paths.push_back("/tmp/flowbroker-" + std::to_string(getuid()) + name);
  return paths;
}

// Short-lived certificates are replaced while a client runs.
std::shared_ptr<grpc::ChannelCredentials> TlsCredentials(const MutualTls& tls) {
  constexpr unsigned kLookAgainSeconds = 10;
  grpc::experimental::TlsChannelCredentialsOptions options;
  options.set_certificate_provider(std::make_shared<grpc::experimental::FileWatcherCertificateProvider>(
      tls.private_key_file, tls.certificate_file, tls.ca_file, kLookAgainSeconds));
  options.watch_root_certs();
  options.watch_identity_key_cert_pairs();
  return grpc::experimental::TlsCredentials(options);
}

}  // namespace

bool IsOurSocket(const std::string& path) {
  struct stat status{};
  return stat(path.c_str(), &status) == 0 && S_ISSOCK(status.st_mode) &&
         (status.st_uid == getuid() || status.st_uid == 0);
}

std::string BrokerAddress(std::string_view given) {
  if (!given.empty()) return std::string(given);
  if (const char* address = std::getenv("FLOWBROKER_ADDRESS"); address != nullptr && *address != '\0') return address;
  for (const std::string& path : DefaultSockets()) {
    if (IsOurSocket(path)) return "unix:" + path;
  }
  return "127.0.0.1:7460";
}

std::shared_ptr<grpc::Channel> OpenChannel(const std::string& address, const MutualTls& tls) {
  // gRPC stays initialised from now on. Otherwise it shuts down whenever its last user goes, which may take ten
  // seconds: it waits for a poller of its own (seen with 1.51).
  [[maybe_unused]] static const bool initialised = (grpc_init(), true);
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY,
                   0);  // the broker is near: a proxy of the environment is not meant for it
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 5000);  // also the least time a connection attempt is given
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // no sharing of connections between clients
  if (!tls.wanted()) return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
  if (!tls.server_name.empty()) arguments.SetSslTargetNameOverride(tls.server_name);
  return grpc::CreateCustomChannel(address, TlsCredentials(tls), arguments);
}

std::chrono::system_clock::time_point DeadlineAfter(Duration timeout) {
  const auto capped = std::clamp<Duration>(timeout, Duration::zero(), std::chrono::hours(24));
  return std::chrono::system_clock::now() + std::chrono::duration_cast<std::chrono::system_clock::duration>(capped);
}

}  // namespace flowbroker::client
