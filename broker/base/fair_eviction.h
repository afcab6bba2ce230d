#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>

namespace flowbroker {

/// Which entry of a full table makes room for the next one: the oldest - or, where the newcomer's tenant has its share
/// already, the oldest of its own. Alone a tenant may fill the table; together with others none drives them out. Knows
/// entries by number only, higher ones being younger. Pure; takes the time of a search in a tree.
class FairEviction {
 public:
  /// Room for so many entries, of which so many percent are a tenant's share; at least one is.
  FairEviction(std::size_t entries, int percent)
      : entries_(std::max<std::size_t>(1, entries)),
        share_(std::max<std::size_t>(1, entries * static_cast<std::size_t>(percent) / 100)) {}

  /// Adds an entry; the number of the one that makes room for it, if one must.
  std::optional<std::uint64_t> Add(const std::string& tenant, std::uint64_t number);
  /// The entry is gone otherwise; nothing happens where there is none.
  void Remove(std::uint64_t number);
  std::optional<std::uint64_t> Oldest() const;

 private:
  std::uint64_t NextToGo(const std::string& tenant) const;

  const std::size_t entries_;
  const std::size_t share_;
  std::map<std::uint64_t, std::string> all_;  // with their tenants
  std::unordered_map<std::string, std::set<std::uint64_t>> of_tenant_;
};

}  // namespace flowbroker
