#include "broker/net/interface_table.h"

#include <utility>

namespace flowbroker::net {

void InterfaceTable::Apply(const LinkChange& link) {
  if (!link.exists) {
    interfaces_.erase(link.index);
    return;
  }
  Interface& interface = interfaces_[link.index];
  interface.up = link.up;
  if (!link.name.empty()) interface.name = link.name;
}

void InterfaceTable::Apply(const AddressChange& address) {
  // An interface is told before its addresses; the last of them may go after it.
  const auto interface = interfaces_.find(address.interface_index);
  if (interface == interfaces_.end()) return;
  const history::InterfaceAddress own{address.address, address.prefix_bits};
  if (address.usable) {
    interface->second.addresses.insert_or_assign(own, address.temporary);
  } else {
    interface->second.addresses.erase(own);
  }
}

std::vector<history::LocalInterface> InterfaceTable::interfaces() const {
  std::vector<history::LocalInterface> usable;
  for (const auto& [index, interface] : interfaces_) {
    if (!interface.up || interface.addresses.empty()) continue;
    history::LocalInterface& one = usable.emplace_back(history::LocalInterface{interface.name, {}});
    for (const auto& [own, temporary] : interface.addresses) {
      if (temporary) {
        one.temporary.push_back(own.address);
      } else {
        one.addresses.push_back(own);
      }
    }
  }
  return usable;
}

}  // namespace flowbroker::net
