#pragma once

#include <string>
#include <string_view>

#include "tests/unit/net/test_certificates.h"

namespace flowbroker::net::testing {

/// The set-up of a TLS server in memory; its sessions resume from its tickets.
class TlsTestServer {
 public:
  explicit TlsTestServer(const Credential& credential);

  void SetVersion(int version) {
    SSL_CTX_set_min_proto_version(context_.get(), version);
    SSL_CTX_set_max_proto_version(context_.get(), version);
  }
  void RequireClientCertificate(const X509& ca);
  SSL_CTX* context() { return context_.get(); }

 private:
  Owned<SSL_CTX> context_;
};

/// The server's end of one connection: bytes in, bytes out.
class TlsTestPeer {
 public:
  explicit TlsTestPeer(TlsTestServer& server);

  /// Takes bytes from the client; returns those for it. Decrypted data is appended to `received`.
  std::string Receive(std::string_view from_client);
  std::string Send(std::string_view plaintext);
  std::string Close();

  std::string received;
  std::string server_name;  ///< SNI; empty where there was none
  bool established() const { return SSL_is_init_finished(ssl_.get()) == 1; }
  bool client_said_goodbye() const { return (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0; }
  SSL* native() { return ssl_.get(); }

 private:
  std::string TakeOutput();

  Owned<SSL> ssl_;
  BIO* incoming_;  // owned by ssl_
  BIO* outgoing_;
};

}  // namespace flowbroker::net::testing
