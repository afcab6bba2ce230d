#include "broker/dns/dns_cache.h"

#include <algorithm>

namespace flowbroker::dns {

DnsCache::DnsCache(DnsCacheOptions options) : options_(options) {}

std::optional<CachedAnswer> DnsCache::Find(const Question& question, TimePoint now) {
  const auto found = entries_.find(question);
  if (found == entries_.end()) return std::nullopt;
  Entry& entry = found->second;
  if (now < entry.valid_until) return Use(entry, now);
  if (!MayStandIn(entry, now)) Forget(found);
  return std::nullopt;
}

std::optional<CachedAnswer> DnsCache::FindStale(const Question& question, TimePoint now) {
  const auto found = entries_.find(question);
  if (found == entries_.end() || now < found->second.valid_until) return std::nullopt;
  if (MayStandIn(found->second, now)) return Use(found->second, now);
  Forget(found);
  return std::nullopt;
}

void DnsCache::Store(const Question& question, const RecordSet& answer, TimePoint now) {
  if (IsDnsTrouble(answer.status) || answer.ttl <= Duration::zero() || options_.max_entries == 0) return;
  const Duration most = answer.status == AnswerStatus::kRecords ? options_.max_ttl : options_.max_negative_ttl;
  if (const auto old = entries_.find(question); old != entries_.end()) Forget(old);
  if (entries_.size() >= options_.max_entries) Forget(entries_.find(uses_.back()));
  uses_.push_front(question);
  entries_.emplace(question, Entry{answer, now + std::min(answer.ttl, most), uses_.begin()});
}

CachedAnswer DnsCache::Use(Entry& entry, TimePoint now) {
  uses_.splice(uses_.begin(), uses_, entry.use);
  CachedAnswer answer{entry.records, entry.valid_until};
  answer.records.ttl = std::max(entry.valid_until - now, Duration::zero());
  return answer;
}

void DnsCache::Forget(Entries::iterator entry) {
  uses_.erase(entry->second.use);
  entries_.erase(entry);
}

bool DnsCache::MayStandIn(const Entry& entry, TimePoint now) const {
  return entry.records.status == AnswerStatus::kRecords && now - entry.valid_until < options_.max_stale;
}

}  // namespace flowbroker::dns
