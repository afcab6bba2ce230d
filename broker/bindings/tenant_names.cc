#include "broker/bindings/tenant_names.h"

namespace flowbroker::bindings {

std::optional<TenantNames::Id> TenantNames::Find(const std::string& name) const {
  const auto found = ids_.find(name);
  return found == ids_.end() ? std::nullopt : std::optional(found->second);
}

std::size_t TenantNames::CountOf(const std::string& name) const {
  const auto id = Find(name);
  return id ? tenants_[*id].bindings : 0;
}

TenantNames::Id TenantNames::Add(const std::string& name) {
  if (const auto known = Find(name)) {
    ++tenants_[*known].bindings;
    return *known;
  }
  Id id = static_cast<Id>(tenants_.size());
  if (free_.empty()) {
    tenants_.emplace_back();
  } else {
    id = free_.back();
    free_.pop_back();
  }
  tenants_[id] = {.name = &ids_.emplace(name, id).first->first, .bindings = 1};
  return id;
}

void TenantNames::Remove(Id id) {
  if (--tenants_[id].bindings > 0) return;
  ids_.erase(ids_.find(*tenants_[id].name));
  free_.push_back(id);
}

}  // namespace flowbroker::bindings
