#include "broker/engine/shared_networks.h"

#include <mutex>
#include <utility>

namespace flowbroker::engine {

history::NetworkRegistry::Change SharedNetworks::Update(std::vector<history::LocalInterface> interfaces) {
  const std::lock_guard lock(mutex_);
  return registry_.Update(std::move(interfaces));
}

history::NetworkId SharedNetworks::NetworkOf(const IpAddress& local_address) const {
  const std::shared_lock lock(mutex_);
  return registry_.NetworkOf(local_address);
}

history::NetworkId SharedNetworks::NetworkOf(std::string_view interface_name) const {
  const std::shared_lock lock(mutex_);
  return registry_.NetworkOf(interface_name);
}

history::NetworkId SharedNetworks::NetworkOf(const IpAddress& local_address, std::string_view interface_name) const {
  const std::shared_lock lock(mutex_);
  return registry_.NetworkOf(local_address, interface_name);
}

std::string SharedNetworks::InterfaceOf(history::NetworkId id) const {
  const std::shared_lock lock(mutex_);
  return registry_.InterfaceOf(id);
}

std::vector<history::KnownNetwork> SharedNetworks::networks() const {
  const std::shared_lock lock(mutex_);
  return registry_.networks();
}

void SharedNetworks::Restore(std::vector<history::KnownNetwork> networks) {
  const std::lock_guard lock(mutex_);
  registry_.Restore(std::move(networks));
}

}  // namespace flowbroker::engine
