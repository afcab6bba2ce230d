#pragma once

#include <cstddef>
#include <list>
#include <optional>
#include <unordered_map>

#include "broker/dns/records.h"

namespace flowbroker::dns {

struct DnsCacheOptions {
  /// Questions remembered; the least recently used one goes first. 10,000 entries are about 5 MB.
  std::size_t max_entries = 10'000;
  /// No answer is believed longer, whatever its TTL: a mistyped week-long TTL must not outlive a day.
  Duration max_ttl = std::chrono::hours(24);
  /// Negative answers are never believed longer (RFC 2308 s.5 recommends one to three hours; callers wait here).
  Duration max_negative_ttl = std::chrono::minutes(15);
  /// How long after its expiry an answer may still be served while DNS is in trouble (RFC 8767 suggests 1-3 days;
  /// SIP servers move faster). Zero switches it off.
  Duration max_stale = std::chrono::hours(1);
};

/// An answer found in the cache.
struct CachedAnswer {
  RecordSet records;  ///< `ttl` is what remains; zero for a stale answer
  TimePoint valid_until;
};

/// DNS answers for as long as their TTL allows. Negative answers are kept too (RFC 2308). Pure; not thread-safe.
/// Trouble (time-out, SERVFAIL) is never stored, so it does not push out an answer that may serve as a stale one.
class DnsCache {
 public:
  explicit DnsCache(DnsCacheOptions options);

  /// An answer whose TTL has not run out.
  std::optional<CachedAnswer> Find(const Question& question, TimePoint now);

  /// An expired answer with records (not a negative one) that may stand in while DNS is in trouble; nothing past
  /// `max_stale`.
  std::optional<CachedAnswer> FindStale(const Question& question, TimePoint now);

  /// Remembers `answer`; an answer with TTL zero or with trouble is not stored.
  void Store(const Question& question, const RecordSet& answer, TimePoint now);

  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    RecordSet records;
    TimePoint valid_until;
    std::list<Question>::iterator use;  // position in uses_
  };

  using Entries = std::unordered_map<Question, Entry>;

  CachedAnswer Use(Entry& entry, TimePoint now);
  void Forget(Entries::iterator entry);
  bool MayStandIn(const Entry& entry, TimePoint now) const;

  DnsCacheOptions options_;
  Entries entries_;
  std::list<Question> uses_;  // most recently used first
};

}  // namespace flowbroker::dns
