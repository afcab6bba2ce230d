#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <vector>

#include "broker/location/address_ordering.h"
#include "tests/support/fake_source_addresses.h"
#include "tests/support/seeded_random.h"

namespace flowbroker::location {
namespace {

// Addresses of every row of the policy table and every scope.
constexpr const char* kAddresses[] = {
    "::1",           "127.0.0.1",        "192.0.2.1",        "10.1.2.3",     "169.254.1.2", "2001:db8::1",
    "2001:db8:1::1", "2001:db8:3f44::2", "2001:db8:3ffe::1", "2002:c633::1", "2001::1",     "fd00::1",
    "fd00:1::1",     "fe80::1",          "fe80::2",          "fec0::1",      "3ffe::1",     "::ffff:192.0.2.1",
};

IpAddress AnyAddress() {
  return *IpAddress::Parse(kAddresses[*rc::gen::inRange<std::size_t>(0, std::size(kAddresses))]);
}

struct Hosts {
  std::vector<IpAddress> destinations;
  testing::FakeSourceAddresses sources;
};

Hosts AnyHosts() {
  Hosts hosts;
  const auto count = *rc::gen::inRange<std::size_t>(0, 10);
  for (std::size_t i = 0; i < count; ++i) {
    const IpAddress destination = AnyAddress();
    if (std::find(hosts.destinations.begin(), hosts.destinations.end(), destination) != hosts.destinations.end()) {
      continue;
    }
    hosts.destinations.push_back(destination);
    std::optional<SourceAddress> source;
    if (*rc::gen::inRange(0, 4) > 0) {
      source = SourceAddress{AnyAddress(), *rc::gen::arbitrary<bool>(), *rc::gen::arbitrary<bool>(),
                             *rc::gen::arbitrary<bool>()};
    }
    hosts.sources.Set(destination, source);
  }
  return hosts;
}

RC_GTEST_PROP(AddressOrderingProperty, KeepsEveryDestination, ()) {
  const Hosts hosts = AnyHosts();
  std::vector<IpAddress> ordered;
  for (const OrderedAddress& o : OrderDestinations(hosts.destinations, hosts.sources)) ordered.push_back(o.address);
  RC_ASSERT(std::is_permutation(ordered.begin(), ordered.end(), hosts.destinations.begin(), hosts.destinations.end()));
}

// The rules make one order (D2): what holds for a list holds for each two of it, whatever the order they are given in.
RC_GTEST_PROP(AddressOrderingProperty, AgreesWithTheOrderOfEachTwo, ()) {
  const Hosts hosts = AnyHosts();
  const auto ordered = OrderDestinations(hosts.destinations, hosts.sources);
  for (std::size_t i = 0; i < ordered.size(); ++i) {
    for (std::size_t j = i + 1; j < ordered.size(); ++j) {
      const auto two = OrderDestinations({ordered[j].address, ordered[i].address}, hosts.sources);
      RC_ASSERT(two[1].deciding_rule == 10 || two[0].address == ordered[i].address);
      if (j == i + 1) RC_ASSERT(two[1].deciding_rule == ordered[j].deciding_rule);
    }
  }
}

RC_GTEST_PROP(AddressOrderingProperty, EqualsKeepTheOrderTheyWereGivenIn, ()) {
  const Hosts hosts = AnyHosts();
  const auto ordered = OrderDestinations(hosts.destinations, hosts.sources);
  const auto given = [&](const OrderedAddress& o) {
    return std::find(hosts.destinations.begin(), hosts.destinations.end(), o.address);
  };
  for (std::size_t i = 1; i < ordered.size(); ++i) {
    if (ordered[i].deciding_rule == 10) RC_ASSERT(given(ordered[i - 1]) < given(ordered[i]));
  }
}

// Where MayPrecede says no, waiting is in vain.
RC_GTEST_PROP(AddressOrderingProperty, NothingPrecedesWhatCannotBePreceded, ()) {
  const Hosts hosts = AnyHosts();
  const auto ordered = OrderDestinations(hosts.destinations, hosts.sources);
  for (const OrderedAddress& before : ordered) {
    for (const OrderedAddress& behind : ordered) {
      if (MayPrecede(before.address.family(), behind) || before.address == behind.address) continue;
      const bool home_ipv4 = before.address.is_ipv4() && before.source && before.source->home;
      if (home_ipv4) continue;  // Mobile IPv6 has no home addresses in IPv4
      const auto two = OrderDestinations({behind.address, before.address}, hosts.sources);
      RC_ASSERT(two[0].address == behind.address);
    }
  }
}

}  // namespace
}  // namespace flowbroker::location
