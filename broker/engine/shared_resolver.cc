#include "broker/engine/shared_resolver.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace flowbroker::engine {

using location::AnswerOrigin;

std::variant<SharedResolver::Answer, SharedResolver::Instruction> SharedResolver::Ask(const dns::Question& question,
                                                                                      std::uint8_t shard,
                                                                                      const std::string& tenant,
                                                                                      TimePoint now) {
  const std::lock_guard lock(mutex_);
  if (auto cached = cache_.Find(question, now)) return Answer{std::move(cached->records), AnswerOrigin::kCache};
  if (const auto recheck = recheck_at_.find(question); recheck != recheck_at_.end()) {
    auto stale = now < recheck->second ? cache_.FindStale(question, now) : std::nullopt;
    if (stale) return Answer{std::move(stale->records), AnswerOrigin::kStale};
    recheck_at_.erase(recheck);
  }
  auto& [shards, tenants] = in_flight_[question];
  if (std::ranges::find(shards, shard) == shards.end()) shards.push_back(shard);
  if (std::ranges::find(tenants, tenant) != tenants.end()) return Instruction::kWait;
  tenants.push_back(tenant);
  return Instruction::kAsk;
}

SharedResolver::Ended SharedResolver::End(const dns::Question& question, dns::RecordSet records, TimePoint now) {
  const std::lock_guard lock(mutex_);
  Ended ended{{std::move(records), AnswerOrigin::kServer}, {}};
  if (auto waiting = in_flight_.extract(question)) ended.shards = std::move(waiting.mapped().shards);
  if (!dns::IsDnsTrouble(ended.answer.records.status)) {
    cache_.Store(question, ended.answer.records, now);
    recheck_at_.erase(question);
    return ended;
  }
  if (auto stale = cache_.FindStale(question, now)) {
    ended.answer = {std::move(stale->records), AnswerOrigin::kStale};
    if (recheck_at_.size() > 2 * cache_.size()) recheck_at_.clear();  // of questions the cache has forgotten
    recheck_at_[question] = now + kRecheckAfterTrouble;
  }
  return ended;
}

std::vector<IpAddress> SharedResolver::AddressesOf(const dns::DnsName& name, TimePoint now) {
  std::vector<IpAddress> addresses;
  const std::lock_guard lock(mutex_);
  for (const dns::RecordType type : {dns::RecordType::kA, dns::RecordType::kAaaa}) {
    auto known = cache_.Find({name, type}, now);
    if (!known) known = cache_.FindStale({name, type}, now);
    if (known) std::ranges::copy(known->records.addresses, std::back_inserter(addresses));
  }
  return addresses;
}

}  // namespace flowbroker::engine
