#pragma once

#include <map>
#include <string>
#include <vector>

#include "broker/history/network_registry.h"
#include "broker/net/rtnetlink_reader.h"

namespace flowbroker::net {

/// The interfaces of this host, put together from what rtnetlink tells. Does no I/O.
class InterfaceTable {
 public:
  void Apply(const LinkChange& link);
  void Apply(const AddressChange& address);

  /// Interfaces that are up and have usable addresses; both in order, so that equal states are equal values.
  std::vector<history::LocalInterface> interfaces() const;

 private:
  struct Interface {
    std::string name;
    bool up = false;
    std::map<history::InterfaceAddress, bool> addresses;  // and whether it is temporary
  };
  std::map<int, Interface> interfaces_;  // by index: names can change
};

}  // namespace flowbroker::net
