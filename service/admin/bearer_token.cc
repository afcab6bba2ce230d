#include "service/admin/bearer_token.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <fstream>

namespace flowbroker::admin {
namespace {

constexpr std::size_t kMinLength = 16;
constexpr std::size_t kMaxLength = 4096;
constexpr std::string_view kScheme = "bearer";
constexpr std::string_view kBlanks = " \t\r";

bool IsTokenCharacter(char c) {
  const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  return letter || (c >= '0' && c <= '9') || std::string_view("-._~+/=").find(c) != std::string_view::npos;
}

std::string_view Trim(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
  return text.substr(0, text.find_last_not_of(kBlanks) + 1);
}

char Lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

Unexpected Wrong(std::string_view what) {
  return Unexpected({FailureReason::kInvalidArgument, "admin-token-file: " + std::string(what)});
}

}  // namespace

BearerToken::Digest BearerToken::DigestOf(std::string_view text) {
  Digest digest{};
  EVP_Digest(text.data(), text.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  return digest;
}

Expected<BearerToken> BearerToken::Read(const std::string& path) {
  std::ifstream file;
  file.rdbuf()->pubsetbuf(nullptr, 0);  // no copy of it in a buffer of the stream's own
  file.open(path);
  if (!file) return Wrong("cannot read " + path);
  std::string octets(kMaxLength + 1, '\0');
  file.read(octets.data(), static_cast<std::streamsize>(octets.size()));
  const std::string_view text(octets.data(), static_cast<std::size_t>(file.gcount()));
  Expected<BearerToken> token = file.bad() ? Wrong("cannot read " + path) : Parse(text.substr(0, text.find('\n')));
  OPENSSL_cleanse(octets.data(), octets.size());
  return token;
}

Expected<BearerToken> BearerToken::Parse(std::string_view text) {
  text = Trim(text);
  if (text.size() < kMinLength) return Wrong("its first line must be a token of at least 16 characters");
  if (text.size() > kMaxLength) return Wrong("its first line is longer than 4096 characters");
  if (!std::all_of(text.begin(), text.end(), IsTokenCharacter)) {
    return Wrong("a token consists of letters, digits and -._~+/=");
  }
  return BearerToken(DigestOf(text));
}

bool BearerToken::Matches(std::string_view authorization) const {
  if (authorization.size() <= kScheme.size() || authorization[kScheme.size()] != ' ') return false;
  if (!std::equal(kScheme.begin(), kScheme.end(), authorization.begin(),
                  [](char a, char b) { return a == Lower(b); })) {
    return false;
  }
  const Digest shown = DigestOf(Trim(authorization.substr(kScheme.size())));
  return CRYPTO_memcmp(shown.data(), digest_.data(), digest_.size()) == 0;
}

}  // namespace flowbroker::admin
