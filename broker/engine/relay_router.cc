#include "broker/engine/relay_router.h"

#include <utility>

namespace flowbroker::engine {
namespace {

std::size_t Hash(std::string_view text) {
  return std::hash<std::string_view>{}(text);
}

/// Of one owner: nobody's requests redirect the replies to those of another.
std::size_t TransactionKey(std::string_view branch, const flow::Owner& owner) {
  return Hash(branch) ^ (std::hash<flow::Owner>{}(owner) * 31);
}

}  // namespace

void RelayRouter::Attach(RelayId relay, flow::Owner owner, std::shared_ptr<RelaySink> sink) {
  of_owner_[owner].push_back(relay);
  streams_.emplace(relay, Stream{std::move(owner), std::move(sink)});
}

void RelayRouter::Detach(RelayId relay) {
  const auto stream = streams_.find(relay);
  if (stream == streams_.end()) return;
  const auto streams = of_owner_.find(stream->second.owner);
  std::erase(streams->second, relay);
  if (streams->second.empty()) of_owner_.erase(streams);
  streams_.erase(stream);
}

RelaySink* RelayRouter::SinkOf(RelayId relay) const {
  const auto stream = streams_.find(relay);
  return stream == streams_.end() ? nullptr : stream->second.sink.get();
}

const flow::Owner* RelayRouter::OwnerOf(RelayId relay) const {
  const auto stream = streams_.find(relay);
  return stream == streams_.end() ? nullptr : &stream->second.owner;
}

void RelayRouter::NoteRequest(std::string_view branch, RelayId relay) {
  const flow::Owner* owner = OwnerOf(relay);
  if (owner == nullptr) return;
  const std::size_t key = TransactionKey(branch, *owner);
  if (!transactions_.insert_or_assign(key, relay).second) return;
  transaction_age_.push_back(key);
  if (transaction_age_.size() <= max_pending_) return;
  transactions_.erase(transaction_age_.front());
  transaction_age_.pop_front();
}

std::optional<RelayId> RelayRouter::Route(const sip::MessageHead& head, const flow::Owner& owner) const {
  if (!head.is_request) {
    const auto transaction = transactions_.find(TransactionKey(head.top_via_branch, owner));
    const flow::Owner* asker = transaction == transactions_.end() ? nullptr : OwnerOf(transaction->second);
    if (asker != nullptr && *asker == owner) return transaction->second;  // no peer reaches another owner
  }
  const auto streams = of_owner_.find(owner);
  if (streams == of_owner_.end()) return std::nullopt;
  return streams->second[Hash(head.call_id) % streams->second.size()];
}

}  // namespace flowbroker::engine
