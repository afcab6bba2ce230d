#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace flowbroker::bindings {

/// The tenants that have bindings, each with a small number to stand for it in a record, and how many it has.
class TenantNames {
 public:
  using Id = std::uint32_t;

  /// Nothing for a tenant without bindings.
  std::optional<Id> Find(const std::string& name) const;

  /// Bindings of that tenant.
  std::size_t CountOf(const std::string& name) const;

  /// One binding more.
  Id Add(const std::string& name);

  /// One binding less; with the last one the number means nothing any more and may be given again.
  void Remove(Id id);

  /// @pre the tenant has bindings
  const std::string& NameOf(Id id) const { return *tenants_[id].name; }

 private:
  struct Tenant {
    const std::string* name;  // key of ids_
    std::size_t bindings;
  };

  std::unordered_map<std::string, Id> ids_;
  std::vector<Tenant> tenants_;  // by id
  std::vector<Id> free_;
};

}  // namespace flowbroker::bindings
