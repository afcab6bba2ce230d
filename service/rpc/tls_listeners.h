#pragma once

#include <grpc/grpc_security.h>
#include <grpcpp/security/server_credentials.h>

#include <chrono>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "service/rpc/server_certificate.h"

namespace flowbroker::rpc {

/// The ports that take gRPC over TLS, with one certificate that can be changed while they listen: gRPC asks for it at
/// every handshake. Callers must have a certificate of theirs that one of our authorities has signed; TLS 1.2 or newer.
///
/// Must outlive the server its credentials are used in. Any thread.
class TlsListeners {
 public:
  explicit TlsListeners(CertificateFiles files) : files_(std::move(files)) {}

  /// Reads the files. Handshakes begun from now on use what is in them, connections stay. On failure the detail says
  /// what is wrong, and handshakes go on with what was read last.
  Expected<void> Reload();

  /// When the certificate in force expires.
  std::chrono::system_clock::time_point expires() const;

  /// Credentials for ports, until Started. @pre Reload has succeeded.
  std::shared_ptr<grpc::ServerCredentials> Credentials();

  /// No more ports will come: forgets the key as soon as gRPC has taken it.
  void Started();

 private:
  class PortCredentials;

  /// One address that is listened on. gRPC does not lock what its handshakes take the certificate from, so that they
  /// must begin one after the other; those of one listening socket do.
  struct Listener {
    TlsListeners& owner;
    std::shared_ptr<const ServerCertificate> fresh;  ///< not given to gRPC yet; null: it has the newest
  };

  grpc_server_credentials* AddListener();
  static grpc_ssl_certificate_config_reload_status GiveCertificate(void* listener,
                                                                   grpc_ssl_server_certificate_config** config);

  const CertificateFiles files_;
  mutable std::mutex mutex_;
  std::list<Listener> listeners_;
  std::shared_ptr<const ServerCertificate> first_;  // for listeners to come
  std::chrono::system_clock::time_point expires_;
};

}  // namespace flowbroker::rpc
