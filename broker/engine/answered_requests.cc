#include "broker/engine/answered_requests.h"

#include <utility>

namespace flowbroker::engine {
namespace {

std::string KeyOf(const flow::Owner& owner, std::string_view request_id) {
  std::string key;
  // With their lengths: no text of one part can pass for another part.
  for (const std::string_view part :
       {std::string_view(owner.tenant), std::string_view(owner.client_group), request_id}) {
    key += std::to_string(part.size());
    key += ':';
    key += part;
  }
  return key;
}

}  // namespace

std::optional<AnsweredRequests::Answer> AnsweredRequests::Find(const flow::Owner& owner, std::string_view request_id,
                                                               TimePoint now) const {
  if (request_id.empty()) return std::nullopt;
  const auto found = answers_.find(KeyOf(owner, request_id));
  if (found == answers_.end() || found->second.until <= now) return std::nullopt;
  return found->second.answer;
}

void AnsweredRequests::Remember(const flow::Owner& owner, std::string_view request_id, Answer answer, TimePoint now) {
  if (request_id.empty()) return;
  for (auto oldest = eviction_.Oldest(); oldest; oldest = eviction_.Oldest()) {
    if (answers_.at(keys_.at(*oldest)).until > now) break;
    Forget(*oldest);
  }
  std::string key = KeyOf(owner, request_id);
  if (const auto before = answers_.find(key); before != answers_.end()) Forget(before->second.number);
  const std::uint64_t number = ++last_number_;
  if (const auto evicted = eviction_.Add(owner.tenant, number)) Forget(*evicted);
  keys_.emplace(number, key);
  answers_.emplace(std::move(key), Entry{std::move(answer), now + kLifetime, number});
}

void AnsweredRequests::Forget(std::uint64_t number) {
  const auto key = keys_.find(number);
  answers_.erase(key->second);
  keys_.erase(key);
  eviction_.Remove(number);
}

}  // namespace flowbroker::engine
