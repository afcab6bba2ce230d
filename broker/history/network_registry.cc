#include "broker/history/network_registry.h"

#include <algorithm>
#include <set>
#include <utility>

namespace flowbroker::history {
namespace {

bool LooksLike(const LocalInterface& interface, const LocalInterface& before) {
  return interface.name == before.name && interface.addresses == before.addresses;
}

template <typename Visit>
void ForEachAddress(const LocalInterface& interface, Visit&& visit) {
  for (const InterfaceAddress& own : interface.addresses) visit(own.address);
  for (const IpAddress& own : interface.temporary) visit(own);
}

}  // namespace

NetworkRegistry::NetworkRegistry(std::size_t max_networks) : max_networks_(max_networks) {}

NetworkRegistry::Change NetworkRegistry::Update(std::vector<LocalInterface> interfaces) {
  Change change;
  std::set<IpAddress> before;
  std::set<NetworkId> current_before;
  for (Entry& entry : entries_) {
    if (!std::exchange(entry.current, false)) continue;
    ForEachAddress(entry.network.seen_as, [&](const IpAddress& address) { before.insert(address); });
    current_before.insert(entry.network.id);
  }
  for (LocalInterface& interface : interfaces) {
    if (interface.addresses.empty()) continue;
    std::ranges::sort(interface.addresses);
    ForEachAddress(interface, [&](const IpAddress& address) { before.erase(address); });
    Entry& entry = FindOrAdd(std::move(interface));
    entry.current = true;
    if (!current_before.contains(entry.network.id)) change.joined.push_back(entry.network);
  }
  change.vanished.assign(before.begin(), before.end());
  ForgetSurplus();
  IndexCurrent();
  return change;
}

NetworkRegistry::Entry& NetworkRegistry::FindOrAdd(LocalInterface seen_as) {
  const auto known =
      std::ranges::find_if(entries_, [&](const Entry& entry) { return LooksLike(entry.network.seen_as, seen_as); });
  Entry entry{{known != entries_.end() ? known->network.id : NewId(), std::move(seen_as)}, false};
  if (known != entries_.end()) entries_.erase(known);
  entries_.push_back(std::move(entry));
  return entries_.back();
}

bool NetworkRegistry::IsKnown(NetworkId id) const {
  return std::ranges::any_of(entries_, [id](const Entry& entry) { return entry.network.id == id; });
}

NetworkId NetworkRegistry::NewId() {
  do {
    ++last_id_;  // begins anew after 2^32 networks, or after a snapshot's largest id
  } while (last_id_ == 0 || IsKnown({last_id_}));
  return {last_id_};
}

void NetworkRegistry::ForgetSurplus() {
  auto left = std::ranges::count(entries_, false, &Entry::current);
  std::erase_if(entries_, [&](const Entry& entry) {
    return !entry.current && left > static_cast<std::ptrdiff_t>(max_networks_) && left-- > 0;
  });
}

void NetworkRegistry::IndexCurrent() {
  places_.clear();
  by_interface_.clear();
  for (const Entry& entry : entries_) {
    if (!entry.current) continue;
    const auto& [id, seen_as] = entry.network;
    by_interface_.emplace(seen_as.name, id);
    ForEachAddress(seen_as, [&](const IpAddress& address) { places_.emplace(address, Place{id, seen_as.name}); });
  }
}

NetworkId NetworkRegistry::NetworkOf(const IpAddress& local_address) const {
  return NetworkOf(local_address, {});
}

NetworkId NetworkRegistry::NetworkOf(std::string_view interface_name) const {
  const auto known = by_interface_.find(interface_name);
  return known == by_interface_.end() ? NetworkId{} : known->second;
}

NetworkId NetworkRegistry::NetworkOf(const IpAddress& local_address, std::string_view interface_name) const {
  const auto [first, last] = places_.equal_range(local_address);
  for (auto place = first; place != last; ++place) {
    if (interface_name.empty() || place->second.interface == interface_name) return place->second.network;
  }
  return {};
}

std::string NetworkRegistry::InterfaceOf(NetworkId id) const {
  const auto known = std::ranges::find_if(entries_, [id](const Entry& entry) { return entry.network.id == id; });
  return known == entries_.end() ? std::string() : known->network.seen_as.name;
}

std::vector<KnownNetwork> NetworkRegistry::networks() const {
  std::vector<KnownNetwork> networks;
  for (const Entry& entry : entries_) networks.push_back(entry.network);
  return networks;
}

void NetworkRegistry::Restore(std::vector<KnownNetwork> networks) {
  std::vector<LocalInterface> now;
  for (Entry& entry : entries_) {
    if (entry.current) now.push_back(std::move(entry.network.seen_as));
  }
  std::set<NetworkId> taken{NetworkId{}};
  std::erase_if(networks, [&](const KnownNetwork& network) {
    return network.seen_as.addresses.empty() || !taken.insert(network.id).second;
  });
  last_id_ = std::max(last_id_, taken.rbegin()->value);
  if (networks.size() > max_networks_) {
    networks.erase(networks.begin(), networks.end() - static_cast<std::ptrdiff_t>(max_networks_));
  }
  entries_.clear();
  for (KnownNetwork& network : networks) {
    std::ranges::sort(network.seen_as.addresses);
    entries_.push_back({std::move(network), false});
  }
  Update(std::move(now));
}

}  // namespace flowbroker::history
