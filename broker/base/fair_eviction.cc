#include "broker/base/fair_eviction.h"

namespace flowbroker {

std::optional<std::uint64_t> FairEviction::Add(const std::string& tenant, std::uint64_t number) {
  std::optional<std::uint64_t> gone;
  if (all_.size() >= entries_) {
    gone = NextToGo(tenant);
    Remove(*gone);
  }
  all_.emplace(number, tenant);
  of_tenant_[tenant].insert(number);
  return gone;
}

void FairEviction::Remove(std::uint64_t number) {
  const auto entry = all_.find(number);
  if (entry == all_.end()) return;
  const auto tenant = of_tenant_.find(entry->second);
  tenant->second.erase(number);
  if (tenant->second.empty()) of_tenant_.erase(tenant);
  all_.erase(entry);
}

std::optional<std::uint64_t> FairEviction::Oldest() const {
  return all_.empty() ? std::nullopt : std::optional(all_.begin()->first);
}

std::uint64_t FairEviction::NextToGo(const std::string& tenant) const {
  const auto own = of_tenant_.find(tenant);
  return own != of_tenant_.end() && own->second.size() >= share_ ? *own->second.begin() : all_.begin()->first;
}

}  // namespace flowbroker
