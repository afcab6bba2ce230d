#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "broker/location/address_ordering.h"

namespace flowbroker::testing {

/// A host with scripted routes: per destination where set, otherwise one source address per family. Without change it
/// is an ordinary dual-stack host.
class FakeSourceAddresses final : public location::SourceAddressSelector {
 public:
  std::optional<location::SourceAddress> SourceFor(const IpAddress& destination) const override {
    if (const auto found = routes_.find(destination); found != routes_.end()) return found->second;
    return destination.is_ipv4() ? ipv4_ : ipv6_;
  }

  std::optional<location::SourceAddress> BoundSourceFor(const IpAddress& destination,
                                                        const location::LocalBinding& local) const override {
    if (local.address) {
      const bool fits = local.address->family() == destination.family();
      return fits ? std::optional(location::SourceAddress{*local.address}) : std::nullopt;
    }
    const auto interface = interfaces_.find(local.interface);
    return interface == interfaces_.end() ? std::nullopt : interface->second.SourceFor(destination);
  }

  /// What the host looks like through one of its interfaces. Those not set have no address.
  FakeSourceAddresses& Interface(const std::string& name) { return interfaces_[name]; }

  /// The source towards one destination; nullopt: no route.
  void Set(const IpAddress& destination, std::optional<location::SourceAddress> source) {
    routes_.insert_or_assign(destination, std::move(source));
  }
  void SetIpv4(std::optional<location::SourceAddress> source) { ipv4_ = std::move(source); }
  void SetIpv6(std::optional<location::SourceAddress> source) { ipv6_ = std::move(source); }

 private:
  std::map<IpAddress, std::optional<location::SourceAddress>> routes_;
  std::map<std::string, FakeSourceAddresses> interfaces_;
  std::optional<location::SourceAddress> ipv4_ = location::SourceAddress{*IpAddress::Parse("198.51.100.1")};
  std::optional<location::SourceAddress> ipv6_ = location::SourceAddress{*IpAddress::Parse("2001:db8:ffff::1")};
};

}  // namespace flowbroker::testing
