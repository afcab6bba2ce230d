#include "broker/net/tls_session_cache.h"

#include <openssl/ssl.h>

#include <utility>

namespace flowbroker::net {

void TlsSessionDeleter::operator()(ssl_session_st* session) const {
  SSL_SESSION_free(session);
}

void TlsSessionCache::Store(const std::string& key, TlsSessionTicket ticket) {
  if (max_entries_ == 0) return;
  if (const auto old = entries_.find(key); old != entries_.end()) Remove(old);
  if (entries_.size() >= max_entries_) Remove(entries_.find(ages_.back()));
  ages_.push_front(key);
  entries_.emplace(key, Entry{std::move(ticket), ages_.begin()});
}

TlsSessionTicket TlsSessionCache::Take(const std::string& key) {
  const auto entry = entries_.find(key);
  if (entry == entries_.end()) return nullptr;
  ssl_session_st* session = entry->second.ticket.get();
  if (SSL_SESSION_get_protocol_version(session) == TLS1_3_VERSION) return Remove(entry);
  SSL_SESSION_up_ref(session);
  return TlsSessionTicket(session);
}

TlsSessionTicket TlsSessionCache::Remove(Entries::iterator entry) {
  TlsSessionTicket ticket = std::move(entry->second.ticket);
  ages_.erase(entry->second.age);
  entries_.erase(entry);
  return ticket;
}

}  // namespace flowbroker::net
