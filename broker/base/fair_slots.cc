#include "broker/base/fair_slots.h"

#include <utility>

namespace flowbroker {

bool FairSlots::HasRoom(const std::string& tenant) const {
  if (full()) return false;
  const auto entry = tenants_.find(tenant);
  return entry == tenants_.end() || HasShareLeft(*entry);
}

void FairSlots::Take(const std::string& tenant) {
  ++tenants_[tenant].taken;
  ++taken_;
}

void FairSlots::Give(const std::string& tenant) {
  const auto entry = tenants_.find(tenant);
  --entry->second.taken;
  --taken_;
  Queue(*entry);
  ForgetIfIdle(entry);
}

void FairSlots::Wait(const std::string& tenant, std::uint64_t number) {
  Tenants::value_type& entry = *tenants_.try_emplace(tenant).first;
  entry.second.waiting.insert(number);
  Queue(entry);
}

void FairSlots::Leave(const std::string& tenant, std::uint64_t number) {
  const auto entry = tenants_.find(tenant);
  if (entry == tenants_.end() || entry->second.waiting.erase(number) == 0) return;
  ForgetIfIdle(entry);  // with nobody left it is passed over when its turn comes
}

std::size_t FairSlots::WaitingOf(const std::string& tenant) const {
  const auto entry = tenants_.find(tenant);
  return entry == tenants_.end() ? 0 : entry->second.waiting.size();
}

std::optional<std::uint64_t> FairSlots::Next() {
  if (full()) return std::nullopt;
  while (!in_turn_.empty()) {
    Tenants::value_type& entry = *in_turn_.front();
    in_turn_.pop_front();
    entry.second.in_turn = false;
    auto& waiting = entry.second.waiting;
    if (!waiting.empty() && !HasShareLeft(entry)) continue;  // in turn again when it gives something back
    std::optional<std::uint64_t> next;
    if (!waiting.empty()) next = waiting.extract(waiting.begin()).value();
    Queue(entry);
    ForgetIfIdle(tenants_.find(entry.first));
    if (next) return next;
  }
  return std::nullopt;
}

bool FairSlots::HasShareLeft(const Tenants::value_type& entry) const {
  return entry.first.empty() || entry.second.taken < share_;
}

void FairSlots::Queue(Tenants::value_type& entry) {
  if (entry.second.waiting.empty() || std::exchange(entry.second.in_turn, true)) return;
  in_turn_.push_back(&entry);
}

void FairSlots::ForgetIfIdle(Tenants::iterator entry) {
  const Tenant& tenant = entry->second;
  if (tenant.taken == 0 && tenant.waiting.empty() && !tenant.in_turn) tenants_.erase(entry);
}

}  // namespace flowbroker
