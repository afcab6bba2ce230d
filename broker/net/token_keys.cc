#include "broker/net/token_keys.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <system_error>
#include <vector>

namespace flowbroker::net {
namespace {

constexpr std::size_t kSha1BlockOctets = 64;

/// Octets that are wiped when they go.
template <std::size_t N>
struct Secret {
  Secret() = default;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret() { OPENSSL_cleanse(octets.data(), octets.size()); }

  std::array<std::uint8_t, N> octets{};
};

using Key = Secret<TokenKeys::kKeyOctets>;

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r";
  const std::size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

bool ReadKeyId(std::string_view text, std::uint8_t& id) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  return error == std::errc{} && end == text.data() + text.size();
}

bool ReadKey(std::string_view text, Key& key) {
  if (text.size() != 2 * key.octets.size()) return false;
  for (std::size_t i = 0; i < key.octets.size(); ++i) {
    const char* digits = text.data() + 2 * i;
    if (std::from_chars(digits, digits + 2, key.octets[i], 16).ptr != digits + 2) return false;
  }
  return true;
}

Unexpected Refuse(const std::string& what) {
  return Unexpected({FailureReason::kInvalidArgument, what});
}

/// A file's octets, wiped when they go; it is never copied to grow.
class SecretFile {
 public:
  SecretFile() : octets_(TokenKeys::kMaxFileOctets + 1) {}
  SecretFile(const SecretFile&) = delete;
  SecretFile& operator=(const SecretFile&) = delete;
  ~SecretFile() { OPENSSL_cleanse(octets_.data(), octets_.size()); }

  /// False: errno says why.
  bool Read(const std::string& path) {
    const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) return false;
    ssize_t read = 0;
    do {
      read = ::read(file, octets_.data() + size_, octets_.size() - size_);
      size_ += static_cast<std::size_t>(std::max<ssize_t>(read, 0));
    } while (read > 0 || (read < 0 && errno == EINTR));
    const int error = errno;
    close(file);
    errno = error;
    return read == 0;
  }

  bool too_large() const { return size_ == octets_.size(); }
  std::string_view text() const { return {octets_.data(), size_}; }

 private:
  std::vector<char> octets_;
  std::size_t size_ = 0;
};

}  // namespace

void TokenKeys::DigestDeleter::operator()(evp_md_ctx_st* digest) const {
  EVP_MD_CTX_free(digest);
}

TokenKeys::~TokenKeys() = default;

Expected<std::shared_ptr<const TokenKeys>> TokenKeys::ReadFile(const std::string& path) {
  SecretFile file;
  if (!file.Read(path)) return Refuse("token keys " + path + ": " + std::system_category().message(errno));
  if (file.too_large()) return Refuse("token keys " + path + ": larger than any list of 256 keys");
  return Parse(file.text(), path);
}

Expected<std::shared_ptr<const TokenKeys>> TokenKeys::Parse(std::string_view text, const std::string& name) {
  std::shared_ptr<TokenKeys> keys(new TokenKeys);
  bool any = false;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = Trim(text.substr(0, end).substr(0, text.substr(0, end).find('#')));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty()) continue;
    const std::string where = "token keys " + name + ", line " + std::to_string(number) + ": ";
    const std::size_t blank = std::min(line.find_first_of(" \t"), line.size());
    std::uint8_t id = 0;
    Key key;
    if (!ReadKeyId(line.substr(0, blank), id)) return Refuse(where + "begins with no key id from 0 to 255");
    if (!ReadKey(Trim(line.substr(blank)), key)) return Refuse(where + "its key is not 40 hexadecimal digits");
    if (keys->Has(id)) return Refuse(where + "key id " + std::to_string(id) + " stands above already");
    if (!keys->Add(id, key.octets)) return Unexpected({FailureReason::kInternal, "OpenSSL has no SHA-1"});
    if (!any) keys->minting_key_ = id;
    any = true;
  }
  if (!any) return Refuse("token keys " + name + ": no key");
  return keys;
}

Expected<std::shared_ptr<const TokenKeys>> TokenKeys::Random(RandomSource& random) {
  Key key;
  for (std::uint8_t& octet : key.octets) octet = static_cast<std::uint8_t>(random.NextBits());
  std::shared_ptr<TokenKeys> keys(new TokenKeys);
  keys->minting_key_ = static_cast<std::uint8_t>(random.NextBits());
  if (!keys->Add(keys->minting_key_, key.octets)) return Unexpected({FailureReason::kInternal, "OpenSSL has no SHA-1"});
  return keys;
}

TokenKeys::Digest TokenKeys::Begin(std::span<const std::uint8_t, kKeyOctets> key, std::uint8_t pad) {
  Secret<kSha1BlockOctets> block;
  block.octets.fill(pad);
  for (std::size_t i = 0; i < key.size(); ++i) block.octets[i] = static_cast<std::uint8_t>(key[i] ^ pad);
  Digest digest(EVP_MD_CTX_new());
  const bool begun = digest != nullptr && EVP_DigestInit_ex(digest.get(), EVP_sha1(), nullptr) == 1 &&
                     EVP_DigestUpdate(digest.get(), block.octets.data(), block.octets.size()) == 1;
  return begun ? std::move(digest) : nullptr;
}

bool TokenKeys::Add(std::uint8_t key_id, std::span<const std::uint8_t, kKeyOctets> key) {
  KeyedHmac keyed{.inner = Begin(key, 0x36), .outer = Begin(key, 0x5C)};
  if (keyed.inner == nullptr || keyed.outer == nullptr) return false;
  keys_[key_id] = std::move(keyed);
  return true;
}

std::optional<flow::TokenTag> TokenKeys::HmacSha1_80(std::uint8_t key_id, std::span<const std::uint8_t> octets) const {
  thread_local const Digest scratch(EVP_MD_CTX_new());  // half of the time would go into making one for each tag
  const KeyedHmac& key = keys_[key_id];
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> hash{};
  unsigned size = 0;
  const bool done = Has(key_id) && scratch != nullptr &&                                   //
                    EVP_MD_CTX_copy_ex(scratch.get(), key.inner.get()) == 1 &&             //
                    EVP_DigestUpdate(scratch.get(), octets.data(), octets.size()) == 1 &&  //
                    EVP_DigestFinal_ex(scratch.get(), hash.data(), &size) == 1 &&          //
                    EVP_MD_CTX_copy_ex(scratch.get(), key.outer.get()) == 1 &&             //
                    EVP_DigestUpdate(scratch.get(), hash.data(), size) == 1 &&             //
                    EVP_DigestFinal_ex(scratch.get(), hash.data(), &size) == 1;
  if (!done) return std::nullopt;
  flow::TokenTag tag;
  std::copy_n(hash.begin(), tag.size(), tag.begin());
  return tag;
}

}  // namespace flowbroker::net
