// Accepts connections to an address of this host, or 0.0.0.0 for all, and keeps them: plain TCP ("-" "-") or TLS with
// the given certificate and key.

#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "tests/bench/programs/arguments.h"
#include "tests/bench/programs/listening_socket.h"

namespace flowbroker::bench {
namespace {

SSL_CTX* TlsContext(const std::string& certificate, const std::string& key) {
  SSL_CTX* context = SSL_CTX_new(TLS_server_method());
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  const bool loaded = SSL_CTX_use_certificate_chain_file(context, certificate.c_str()) == 1 &&
                      SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) == 1;
  if (!loaded) Die("cannot use " + certificate + " with " + key);
  return context;
}

// Handshakes one after another, blocking: the only client is the daemon under test.
[[noreturn]] void AcceptForEver(int listener, SSL_CTX* tls) {
  while (true) {
    const int socket = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) Die("cannot accept: out of descriptors?");
    if (tls == nullptr) continue;
    SSL* session = SSL_new(tls);
    SSL_set_fd(session, socket);
    SSL_accept(session);  // a failed one shows as a failed Acquire
  }
}

}  // namespace
}  // namespace flowbroker::bench

int main(int argc, char** argv) {
  using namespace flowbroker::bench;
  const auto arguments = Arguments(argc, argv, 3, "CERTIFICATE|- KEY|- ADDRESS");
  SSL_CTX* const tls = arguments[0] == "-" ? nullptr : TlsContext(arguments[0], arguments[1]);
  AcceptForEver(ListenAndSayPort(arguments[2]), tls);
}
