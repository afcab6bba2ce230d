#include "service/rpc/server_certificate.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <memory>
#include <optional>
#include <system_error>
#include <vector>

namespace flowbroker::rpc {
namespace {

using WallTime = std::chrono::system_clock::time_point;

/// A bundle of all public authorities has 200 KB.
constexpr std::size_t kMaxOctets = std::size_t{4} * 1024 * 1024;

template <auto kFree>
struct Free {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};
using Bio = std::unique_ptr<BIO, Free<BIO_free_all>>;
using Certificate = std::unique_ptr<X509, Free<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using Context = std::unique_ptr<SSL_CTX, Free<SSL_CTX_free>>;

/// One of the files, as messages name it.
struct File {
  const char* setting;
  const std::string& path;

  Unexpected Wrong(const std::string& what) const {
    return Unexpected({FailureReason::kInvalidArgument, std::string(setting) + " " + path + ": " + what});
  }
};

/// The oldest error is the cause, the later ones tell who passed it on. None of them quotes what was read.
std::string CauseOfOpenSslError() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* const reason = ERR_reason_error_string(code);
  return reason == nullptr ? "unknown error" : reason;
}

/// A key with a passphrase would ask for it on the terminal.
int RefusePassphrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*data*/) {
  return -1;
}

/// All of the file. The text is made as long as the file first, so that growing leaves no copy behind.
Expected<SecretText> ReadAll(const File& file) {
  const int descriptor = open(file.path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) return file.Wrong(std::generic_category().message(errno));
  struct stat status{};
  std::string text;
  std::size_t read_octets = 0;
  if (fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode)) {
    text.resize(std::min(kMaxOctets, static_cast<std::size_t>(status.st_size)) + 1);
    ssize_t count = 0;
    while (read_octets < text.size() &&
           (count = read(descriptor, text.data() + read_octets, text.size() - read_octets)) > 0) {
      read_octets += static_cast<std::size_t>(count);
    }
  }
  close(descriptor);
  const bool whole = read_octets < text.size();
  text.resize(read_octets);
  SecretText secret(std::move(text));
  if (!S_ISREG(status.st_mode)) return file.Wrong("is not a regular file");
  if (!whole) return file.Wrong("is too large, or changes while it is read");
  if (secret.text().find('\0') != std::string::npos) return file.Wrong("is not PEM");  // gRPC takes it as a C string
  return secret;
}

Bio BioOf(const std::string& text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

/// Every certificate in `text`; at least one.
Expected<std::vector<Certificate>> ParseCertificates(const File& file, const std::string& text) {
  const Bio bio = BioOf(text);
  std::vector<Certificate> certificates;
  ERR_clear_error();
  while (X509* const next = PEM_read_bio_X509(bio.get(), nullptr, &RefusePassphrase, nullptr)) {
    certificates.emplace_back(next);
  }
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  if (!at_end) return file.Wrong("cannot be read as certificates: " + CauseOfOpenSslError());
  ERR_clear_error();
  if (certificates.empty()) return file.Wrong("has no certificate");
  return certificates;
}

Expected<WallTime> ExpiryOf(const File& file, const std::vector<Certificate>& chain) {
  WallTime first = WallTime::max();
  for (const Certificate& certificate : chain) {
    std::tm time{};
    if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate.get()), &time) != 1) return file.Wrong("has no valid expiry");
    first = std::min(first, std::chrono::system_clock::from_time_t(timegm(&time)));
  }
  return first;
}

std::string DateOf(WallTime time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  char text[32];
  gmtime_r(&seconds, &parts);
  return {text, std::strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &parts)};
}

/// Does what gRPC will do with them for every new connection, where a failure would only be a line in its own log.
Expected<void> TryOut(const File& certificate_file, const std::vector<Certificate>& chain, const File& key_file,
                      const std::string& key_text) {
  ERR_clear_error();
  const Key key(PEM_read_bio_PrivateKey(BioOf(key_text).get(), nullptr, &RefusePassphrase, nullptr));
  if (!key) return key_file.Wrong("is no private key without a passphrase: " + CauseOfOpenSslError());
  const Context context(SSL_CTX_new(TLS_server_method()));
  if (!context || SSL_CTX_use_certificate(context.get(), chain.front().get()) != 1) {
    return certificate_file.Wrong(CauseOfOpenSslError());
  }
  for (std::size_t i = 1; i < chain.size(); ++i) {
    if (SSL_CTX_add1_chain_cert(context.get(), chain[i].get()) != 1) {
      return certificate_file.Wrong(CauseOfOpenSslError());
    }
  }
  if (X509_check_private_key(chain.front().get(), key.get()) != 1) {
    ERR_clear_error();
    return key_file.Wrong("does not belong to the certificate in " + certificate_file.path);
  }
  if (SSL_CTX_use_PrivateKey(context.get(), key.get()) != 1) return key_file.Wrong(CauseOfOpenSslError());
  return {};
}

}  // namespace

SecretText::~SecretText() {
  Wipe();
}

void SecretText::Wipe() {
  OPENSSL_cleanse(text_.data(), text_.size());
  text_.clear();
}

Expected<ServerCertificate> ReadServerCertificate(const CertificateFiles& files, WallTime now) {
  const File certificate_file{"grpc-certificate-file", files.certificate};
  const File key_file{"grpc-private-key-file", files.private_key};
  const File ca_file{"grpc-client-ca-file", files.client_ca};
  const auto chain_text = ReadAll(certificate_file);
  if (!chain_text) return Unexpected(chain_text.error());
  auto key_text = ReadAll(key_file);
  if (!key_text) return Unexpected(key_text.error());
  const auto ca_text = ReadAll(ca_file);
  if (!ca_text) return Unexpected(ca_text.error());

  const auto chain = ParseCertificates(certificate_file, chain_text->text());
  if (!chain) return Unexpected(chain.error());
  if (auto fits = TryOut(certificate_file, *chain, key_file, key_text->text()); !fits) return Unexpected(fits.error());
  if (auto found = ParseCertificates(ca_file, ca_text->text()); !found) return Unexpected(found.error());
  const auto expires = ExpiryOf(certificate_file, *chain);
  if (!expires) return Unexpected(expires.error());
  if (*expires <= now) return certificate_file.Wrong("expired at " + DateOf(*expires));
  return ServerCertificate{chain_text->text(), *std::move(key_text), ca_text->text(), *expires};
}

}  // namespace flowbroker::rpc
