#pragma once

#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "broker/history/network_registry.h"

namespace flowbroker::engine {

/// The NetworkRegistry of the whole broker. Thread-safe.
class SharedNetworks {
 public:
  history::NetworkRegistry::Change Update(std::vector<history::LocalInterface> interfaces);
  history::NetworkId NetworkOf(const IpAddress& local_address) const;
  history::NetworkId NetworkOf(std::string_view interface_name) const;
  history::NetworkId NetworkOf(const IpAddress& local_address, std::string_view interface_name) const;
  std::string InterfaceOf(history::NetworkId id) const;
  std::vector<history::KnownNetwork> networks() const;
  void Restore(std::vector<history::KnownNetwork> networks);

 private:
  mutable std::shared_mutex mutex_;
  history::NetworkRegistry registry_;
};

}  // namespace flowbroker::engine
