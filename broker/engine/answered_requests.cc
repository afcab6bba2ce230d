#include "broker/engine/answered_requests.h"

#include <utility>

namespace flowbroker::engine {
namespace {

std::string KeyOf(std::string_view client_group, std::string_view request_id) {
  std::string key(client_group);
  key += '\x1f';
  key += request_id;
  return key;
}

}  // namespace

std::optional<AnsweredRequests::Answer> AnsweredRequests::Find(std::string_view client_group,
                                                               std::string_view request_id, TimePoint now) const {
  if (request_id.empty()) return std::nullopt;
  const auto found = answers_.find(KeyOf(client_group, request_id));
  if (found == answers_.end() || found->second.until <= now) return std::nullopt;
  return found->second.answer;
}

void AnsweredRequests::Remember(std::string_view client_group, std::string_view request_id, Answer answer,
                                TimePoint now) {
  if (request_id.empty()) return;
  while (!age_.empty() && (age_.front().first <= now || age_.size() >= max_entries_)) {
    const auto oldest = answers_.find(age_.front().second);
    if (oldest != answers_.end() && oldest->second.until == age_.front().first) answers_.erase(oldest);
    age_.pop_front();
  }
  const std::string key = KeyOf(client_group, request_id);
  answers_.insert_or_assign(key, Entry{std::move(answer), now + kLifetime});
  age_.emplace_back(now + kLifetime, key);
}

}  // namespace flowbroker::engine
