#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>

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

/// What all TLS sessions of a shard share, at either end: trust, our own certificate, tickets for resumption. TLS 1.2
/// and 1.3 only. Must outlive its sessions, which therefore share it with whoever made it: a new one from the same
/// files takes over while the sessions of the old one live on. Tickets are not handed on, as a resumed session is
/// judged by the trust of the one before. Confined to the shard's thread.
class TlsContext {
 public:
  /// Reads the files. A failure is kInvalidArgument; its detail names the file and what is wrong with it.
  static Expected<std::unique_ptr<TlsContext>> Create(const TlsContextOptions& options);

  /// The same trust and certificate with tickets of its own, for another thread.
  std::unique_ptr<TlsContext> Sibling() const;

  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  TlsSessionCache& sessions() { return sessions_; }
  ssl_ctx_st* native() { return native_; }

  /// When our own certificate ends; nothing where there is none.
  std::optional<std::chrono::system_clock::time_point> CertificateExpiry() const;
  /// Equal for contexts that were made of files with the same content.
  const std::string& content_digest() const { return content_digest_; }

 private:
  /// Takes over one reference to `native`.
  TlsContext(ssl_ctx_st* native, std::size_t max_cached_sessions, std::string content_digest)
      : native_(native),
        max_cached_sessions_(max_cached_sessions),
        content_digest_(std::move(content_digest)),
        sessions_(max_cached_sessions) {}

  ssl_ctx_st* native_;
  std::size_t max_cached_sessions_;
  std::string content_digest_;
  TlsSessionCache sessions_;
};

}  // namespace flowbroker::net
