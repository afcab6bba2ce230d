#pragma once

#include <map>
#include <string>
#include <vector>

#include "tests/simulation/dice.h"
#include "tests/simulation/scripted_shard.h"

namespace flowbroker::simulation {

/// A random part of the Internet: hosts with addresses in a few prefixes, a domain with SRV records, all of it breaking
/// and being repaired.
class World {
 public:
  World(ScriptedShard& shard, Dice& dice);

  /// One random change: a target, a prefix, a family or DNS breaks or is repaired.
  void Change();
  /// The whole family breaks in some way, or only this and that of it.
  void BreakFamily(AddressFamily family);
  /// Everything answers within 20 ms, DNS too.
  void Repair();

  /// A URI that leads somewhere, or nowhere.
  std::string AnyUri();
  /// A URI of a host with both families over one transport.
  std::string AnyDualStackUri();

  /// Name of the host that has the address.
  const std::string& HostOf(const IpAddress& address) const { return hosts_.at(address); }
  /// All addresses of a host.
  std::vector<IpAddress> AddressesOf(const std::string& host) const;

 private:
  void AddHost(const std::string& name, bool both_families);
  IpAddress AnyAddress(bool ipv4);
  TargetScript AnyScript();
  void Script(const IpAddress& address, const TargetScript& script);
  void BreakDns();

  ScriptedShard& shard_;
  Dice& dice_;
  std::vector<std::string> names_;
  std::vector<std::string> dual_stack_;
  std::vector<IpAddress> addresses_;
  std::map<IpAddress, std::string> hosts_;
};

}  // namespace flowbroker::simulation
