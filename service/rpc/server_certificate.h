#pragma once

#include <chrono>
#include <string>
#include <utility>

#include "broker/base/expected.h"

namespace flowbroker::rpc {

/// Text that is wiped when it goes. Move-only, so that there is one of it.
class SecretText {
 public:
  explicit SecretText(std::string text) : text_(std::move(text)) {}
  ~SecretText();
  SecretText(SecretText&& other) noexcept : text_(std::move(other.text_)) { other.Wipe(); }
  SecretText& operator=(SecretText&&) = delete;

  const std::string& text() const { return text_; }

 private:
  void Wipe();

  std::string text_;
};

/// Where the PEM files of the gRPC side are.
struct CertificateFiles {
  std::string certificate;  ///< ours, with what leads to its authority
  std::string private_key;
  std::string client_ca;  ///< the authorities of our callers
};

/// What was read from them and found to fit together.
struct ServerCertificate {
  std::string chain;
  SecretText private_key;
  std::string client_ca;
  std::chrono::system_clock::time_point expires;  ///< the first of the chain
};

/// Reads the files and makes sure that they can be used together: all of them parse, the key is that of the certificate
/// and needs no passphrase, no certificate of ours has expired at `now`, and there is an authority. Failures name the
/// setting, the file and what is wrong with it; they never quote it.
Expected<ServerCertificate> ReadServerCertificate(const CertificateFiles& files,
                                                  std::chrono::system_clock::time_point now);

}  // namespace flowbroker::rpc
