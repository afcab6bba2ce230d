#include "tests/unit/net/tls_test_server.h"

#include <openssl/err.h>

#include <array>

namespace flowbroker::net::testing {

TlsTestServer::TlsTestServer(const Credential& credential) : context_(SSL_CTX_new(TLS_server_method())) {
  SSL_CTX_use_certificate(context_.get(), credential.certificate.get());
  SSL_CTX_use_PrivateKey(context_.get(), credential.key.get());
  SSL_CTX_set_session_id_context(context_.get(), reinterpret_cast<const unsigned char*>("t"), 1);
}

void TlsTestServer::RequireClientCertificate(const X509& ca) {
  X509_STORE_add_cert(SSL_CTX_get_cert_store(context_.get()), const_cast<X509*>(&ca));
  SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
}

TlsTestPeer::TlsTestPeer(TlsTestServer& server)
    : ssl_(SSL_new(server.context())), incoming_(BIO_new(BIO_s_mem())), outgoing_(BIO_new(BIO_s_mem())) {
  BIO_set_mem_eof_return(incoming_, -1);
  SSL_set_bio(ssl_.get(), incoming_, outgoing_);
  SSL_set_accept_state(ssl_.get());
}

std::string TlsTestPeer::Receive(std::string_view from_client) {
  ERR_clear_error();
  BIO_write(incoming_, from_client.data(), static_cast<int>(from_client.size()));
  std::array<char, 4096> buffer;
  int count = 0;
  while ((count = SSL_read(ssl_.get(), buffer.data(), static_cast<int>(buffer.size()))) > 0) {
    received.append(buffer.data(), static_cast<std::size_t>(count));
  }
  const char* name = SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name);
  if (name != nullptr) server_name = name;
  ERR_clear_error();
  return TakeOutput();
}

std::string TlsTestPeer::Send(std::string_view plaintext) {
  SSL_write(ssl_.get(), plaintext.data(), static_cast<int>(plaintext.size()));
  return TakeOutput();
}

std::string TlsTestPeer::Close() {
  SSL_shutdown(ssl_.get());
  return TakeOutput();
}

std::string TlsTestPeer::TakeOutput() {
  std::string output(static_cast<std::size_t>(BIO_pending(outgoing_)), '\0');
  if (!output.empty()) BIO_read(outgoing_, output.data(), static_cast<int>(output.size()));
  return output;
}

}  // namespace flowbroker::net::testing
