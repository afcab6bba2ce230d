#include "broker/flow/flow_pool.h"

#include <algorithm>
#include <utility>

namespace flowbroker::flow {
namespace {

/// As Add says: connecting is evidence and activity.
Flow FreshFlow(FlowId id, FlowKey key, ConnectionId connection, Endpoint local, history::NetworkId network,
               TimePoint now) {
  return {.id = id,
          .key = std::move(key),
          .connection = connection,
          .local = local,
          .network = network,
          .opened = now,
          .last_activity = now,
          .last_evidence = now};
}

/// @pre it is there under that hash
void Erase(const Flow& flow, std::size_t hash, std::unordered_multimap<std::size_t, Flow*>& from) {
  const auto [first, last] = from.equal_range(hash);
  from.erase(std::find_if(first, last, [&flow](const auto& entry) { return entry.second == &flow; }));
}

}  // namespace

FlowPool::FlowPool(const PoolLimits& limits, RandomSource& random) : limits_(limits), address_hash_(random) {}

std::size_t FlowPool::HashOf(const FlowAddresses& addresses) const {
  HashedOctets<2 * (16 + sizeof(std::uint16_t)) + 1> octets;
  for (const Endpoint& end : {addresses.remote, addresses.local}) octets.Add(end.address.MappedOctets()).Add(end.port);
  return address_hash_(octets.Add(static_cast<std::uint8_t>(addresses.transport)).view());
}

Flow& FlowPool::Insert(Flow flow) {
  const FlowId id = flow.id;
  Flow& inserted = flows_.emplace(id, std::move(flow)).first->second;
  by_addresses_.emplace(HashOf(inserted.addresses()), &inserted);
  return inserted;
}

Flow& FlowPool::Add(FlowId id, FlowKey key, ConnectionId connection, Endpoint local, history::NetworkId network,
                    bool exclusive, TimePoint now) {
  Flow& flow = Insert(FreshFlow(id, std::move(key), connection, local, network, now));
  flow.exclusive = exclusive;
  by_key_.emplace(std::hash<FlowKey>{}(flow.key), &flow);
  ++per_target_[flow.key.remote][flow.key.owner.tenant];
  LinkAsMostRecent(flow);
  return flow;
}

Flow& FlowPool::AddAccepted(FlowId id, FlowKey key, ConnectionId connection, Endpoint local, history::NetworkId network,
                            std::uint16_t listener, TimePoint now) {
  Flow& flow = Insert(FreshFlow(id, std::move(key), connection, local, network, now));
  flow.listener = listener;
  return flow;
}

Flow& FlowPool::AddHeld(FlowId id, FlowKey key, ConnectionId connection, Endpoint local, history::NetworkId network,
                        TimePoint now) {
  Flow& flow = Insert(FreshFlow(id, std::move(key), connection, local, network, now));
  flow.exclusive = true;
  flow.held = true;
  return flow;
}

Flow* FlowPool::Find(const FlowId& id) {
  const auto found = flows_.find(id);
  return found == flows_.end() ? nullptr : &found->second;
}

const Flow* FlowPool::Find(const FlowId& id) const {
  const auto found = flows_.find(id);
  return found == flows_.end() ? nullptr : &found->second;
}

const Flow* FlowPool::FindByAddresses(const FlowAddresses& addresses) const {
  const Flow* latest = nullptr;
  const auto [first, last] = by_addresses_.equal_range(HashOf(addresses));
  for (auto entry = first; entry != last; ++entry) {
    const Flow* flow = entry->second;
    if (flow->addresses() != addresses) continue;
    if (latest == nullptr || flow->opened > latest->opened) latest = flow;
  }
  return latest;
}

Flow* FlowPool::FindShareable(const FlowKey& key) {
  Flow* best = nullptr;
  const auto [first, last] = by_key_.equal_range(std::hash<FlowKey>{}(key));
  for (auto entry = first; entry != last; ++entry) {
    Flow* flow = entry->second;
    if (flow->exclusive || !(limits_.tls_reuse ? flow->Serves(key) : flow->key == key)) continue;
    if (best == nullptr || flow->last_evidence > best->last_evidence) best = flow;
  }
  return best;
}

std::optional<Flow> FlowPool::Remove(const FlowId& id) {
  const auto found = flows_.find(id);
  if (found == flows_.end()) return std::nullopt;
  Flow& flow = found->second;
  if (flow.is_pooled()) {
    Unlink(flow);
    ForgetShareable(flow);
  }
  Erase(flow, HashOf(flow.addresses()), by_addresses_);
  Flow removed = std::move(flow);
  flows_.erase(found);
  return removed;
}

void FlowPool::ForgetShareable(const Flow& flow) {
  Erase(flow, std::hash<FlowKey>{}(flow.key), by_key_);
  const auto tenants = per_target_.find(flow.key.remote);
  const auto count = tenants->second.find(flow.key.owner.tenant);
  if (--count->second == 0) tenants->second.erase(count);
  if (tenants->second.empty()) per_target_.erase(tenants);
}

void FlowPool::NoteActivity(Flow& flow, TimePoint now) {
  flow.last_activity = now;
  if (!flow.is_pooled() || &flow == most_recent_) return;
  Unlink(flow);
  LinkAsMostRecent(flow);
}

void FlowPool::NoteAlive(Flow& flow, TimePoint now) {
  flow.last_evidence = now;
  flow.suspect = false;
}

void FlowPool::NoteEvidence(Flow& flow, TimePoint now) {
  NoteAlive(flow, now);
  NoteActivity(flow, now);
}

bool FlowPool::HasRoomFor(const Target& target, const std::string& tenant) const {
  std::size_t open = 0;
  if (const auto tenants = per_target_.find(target); tenants != per_target_.end()) {
    if (const auto count = tenants->second.find(tenant); count != tenants->second.end()) open = count->second;
  }
  return open < limits_.max_flows_per_target;
}

TimePoint FlowPool::NextIdle() const {
  return least_recent_ == nullptr ? kNever : least_recent_->last_activity + limits_.idle_timeout;
}

const Flow* FlowPool::IdleFlow(TimePoint now) const {
  return NextIdle() <= now ? least_recent_ : nullptr;
}

std::vector<FlowId> FlowPool::Ids() const {
  std::vector<FlowId> ids;
  ids.reserve(flows_.size());
  for (const auto& [id, flow] : flows_) ids.push_back(id);
  return ids;
}

std::vector<FlowId> FlowPool::IdsAfter(const std::optional<FlowId>& after, std::size_t count,
                                       const Scope& scope) const {
  std::vector<FlowId> first;  // a heap with the last of them on top
  for (const auto& [id, flow] : flows_) {
    if ((after && id <= *after) || !scope.Covers(flow.key.owner)) continue;
    if (first.size() == count && (count == 0 || first.front() <= id)) continue;
    first.push_back(id);
    std::ranges::push_heap(first);
    if (first.size() <= count) continue;
    std::ranges::pop_heap(first);
    first.pop_back();
  }
  std::ranges::sort_heap(first);
  return first;
}

void FlowPool::Unlink(Flow& flow) {
  (flow.less_recent != nullptr ? flow.less_recent->more_recent : least_recent_) = flow.more_recent;
  (flow.more_recent != nullptr ? flow.more_recent->less_recent : most_recent_) = flow.less_recent;
  flow.less_recent = flow.more_recent = nullptr;
}

void FlowPool::LinkAsMostRecent(Flow& flow) {
  flow.less_recent = most_recent_;
  (most_recent_ != nullptr ? most_recent_->more_recent : least_recent_) = &flow;
  most_recent_ = &flow;
}

}  // namespace flowbroker::flow
