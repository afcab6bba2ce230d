#include "broker/engine/relay_router.h"

#include <utility>

namespace flowbroker::engine {
namespace {

std::size_t Hash(std::string_view text) {
  return std::hash<std::string_view>{}(text);
}

}  // namespace

void RelayRouter::Attach(RelayId relay, std::string client_group, std::shared_ptr<RelaySink> sink) {
  groups_[client_group].push_back(relay);
  streams_.emplace(relay, Stream{std::move(client_group), std::move(sink)});
}

void RelayRouter::Detach(RelayId relay) {
  const auto stream = streams_.find(relay);
  if (stream == streams_.end()) return;
  const auto group = groups_.find(stream->second.client_group);
  std::erase(group->second, relay);
  if (group->second.empty()) groups_.erase(group);
  streams_.erase(stream);
}

RelaySink* RelayRouter::SinkOf(RelayId relay) const {
  const auto stream = streams_.find(relay);
  return stream == streams_.end() ? nullptr : stream->second.sink.get();
}

const std::string* RelayRouter::GroupOf(RelayId relay) const {
  const auto stream = streams_.find(relay);
  return stream == streams_.end() ? nullptr : &stream->second.client_group;
}

void RelayRouter::NoteRequest(std::string_view branch, RelayId relay) {
  const std::size_t key = Hash(branch);
  if (!transactions_.insert_or_assign(key, relay).second) return;
  transaction_age_.push_back(key);
  if (transaction_age_.size() <= max_pending_) return;
  transactions_.erase(transaction_age_.front());
  transaction_age_.pop_front();
}

std::optional<RelayId> RelayRouter::Route(const sip::MessageHead& head, const std::string& client_group) const {
  if (!head.is_request) {
    const auto transaction = transactions_.find(Hash(head.top_via_branch));
    const std::string* asker = transaction == transactions_.end() ? nullptr : GroupOf(transaction->second);
    if (asker != nullptr && *asker == client_group) return transaction->second;  // no peer reaches another group
  }
  const auto group = groups_.find(client_group);
  if (group == groups_.end()) return std::nullopt;
  return group->second[Hash(head.call_id) % group->second.size()];
}

}  // namespace flowbroker::engine
