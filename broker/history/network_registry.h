#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "broker/base/ip_address.h"
#include "broker/history/path.h"

namespace flowbroker::history {

/// An address of a local interface, with the length of its on-link prefix.
struct InterfaceAddress {
  IpAddress address;
  int prefix_bits;
  friend auto operator<=>(const InterfaceAddress&, const InterfaceAddress&) = default;
};

/// A local interface with the addresses that packets may carry as their source now.
struct LocalInterface {
  std::string name;
  std::vector<InterfaceAddress> addresses;
  /// Usable too, but no sign of the network: temporary addresses (RFC 8981) are replaced every day, and the memory of
  /// an unchanged network would be lost with them.
  std::vector<IpAddress> temporary = {};
  friend bool operator==(const LocalInterface&, const LocalInterface&) = default;
};

/// A network that an interface was on at some time: it is recognised by the addresses the interface had there.
struct KnownNetwork {
  NetworkId id;
  LocalInterface seen_as;  ///< addresses sorted; never none
};

/// Tells which network each local interface is on (H5, H9). An interface whose addresses change is on another network:
/// one with a new id, and so an empty memory, unless it had just these addresses before. One without addresses is on
/// none. Pure; one thread at a time.
///
/// Addresses are all it goes by: another network on which the interface has the same addresses with the same prefix
/// lengths (192.168.1.2/24 at home and in the office) is taken for the same one. Memory then begins with what was true
/// of the other, and corrects itself as wherever a path changes: by the next successes, failures and re-probes.
class NetworkRegistry {
 public:
  /// What an update changed.
  struct Change {
    std::vector<IpAddress> vanished;   ///< addresses that no interface has any more
    std::vector<KnownNetwork> joined;  ///< networks that are current now and were not before
  };

  /// Networks remembered beyond the current ones; the one left longest ago is forgotten first.
  explicit NetworkRegistry(std::size_t max_networks = 256);

  /// Takes in all interfaces as they are now.
  Change Update(std::vector<LocalInterface> interfaces);

  /// The network that packets from `local_address` leave on; 0 where no interface has it.
  NetworkId NetworkOf(const IpAddress& local_address) const;
  /// The network that the interface is on; 0 where there is no such interface, or it has no address.
  NetworkId NetworkOf(std::string_view interface_name) const;
  /// The same for packets that must leave through `interface_name`, unless that is empty.
  NetworkId NetworkOf(const IpAddress& local_address, std::string_view interface_name) const;
  /// Name of the interface; empty for 0 and forgotten ones.
  std::string InterfaceOf(NetworkId id) const;

  /// For the snapshot: all that are remembered.
  std::vector<KnownNetwork> networks() const;
  /// Takes a snapshot's networks as the ones known, and those current now by their ids in it. Every id given out
  /// before is void: to be called before anything is learned. Of two networks with one id the first is taken, and of
  /// too many those at the end, which were left last. Time grows by n log n.
  void Restore(std::vector<KnownNetwork> networks);

 private:
  struct Entry {
    KnownNetwork network;
    bool current;
  };
  /// Where a local address is now.
  struct Place {
    NetworkId network;
    std::string interface;
  };
  Entry& FindOrAdd(LocalInterface seen_as);
  bool IsKnown(NetworkId id) const;
  NetworkId NewId();
  void ForgetSurplus();
  void IndexCurrent();

  std::size_t max_networks_;
  std::vector<Entry> entries_;  // the one left longest ago first
  // Of the current ones: when addresses change, every open flow asks.
  std::multimap<IpAddress, Place> places_;
  std::map<std::string, NetworkId, std::less<>> by_interface_;
  std::uint32_t last_id_ = 0;
};

}  // namespace flowbroker::history
