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
  while (!age_.empty() && (age_.front().first <= now || age_.size() >= max_entries_)) {
    const auto oldest = answers_.find(age_.front().second);
    if (oldest != answers_.end() && oldest->second.until == age_.front().first) answers_.erase(oldest);
    age_.pop_front();
  }
  const std::string key = KeyOf(owner, request_id);
  answers_.insert_or_assign(key, Entry{std::move(answer), now + kLifetime});
  age_.emplace_back(now + kLifetime, key);
}

}  // namespace flowbroker::engine
