#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>

struct ssl_session_st;  // OpenSSL's SSL_SESSION

namespace flowbroker::net {

struct TlsSessionDeleter {
  void operator()(ssl_session_st* session) const;
};
using TlsSessionTicket = std::unique_ptr<ssl_session_st, TlsSessionDeleter>;

/// What servers gave us to resume a TLS session with: saves a certificate check and, in TLS 1.2, a round trip. The key
/// must contain the identity that was verified, because a resumed session is not verified again. Keeps the newest
/// ticket per key and the most recently stored keys. Not thread-safe.
class TlsSessionCache {
 public:
  explicit TlsSessionCache(std::size_t max_entries) : max_entries_(max_entries) {}

  void Store(const std::string& key, TlsSessionTicket ticket);

  /// Removes a TLS 1.3 ticket, as those are for one use (RFC 8446 C.4) and every handshake brings new ones; a TLS 1.2
  /// session stays. Null where there is none.
  TlsSessionTicket Take(const std::string& key);

  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    TlsSessionTicket ticket;
    std::list<std::string>::iterator age;  // position in ages_
  };
  using Entries = std::unordered_map<std::string, Entry>;

  TlsSessionTicket Remove(Entries::iterator entry);

  std::size_t max_entries_;
  Entries entries_;
  std::list<std::string> ages_;  // keys, newest first
};

}  // namespace flowbroker::net
