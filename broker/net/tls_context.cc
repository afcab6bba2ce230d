#include "broker/net/tls_context.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <array>
#include <ctime>
#include <fstream>
#include <string_view>
#include <system_error>
#include <utility>

#include "broker/net/tls_session.h"

namespace flowbroker::net {
namespace {

struct ContextDeleter {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using Context = std::unique_ptr<SSL_CTX, ContextDeleter>;

// The oldest error is the cause, the later ones tell who passed it on.
std::string CauseOfOpenSslError() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (ERR_SYSTEM_ERROR(code)) return std::generic_category().message(ERR_GET_REASON(code));
  const char* reason = ERR_reason_error_string(code);
  return reason == nullptr ? "unknown error" : reason;
}

Failure Wrong(std::string_view field, const std::string& file, const std::string& what) {
  std::string detail(field);
  if (!file.empty()) detail += " " + file;
  return {FailureReason::kInvalidArgument, detail + ": " + what, std::string(field)};
}

// Without this a key with a passphrase would ask for it on the terminal.
int RefusePassphrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*data*/) {
  return -1;
}

std::optional<Failure> LoadTrust(SSL_CTX& context, const TlsContextOptions& options) {
  const bool loaded = options.ca_file.empty() ? SSL_CTX_set_default_verify_paths(&context) == 1
                                              : SSL_CTX_load_verify_file(&context, options.ca_file.c_str()) == 1;
  if (!loaded) return Wrong("ca_file", options.ca_file, CauseOfOpenSslError());
  return std::nullopt;
}

std::optional<Failure> LoadOwnCertificate(SSL_CTX& context, const TlsContextOptions& options) {
  const std::string& certificate = options.certificate_file;
  const std::string& key = options.private_key_file;
  if (certificate.empty() && key.empty()) return std::nullopt;
  if (key.empty()) return Wrong("private_key_file", "", "is required with certificate_file");
  if (certificate.empty()) return Wrong("certificate_file", "", "is required with private_key_file");
  if (SSL_CTX_use_certificate_chain_file(&context, certificate.c_str()) != 1) {
    return Wrong("certificate_file", certificate, CauseOfOpenSslError());
  }
  const std::string mismatch = "does not belong to the certificate in " + certificate;
  if (SSL_CTX_use_PrivateKey_file(&context, key.c_str(), SSL_FILETYPE_PEM) != 1) {
    const bool mismatched = ERR_GET_REASON(ERR_peek_error()) == X509_R_KEY_VALUES_MISMATCH;
    const std::string cause = CauseOfOpenSslError();
    return Wrong("private_key_file", key, mismatched ? mismatch : cause);
  }
  // A key of another algorithm is taken without a word.
  if (SSL_CTX_check_private_key(&context) == 1) return std::nullopt;
  ERR_clear_error();
  return Wrong("private_key_file", key, mismatch);
}

/// Reads `file` into `digest`, and leaves nothing of it in memory: it may be a private key.
void AddTo(EVP_MD_CTX& digest, const std::string& file) {
  std::ifstream stream;
  stream.rdbuf()->pubsetbuf(nullptr, 0);  // no copy in a buffer of the stream's own
  stream.open(file, std::ios::binary);
  std::array<char, 4096> part{};
  while (stream) {
    stream.read(part.data(), part.size());
    EVP_DigestUpdate(&digest, part.data(), static_cast<std::size_t>(stream.gcount()));
  }
  OPENSSL_cleanse(part.data(), part.size());
  EVP_DigestUpdate(&digest, "", 1);  // the end of one file is not the beginning of the next
}

// Read before OpenSSL reads them: a file that changes meanwhile looks changed the next time.
std::string DigestOf(const TlsContextOptions& options) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  std::string digest(EVP_MAX_MD_SIZE, '\0');
  unsigned int size = 0;
  if (context && EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) == 1) {
    for (const std::string& file : {options.ca_file, options.certificate_file, options.private_key_file}) {
      AddTo(*context, file);
    }
    EVP_DigestFinal_ex(context.get(), reinterpret_cast<unsigned char*>(digest.data()), &size);
  }
  digest.resize(size);
  return digest;
}

}  // namespace

Expected<std::unique_ptr<TlsContext>> TlsContext::Create(const TlsContextOptions& options) {
  std::string digest = DigestOf(options);
  ERR_clear_error();
  Context context(SSL_CTX_new(TLS_method()));
  if (!context) return Unexpected(Failure{FailureReason::kInternal, CauseOfOpenSslError()});
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);  // an idle flow holds no record buffers
  SSL_CTX_set_default_passwd_cb(context.get(), &RefusePassphrase);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  TlsSession::InstallCallbacks(context.get());
  if (auto failure = LoadTrust(*context, options)) return Unexpected(*std::move(failure));
  if (auto failure = LoadOwnCertificate(*context, options)) return Unexpected(*std::move(failure));
  return std::unique_ptr<TlsContext>(new TlsContext(context.release(), options.max_cached_sessions, std::move(digest)));
}

std::unique_ptr<TlsContext> TlsContext::Sibling() const {
  SSL_CTX_up_ref(native_);
  return std::unique_ptr<TlsContext>(new TlsContext(native_, max_cached_sessions_, content_digest_));
}

std::optional<std::chrono::system_clock::time_point> TlsContext::CertificateExpiry() const {
  const X509* certificate = SSL_CTX_get0_certificate(native_);
  std::tm utc{};
  if (certificate == nullptr || ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &utc) != 1) return std::nullopt;
  return std::chrono::system_clock::from_time_t(timegm(&utc));
}

TlsContext::~TlsContext() {
  SSL_CTX_free(native_);
}

}  // namespace flowbroker::net
