#include "broker/history/network_registry.h"

#include <algorithm>
#include <set>
#include <utility>

namespace flowbroker::history {
namespace {

bool HasAddress(const LocalInterface& interface, const IpAddress& address) {
  return std::ranges::any_of(interface.addresses, [&](const InterfaceAddress& own) { return own.address == address; });
}

}  // namespace

NetworkRegistry::NetworkRegistry(std::size_t max_networks) : max_networks_(max_networks) {}

NetworkRegistry::Change NetworkRegistry::Update(std::vector<LocalInterface> interfaces) {
  Change change;
  std::set<IpAddress> before;
  std::set<NetworkId> current_before;
  for (Entry& entry : entries_) {
    if (!entry.current) continue;
    for (const InterfaceAddress& own : entry.network.seen_as.addresses) before.insert(own.address);
    current_before.insert(entry.network.id);
    entry.current = false;
  }
  for (LocalInterface& interface : interfaces) {
    std::ranges::sort(interface.addresses);
    for (const InterfaceAddress& own : interface.addresses) before.erase(own.address);
    Entry& entry = FindOrAdd(std::move(interface));
    entry.current = true;
    if (!current_before.contains(entry.network.id)) change.joined.push_back(entry.network.id);
  }
  change.vanished.assign(before.begin(), before.end());
  ForgetSurplus();
  return change;
}

NetworkRegistry::Entry& NetworkRegistry::FindOrAdd(LocalInterface seen_as) {
  const auto known =
      std::ranges::find_if(entries_, [&](const Entry& entry) { return entry.network.seen_as == seen_as; });
  Entry entry = known != entries_.end() ? std::move(*known) : Entry{{{++last_id_}, std::move(seen_as)}, false};
  if (known != entries_.end()) entries_.erase(known);
  entries_.push_back(std::move(entry));
  return entries_.back();
}

void NetworkRegistry::ForgetSurplus() {
  auto left = std::ranges::count(entries_, false, &Entry::current);
  std::erase_if(entries_, [&](const Entry& entry) {
    return !entry.current && left > static_cast<std::ptrdiff_t>(max_networks_) && left-- > 0;
  });
}

NetworkId NetworkRegistry::NetworkOf(const IpAddress& local_address) const {
  for (const Entry& entry : entries_) {
    if (entry.current && HasAddress(entry.network.seen_as, local_address)) return entry.network.id;
  }
  return {};
}

NetworkId NetworkRegistry::NetworkOf(std::string_view interface_name) const {
  for (const Entry& entry : entries_) {
    if (entry.current && entry.network.seen_as.name == interface_name) return entry.network.id;
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
  for (KnownNetwork& network : networks) {
    last_id_ = std::max(last_id_, network.id.value);
    entries_.push_back({std::move(network), false});
  }
}

}  // namespace flowbroker::history
