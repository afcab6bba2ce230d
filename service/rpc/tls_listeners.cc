#include "service/rpc/tls_listeners.h"

#include <grpc/grpc.h>
#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace flowbroker::rpc {
namespace {

struct HostPort {
  std::string host;
  std::string port;
};

/// "[::1]:7460" -> "::1", "7460". PrepareListenAddress has seen it before.
HostPort Split(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  HostPort split{address.substr(0, colon), address.substr(colon + 1)};
  if (split.host.starts_with('[') && split.host.ends_with(']'))
    split.host = split.host.substr(1, split.host.size() - 2);
  return split;
}

/// The addresses a name stands for, as text.
std::vector<std::string> AddressesOf(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) return {};
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, &freeaddrinfo);
  std::vector<std::string> addresses;
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    std::array<char, NI_MAXHOST> text{};
    if (getnameinfo(each->ai_addr, each->ai_addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) != 0) {
      continue;
    }
    std::string address = each->ai_family == AF_INET6 ? "[" + std::string(text.data()) + "]" : text.data();
    if (std::find(addresses.begin(), addresses.end(), address) == addresses.end()) {
      addresses.push_back(std::move(address));
    }
  }
  return addresses;
}

}  // namespace

/// What gRPC's builder takes. The C++ API has no credentials that ask for their certificate; the C API has.
class TlsListeners::PortCredentials final : public grpc::ServerCredentials {
 public:
  explicit PortCredentials(TlsListeners& owner) : owner_(owner) {}

  void SetAuthMetadataProcessor(const std::shared_ptr<grpc::AuthMetadataProcessor>& /*processor*/) override {}

 private:
  /// Listens on every address that `address` stands for, with one port; 0 where one of them cannot be had.
  int AddPortToServer(const std::string& address, grpc_server* server) override {
    const auto [host, port] = Split(address);
    int bound = 0;
    for (const std::string& each : AddressesOf(host)) {
      grpc_server_credentials* const credentials = owner_.AddListener();
      const std::string where = each + ":" + (bound == 0 ? port : std::to_string(bound));
      const int added = grpc_server_add_http2_port(server, where.c_str(), credentials);
      grpc_server_credentials_release(credentials);
      if (added == 0) return 0;
      if (bound == 0) bound = added;
    }
    return bound;
  }

  TlsListeners& owner_;
};

Expected<void> TlsListeners::Reload() {
  auto read = ReadServerCertificate(files_, std::chrono::system_clock::now());
  if (!read) return Unexpected(read.error());
  const auto certificate = std::make_shared<const ServerCertificate>(*std::move(read));
  const std::lock_guard lock(mutex_);
  expires_ = certificate->expires;
  for (Listener& listener : listeners_) listener.fresh = certificate;
  if (listeners_.empty()) first_ = certificate;
  return {};
}

std::chrono::system_clock::time_point TlsListeners::expires() const {
  const std::lock_guard lock(mutex_);
  return expires_;
}

std::shared_ptr<grpc::ServerCredentials> TlsListeners::Credentials() {
  return std::make_shared<PortCredentials>(*this);
}

void TlsListeners::Started() {
  const std::lock_guard lock(mutex_);
  first_.reset();
}

grpc_server_credentials* TlsListeners::AddListener() {
  Listener* listener = nullptr;
  {
    const std::lock_guard lock(mutex_);
    listener = &listeners_.emplace_back(Listener{*this, first_});
  }
  return grpc_ssl_server_credentials_create_with_options(
      grpc_ssl_server_credentials_create_options_using_config_fetcher(
          GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY, &TlsListeners::GiveCertificate, listener));
}

grpc_ssl_certificate_config_reload_status TlsListeners::GiveCertificate(void* of,
                                                                        grpc_ssl_server_certificate_config** config) {
  auto& listener = *static_cast<Listener*>(of);
  std::shared_ptr<const ServerCertificate> fresh;
  {
    const std::lock_guard lock(listener.owner.mutex_);
    fresh = std::exchange(listener.fresh, nullptr);
  }
  if (!fresh) return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED;
  const grpc_ssl_pem_key_cert_pair pair{fresh->private_key.text().c_str(), fresh->chain.c_str()};
  *config = grpc_ssl_server_certificate_config_create(fresh->client_ca.c_str(), &pair, 1);
  return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW;
}

}  // namespace flowbroker::rpc
