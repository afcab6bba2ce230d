#include "broker/history/network_registry.h"

#include <gtest/gtest.h>

#include <initializer_list>

namespace flowbroker::history {
namespace {

IpAddress Address(std::string_view text) {
  return *IpAddress::Parse(text);
}

LocalInterface Interface(std::string name, std::initializer_list<std::string_view> addresses) {
  LocalInterface interface{std::move(name), {}};
  for (const std::string_view text : addresses) {
    interface.addresses.push_back({Address(text), Address(text).is_ipv4() ? 24 : 64});
  }
  return interface;
}

TEST(NetworkRegistryTest, EachInterfaceIsOnANetworkOfItsOwn) {
  NetworkRegistry registry;
  const auto change =
      registry.Update({Interface("eth0", {"192.0.2.1", "2001:db8::1"}), Interface("wlan0", {"198.51.100.1"})});
  EXPECT_EQ(change.joined.size(), 2U);
  EXPECT_TRUE(change.vanished.empty());
  const NetworkId eth = registry.NetworkOf("eth0");
  const NetworkId wlan = registry.NetworkOf("wlan0");
  EXPECT_NE(eth, NetworkId{});
  EXPECT_NE(wlan, NetworkId{});
  EXPECT_NE(eth, wlan);
  EXPECT_EQ(registry.NetworkOf(Address("192.0.2.1")), eth);
  EXPECT_EQ(registry.NetworkOf(Address("2001:db8::1")), eth);
  EXPECT_EQ(registry.NetworkOf(Address("198.51.100.1")), wlan);
  EXPECT_EQ(registry.InterfaceOf(wlan), "wlan0");
}

TEST(NetworkRegistryTest, WhatNoInterfaceHasIsUnknown) {
  NetworkRegistry registry;
  registry.Update({Interface("eth0", {"192.0.2.1"})});
  EXPECT_EQ(registry.NetworkOf(Address("192.0.2.2")), NetworkId{});
  EXPECT_EQ(registry.NetworkOf("eth1"), NetworkId{});
  EXPECT_EQ(registry.NetworkOf(""), NetworkId{});
  EXPECT_EQ(registry.InterfaceOf({}), "");
  EXPECT_EQ(registry.InterfaceOf({77}), "");
}

TEST(NetworkRegistryTest, TheSameAgainInAnotherOrderChangesNothing) {
  NetworkRegistry registry;
  registry.Update({Interface("eth0", {"192.0.2.1", "192.0.2.2"}), Interface("eth1", {"198.51.100.1"})});
  const NetworkId before = registry.NetworkOf("eth0");
  const auto change =
      registry.Update({Interface("eth1", {"198.51.100.1"}), Interface("eth0", {"192.0.2.2", "192.0.2.1"})});
  EXPECT_TRUE(change.joined.empty());
  EXPECT_TRUE(change.vanished.empty());
  EXPECT_EQ(registry.NetworkOf("eth0"), before);
}

// H5: an address gained or lost is another network.
TEST(NetworkRegistryTest, AnotherAddressIsAnotherNetworkOfThatInterfaceOnly) {
  NetworkRegistry registry;
  registry.Update({Interface("eth0", {"192.0.2.1"}), Interface("eth1", {"198.51.100.1"})});
  const NetworkId eth0 = registry.NetworkOf("eth0");
  const NetworkId eth1 = registry.NetworkOf("eth1");
  const auto gained =
      registry.Update({Interface("eth0", {"192.0.2.1", "2001:db8::1"}), Interface("eth1", {"198.51.100.1"})});
  EXPECT_NE(registry.NetworkOf("eth0"), eth0);
  EXPECT_EQ(registry.NetworkOf("eth1"), eth1);
  ASSERT_EQ(gained.joined.size(), 1U);
  EXPECT_EQ(gained.joined[0].id, registry.NetworkOf("eth0"));
  EXPECT_EQ(gained.joined[0].seen_as.addresses.size(), 2U);
  EXPECT_TRUE(gained.vanished.empty());
  EXPECT_EQ(registry.InterfaceOf(eth0), "eth0") << "left, not forgotten";
}

TEST(NetworkRegistryTest, AnotherPrefixLengthIsAnotherNetwork) {
  NetworkRegistry registry;
  registry.Update({{"eth0", {{Address("192.0.2.1"), 24}}}});
  const NetworkId before = registry.NetworkOf("eth0");
  const auto change = registry.Update({{"eth0", {{Address("192.0.2.1"), 25}}}});
  EXPECT_NE(registry.NetworkOf("eth0"), before);
  EXPECT_TRUE(change.vanished.empty());
}

TEST(NetworkRegistryTest, VanishedAddressesAreThoseNoInterfaceHasAnyMore) {
  NetworkRegistry registry;
  registry.Update({Interface("eth0", {"192.0.2.1", "192.0.2.2"}), Interface("eth1", {"198.51.100.1"})});
  const auto change = registry.Update({Interface("eth0", {"192.0.2.2", "192.0.2.3"})});
  EXPECT_EQ(change.vanished, (std::vector{Address("192.0.2.1"), Address("198.51.100.1")}));
  EXPECT_EQ(registry.NetworkOf("eth1"), NetworkId{});
  EXPECT_EQ(registry.NetworkOf(Address("198.51.100.1")), NetworkId{});
}

TEST(NetworkRegistryTest, AKnownNetworkIsRecognised) {
  NetworkRegistry registry;
  registry.Update({Interface("wlan0", {"192.0.2.1"})});
  const NetworkId home = registry.NetworkOf("wlan0");
  registry.Update({Interface("wlan0", {"10.0.0.1"})});
  const auto change = registry.Update({Interface("wlan0", {"192.0.2.1"})});
  EXPECT_EQ(registry.NetworkOf("wlan0"), home);
  ASSERT_EQ(change.joined.size(), 1U);
  EXPECT_EQ(change.joined[0].id, home);
  EXPECT_EQ(change.vanished, std::vector{Address("10.0.0.1")});
}

TEST(NetworkRegistryTest, AnAddressThatMovesToAnotherInterfaceHasNotVanished) {
  NetworkRegistry registry;
  registry.Update({Interface("eth0", {"192.0.2.1"}), Interface("eth1", {"198.51.100.1"})});
  const NetworkId before = registry.NetworkOf(Address("192.0.2.1"));
  const auto change = registry.Update({Interface("eth1", {"192.0.2.1", "198.51.100.1"})});
  EXPECT_TRUE(change.vanished.empty());
  EXPECT_NE(registry.NetworkOf(Address("192.0.2.1")), before) << "what was learned behind eth0 says nothing of eth1";
  EXPECT_EQ(registry.NetworkOf(Address("192.0.2.1")), registry.NetworkOf("eth1"));
}

TEST(NetworkRegistryTest, AnAddressOnTwoInterfacesIsToldApartByTheInterface) {
  NetworkRegistry registry;
  registry.Update({Interface("eth0", {"192.0.2.1"}), Interface("eth1", {"192.0.2.1"})});
  const IpAddress address = Address("192.0.2.1");
  EXPECT_EQ(registry.NetworkOf(address, "eth0"), registry.NetworkOf("eth0"));
  EXPECT_EQ(registry.NetworkOf(address, "eth1"), registry.NetworkOf("eth1"));
  EXPECT_EQ(registry.NetworkOf(address, "eth2"), NetworkId{});
  EXPECT_EQ(registry.NetworkOf(address, ""), registry.NetworkOf(address));
  const auto change = registry.Update({Interface("eth0", {"192.0.2.1"})});
  EXPECT_TRUE(change.vanished.empty()) << "the other interface still has it";
  EXPECT_EQ(registry.NetworkOf(address, "eth1"), NetworkId{});
}

TEST(NetworkRegistryTest, AnInterfaceWithoutAddressesIsOnNoNetwork) {
  NetworkRegistry registry;
  const auto change = registry.Update({Interface("eth0", {}), Interface("eth1", {"192.0.2.1"})});
  EXPECT_EQ(change.joined.size(), 1U);
  EXPECT_EQ(registry.NetworkOf("eth0"), NetworkId{});
  EXPECT_EQ(registry.networks().size(), 1U);
}

// RFC 8981 addresses are replaced every day on one and the same network.
TEST(NetworkRegistryTest, TemporaryAddressesAreOfTheNetworkButDoNotTellIt) {
  NetworkRegistry registry;
  LocalInterface eth0 = Interface("eth0", {"2001:db8::1"});
  eth0.temporary = {Address("2001:db8::abcd")};
  registry.Update({eth0});
  const NetworkId before = registry.NetworkOf("eth0");
  EXPECT_EQ(registry.NetworkOf(Address("2001:db8::abcd")), before);
  eth0.temporary = {Address("2001:db8::ef01")};
  const auto change = registry.Update({eth0});
  EXPECT_TRUE(change.joined.empty());
  EXPECT_EQ(registry.NetworkOf("eth0"), before);
  EXPECT_EQ(registry.NetworkOf(Address("2001:db8::ef01")), before);
  EXPECT_EQ(change.vanished, std::vector{Address("2001:db8::abcd")}) << "its flows are lost all the same";
}

TEST(NetworkRegistryTest, KeepsOnlySoManyLeftNetworksAndForgetsTheOneLeftLongestAgo) {
  NetworkRegistry registry(2);
  const auto visit = [&](std::string_view address) {
    registry.Update({Interface("eth0", {"192.0.2.1"}), Interface("wlan0", {address})});
    return registry.NetworkOf("wlan0");
  };
  const NetworkId always = (registry.Update({Interface("eth0", {"192.0.2.1"})}), registry.NetworkOf("eth0"));
  const NetworkId first = visit("10.0.1.1");
  const NetworkId second = visit("10.0.2.1");
  EXPECT_EQ(visit("10.0.1.1"), first);
  const NetworkId third = visit("10.0.3.1");
  visit("10.0.4.1");
  EXPECT_EQ(registry.networks().size(), 4U) << "two current, two left";
  EXPECT_EQ(registry.InterfaceOf(second), "") << "left before the others";
  EXPECT_EQ(visit("10.0.3.1"), third);
  EXPECT_EQ(visit("10.0.1.1"), first);
  EXPECT_NE(visit("10.0.2.1"), second) << "forgotten: a new id, never one that was used before";
  EXPECT_EQ(registry.NetworkOf("eth0"), always);
}

TEST(NetworkRegistryTest, ManyChangesNeedNoMoreMemory) {
  NetworkRegistry registry(8);
  for (int i = 0; i < 1000; ++i) {
    const auto octet = static_cast<std::uint8_t>(i % 250);
    registry.Update({{"ppp0", {{IpAddress::FromIpv4({10, static_cast<std::uint8_t>(i / 250), octet, 1}), 32}}}});
  }
  EXPECT_EQ(registry.networks().size(), 9U);
}

TEST(NetworkRegistryTest, RestoredNetworksAreRecognised) {
  NetworkRegistry old_run;
  old_run.Update({Interface("eth0", {"192.0.2.9"})});
  old_run.Update({Interface("eth0", {"2001:db8::1", "192.0.2.1"})});
  const NetworkId id = old_run.NetworkOf("eth0");

  NetworkRegistry restored_before;
  restored_before.Restore(old_run.networks());
  EXPECT_EQ(restored_before.NetworkOf("eth0"), NetworkId{}) << "known, but nobody says that it is there now";
  restored_before.Update({Interface("eth0", {"192.0.2.1", "2001:db8::1"}), Interface("eth1", {"10.0.0.1"})});
  EXPECT_EQ(restored_before.NetworkOf("eth0"), id);
  EXPECT_NE(restored_before.NetworkOf("eth1"), id);

  NetworkRegistry restored_after;
  restored_after.Update({Interface("eth1", {"10.0.0.1"}), Interface("eth0", {"192.0.2.1", "2001:db8::1"})});
  restored_after.Restore(old_run.networks());
  EXPECT_EQ(restored_after.NetworkOf("eth0"), id);
  EXPECT_NE(restored_after.NetworkOf("eth1"), NetworkId{});
  EXPECT_EQ(restored_after.networks().size(), 3U);
  for (const KnownNetwork& network : restored_after.networks()) {
    EXPECT_EQ(network.id == restored_after.NetworkOf("eth1"), network.seen_as.name == "eth1");
  }
}

TEST(NetworkRegistryTest, OfASnapshotWithTooManyNetworksTheNewestAreTaken) {
  constexpr std::uint32_t kMany = 80'000;  // half a minute, if each were compared with all others
  std::vector<KnownNetwork> many;
  for (std::uint32_t i = 1; i <= kMany; ++i) {
    const auto octet = [i](int shift) { return static_cast<std::uint8_t>(i >> shift); };
    many.push_back({{i}, {"ppp0", {{IpAddress::FromIpv4({10, octet(16), octet(8), octet(0)}), 32}}}});
  }
  NetworkRegistry registry(4);
  registry.Update({many.front().seen_as});
  registry.Restore(many);
  EXPECT_EQ(registry.networks().size(), 5U) << "four of the snapshot, and the current one";
  EXPECT_EQ(registry.NetworkOf("ppp0"), NetworkId{kMany + 1}) << "left too long ago";
  registry.Update({many[kMany - 4].seen_as});
  EXPECT_EQ(registry.NetworkOf("ppp0"), NetworkId{kMany - 3});
}

TEST(NetworkRegistryTest, AnAbsurdSnapshotDoesNoHarm) {
  NetworkRegistry registry(4);
  LocalInterface unsorted = Interface("eth0", {"192.0.2.2", "192.0.2.1"});
  std::vector<KnownNetwork> absurd = {{{0}, Interface("eth1", {"10.0.0.1"})}, {{7}, Interface("eth3", {})}};
  for (std::uint32_t i = 100; i < 200; ++i) absurd.push_back({{i}, Interface("old", {"10.0.0.3"})});
  absurd.push_back({{0xffffffff}, unsorted});
  absurd.push_back({{0xffffffff}, Interface("eth2", {"10.0.0.2"})});
  registry.Restore(absurd);
  registry.Update({Interface("eth0", {"192.0.2.1", "192.0.2.2"}), Interface("eth2", {"10.0.0.2"})});
  EXPECT_EQ(registry.NetworkOf("eth0"), NetworkId{0xffffffff});
  EXPECT_NE(registry.NetworkOf("eth2"), NetworkId{});
  EXPECT_NE(registry.NetworkOf("eth2"), NetworkId{0xffffffff});
  EXPECT_EQ(registry.networks().size(), 5U) << "of four kept, one is current; one is new";
}

}  // namespace
}  // namespace flowbroker::history
