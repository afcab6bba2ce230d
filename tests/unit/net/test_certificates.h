#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <string_view>

namespace flowbroker::net::testing {

struct OpenSslDeleter {
  void operator()(X509* x) const { X509_free(x); }
  void operator()(EVP_PKEY* x) const { EVP_PKEY_free(x); }
  void operator()(SSL* x) const { SSL_free(x); }
  void operator()(SSL_CTX* x) const { SSL_CTX_free(x); }
};
template <typename T>
using Owned = std::unique_ptr<T, OpenSslDeleter>;

/// A certificate with its key.
struct Credential {
  Owned<X509> certificate;
  Owned<EVP_PKEY> key;
};

/// What a certificate shall say. Extensions are in OpenSSL's configuration syntax; empty: left out.
struct CertificateSpec {
  std::string common_name = {};
  std::string subject_alt_name = {};    ///< e.g. "DNS:a.example,URI:sip:a.example,IP:192.0.2.1"
  std::string extended_key_usage = {};  ///< e.g. "serverAuth"
  bool is_ca = false;
  long not_before_days = -1;  ///< from now
  long not_after_days = 30;
};

/// Signed by `issuer`; by itself where that is null. P-256.
Credential MakeCredential(const CertificateSpec& spec, const Credential* issuer);

std::string ToPem(const X509& certificate);
std::string ToPem(const EVP_PKEY& key);
std::string ToEncryptedPem(const EVP_PKEY& key, std::string passphrase);

/// A file that lives as long as this object.
class TemporaryFile {
 public:
  explicit TemporaryFile(std::string_view content);
  ~TemporaryFile();
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace flowbroker::net::testing
