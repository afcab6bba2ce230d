#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "broker/base/expected.h"
#include "broker/net/tls_session_cache.h"

struct ssl_ctx_st;  // OpenSSL's SSL_CTX

namespace flowbroker::net {

struct TlsContextOptions {
  std::string ca_file = {};                 ///< PEM bundle; empty: the system's
  std::string certificate_file = {};        ///< client certificate chain, PEM; empty: none
  std::string private_key_file = {};        ///< PEM, without passphrase; required with certificate_file
  std::size_t max_cached_sessions = 1'000;  ///< kept for resumption, about 5 KB each; 0: no resumption
};

/// What all TLS sessions of a shard share: trust, our own certificate, tickets for resumption. TLS 1.2 and 1.3 only.
/// Must outlive its sessions. Confined to the shard's thread.
class TlsContext {
 public:
  /// Reads the files. A failure is kInvalidArgument; its detail names the file and what is wrong with it.
  static Expected<std::unique_ptr<TlsContext>> Create(const TlsContextOptions& options);

  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  TlsSessionCache& sessions() { return sessions_; }
  ssl_ctx_st* native() { return native_; }

 private:
  TlsContext(ssl_ctx_st* native, std::size_t max_cached_sessions) : native_(native), sessions_(max_cached_sessions) {}

  ssl_ctx_st* native_;
  TlsSessionCache sessions_;
};

}  // namespace flowbroker::net
