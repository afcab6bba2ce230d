#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>

namespace flowbroker {

/// Room for so many at once, of which no tenant gets more than its share; who waits for a place is served in turn: one
/// of this tenant, one of the next, whatever the length of their queues. The tenant without a name is the operator, who
/// has no share but everything. Pure; nothing takes longer for more tenants or longer queues than a search in a tree.
///
///     if (slots.HasRoom(tenant)) slots.Take(tenant); else slots.Wait(tenant, number);
///     ...
///     slots.Give(tenant);
///     while (auto next = slots.Next()) ...   // may take a place now
class FairSlots {
 public:
  FairSlots(std::size_t slots, std::size_t share) : slots_(slots), share_(share) {}
  /// So many percent of `slots` are a tenant's share; at least one is.
  static FairSlots WithPercent(std::size_t slots, int percent) {
    return {slots, std::max<std::size_t>(1, slots * static_cast<std::size_t>(percent) / 100)};
  }

  bool HasRoom(const std::string& tenant) const;
  /// Whether nobody gets a place.
  bool full() const { return taken_ >= slots_; }
  std::size_t slots() const { return slots_; }

  /// Takes a place, also where there is none.
  void Take(const std::string& tenant);
  /// Gives back what was taken.
  void Give(const std::string& tenant);

  /// `number` waits for a place; the lowest of a tenant is the first of it.
  void Wait(const std::string& tenant, std::uint64_t number);
  /// It does not wait any longer; nothing happens where it did not.
  void Leave(const std::string& tenant, std::uint64_t number);
  std::size_t WaitingOf(const std::string& tenant) const;
  /// Whose turn it is; it waits no longer, but has taken nothing yet. Nothing where nobody waits who could get a place.
  std::optional<std::uint64_t> Next();

 private:
  struct Tenant {
    std::size_t taken = 0;
    std::set<std::uint64_t> waiting = {};
    bool in_turn = false;  // has its place in turn_; where somebody waits and it has not, its share is used up
  };
  using Tenants = std::unordered_map<std::string, Tenant>;

  bool HasShareLeft(const Tenants::value_type& entry) const;
  void Queue(Tenants::value_type& entry);
  void ForgetIfIdle(Tenants::iterator entry);

  const std::size_t slots_;
  const std::size_t share_;
  std::size_t taken_ = 0;
  Tenants tenants_;                           // with anything taken or waiting, or in turn
  std::deque<Tenants::value_type*> in_turn_;  // each once; the next one first
};

}  // namespace flowbroker
