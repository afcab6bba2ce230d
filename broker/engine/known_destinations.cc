#include "broker/engine/known_destinations.h"

#include <utility>

namespace flowbroker::engine {

KnownDestinations::Known* KnownDestinations::Find(std::string_view key, TimePoint now) {
  const auto found = known_.find(key);
  if (found == known_.end() || now >= found->second.valid_until) return nullptr;
  return &found->second;
}

void KnownDestinations::Remember(const std::string& key, Known facts, std::size_t record, const flow::FlowId& flow) {
  if (known_.size() >= max_entries_ && !known_.contains(key)) known_.erase(known_.begin());
  Known& known = known_[key];
  const std::size_t records = facts.ledger == nullptr ? 1 : facts.ledger->records().size();
  if (known.ledger == facts.ledger && known.flows.size() == records) facts.flows = std::move(known.flows);
  known = std::move(facts);
  known.flows.resize(records);
  known.flows[record] = flow;
}

void KnownDestinations::Forget(std::string_view key) {
  if (const auto found = known_.find(key); found != known_.end()) known_.erase(found);
}

}  // namespace flowbroker::engine
