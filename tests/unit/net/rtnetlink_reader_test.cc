#include "broker/net/rtnetlink_reader.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "tests/support/seeded_random.h"
#include "tests/unit/net/rtnetlink_message.h"

namespace flowbroker::net {
namespace {

using testing::RtnetlinkMessage;

template <typename Event>
Event Only(RtnetlinkMessage& message) {
  const auto events = ReadRtnetlink(message.bytes());
  EXPECT_EQ(events.size(), 1U);
  return std::get<Event>(events.at(0));
}

TEST(RtnetlinkReaderTest, AnInterfaceIsUpWhileItIsSwitchedOn) {
  EXPECT_TRUE(Only<LinkChange>(RtnetlinkMessage().Link(RTM_NEWLINK, 3, "eth0")).up);
  EXPECT_TRUE(Only<LinkChange>(RtnetlinkMessage().Link(RTM_NEWLINK, 3, "eth0", IFF_UP)).up) << "it keeps its addresses";
  EXPECT_FALSE(Only<LinkChange>(RtnetlinkMessage().Link(RTM_NEWLINK, 3, "eth0", IFF_LOWER_UP)).up);
  const auto link = Only<LinkChange>(RtnetlinkMessage().Link(RTM_NEWLINK, 3, "eth0"));
  EXPECT_EQ(link.index, 3);
  EXPECT_EQ(link.name, "eth0");
  EXPECT_TRUE(link.exists);
  const auto gone = Only<LinkChange>(RtnetlinkMessage().Link(RTM_DELLINK, 3, "eth0"));
  EXPECT_FALSE(gone.exists);
  EXPECT_FALSE(gone.up);
}

TEST(RtnetlinkReaderTest, LeavingABridgeIsNotGoingAway) {
  EXPECT_TRUE(ReadRtnetlink(RtnetlinkMessage().Link(RTM_DELLINK, 3, "eth0", IFF_UP, AF_BRIDGE).bytes()).empty());
}

TEST(RtnetlinkReaderTest, AddressesOfBothFamilies) {
  const auto ipv4 = Only<AddressChange>(RtnetlinkMessage().Address(RTM_NEWADDR, 3, "192.0.2.1", 25));
  EXPECT_EQ(ipv4.interface_index, 3);
  EXPECT_EQ(ipv4.address.ToString(), "192.0.2.1");
  EXPECT_EQ(ipv4.prefix_bits, 25);
  EXPECT_TRUE(ipv4.usable);
  EXPECT_FALSE(ipv4.temporary);
  const auto ipv6 = Only<AddressChange>(RtnetlinkMessage().Address(RTM_NEWADDR, 3, "2001:db8::1", 64));
  EXPECT_EQ(ipv6.address.ToString(), "2001:db8::1");
  EXPECT_TRUE(ipv6.usable);
  EXPECT_FALSE(Only<AddressChange>(RtnetlinkMessage().Address(RTM_DELADDR, 3, "2001:db8::1", 64)).usable);
}

TEST(RtnetlinkReaderTest, OfAPointToPointLinkOurOwnAddressCounts) {
  auto message = RtnetlinkMessage().Address(RTM_NEWADDR, 3, "192.0.2.99", 32);  // the peer's
  message.Attribute(IFA_LOCAL, *IpAddress::Parse("192.0.2.1"));
  EXPECT_EQ(Only<AddressChange>(message).address.ToString(), "192.0.2.1");
}

// RFC 4862 s.5.4: nothing may be sent from an address that is not known to be unique.
TEST(RtnetlinkReaderTest, AnUnprovenAddressIsNotUsable) {
  for (const unsigned flags : {0U | IFA_F_TENTATIVE, 0U | IFA_F_TENTATIVE | IFA_F_OPTIMISTIC, 0U | IFA_F_DADFAILED}) {
    EXPECT_FALSE(Only<AddressChange>(RtnetlinkMessage().Address(RTM_NEWADDR, 3, "2001:db8::1", 64, flags)).usable);
  }
}

TEST(RtnetlinkReaderTest, ADeprecatedAddressStillCarriesItsFlows) {
  EXPECT_TRUE(
      Only<AddressChange>(RtnetlinkMessage().Address(RTM_NEWADDR, 3, "2001:db8::1", 64, IFA_F_DEPRECATED)).usable);
}

TEST(RtnetlinkReaderTest, LinkLocalAddressesAreNotUsable) {
  EXPECT_FALSE(Only<AddressChange>(RtnetlinkMessage().Address(RTM_NEWADDR, 3, "fe80::1", 64)).usable);
  EXPECT_FALSE(Only<AddressChange>(RtnetlinkMessage().Address(RTM_NEWADDR, 3, "febf::1", 64)).usable);
  EXPECT_FALSE(Only<AddressChange>(RtnetlinkMessage().Address(RTM_NEWADDR, 3, "169.254.0.1", 16)).usable);
  EXPECT_TRUE(Only<AddressChange>(RtnetlinkMessage().Address(RTM_NEWADDR, 3, "fec0::1", 64)).usable);
}

TEST(RtnetlinkReaderTest, TemporaryIsAnIpv6PropertyAlthoughIpv4UsesItsBit) {
  EXPECT_TRUE(
      Only<AddressChange>(RtnetlinkMessage().Address(RTM_NEWADDR, 3, "2001:db8::1", 64, IFA_F_TEMPORARY)).temporary);
  EXPECT_FALSE(
      Only<AddressChange>(RtnetlinkMessage().Address(RTM_NEWADDR, 3, "192.0.2.1", 24, IFA_F_SECONDARY)).temporary);
}

TEST(RtnetlinkReaderTest, TheEndOfADumpAndWhetherItWasDisturbed) {
  const int nothing = 0;
  EXPECT_TRUE(Only<DumpEnded>(RtnetlinkMessage().Begin(NLMSG_DONE, NLM_F_MULTI).Put(nothing)).complete);
  EXPECT_FALSE(Only<DumpEnded>(RtnetlinkMessage().Begin(NLMSG_DONE, NLM_F_DUMP_INTR).Put(nothing)).complete);
}

TEST(RtnetlinkReaderTest, ARefusalCarriesItsError) {
  nlmsgerr refusal{};
  refusal.error = -EBUSY;
  EXPECT_EQ(Only<NetlinkRefusal>(RtnetlinkMessage().Begin(NLMSG_ERROR).Put(refusal)).error, EBUSY);
  refusal.error = 0;
  EXPECT_TRUE(ReadRtnetlink(RtnetlinkMessage().Begin(NLMSG_ERROR).Put(refusal).bytes()).empty())
      << "an acknowledgement";
}

TEST(RtnetlinkReaderTest, SeveralMessagesAreReadInOrder) {
  RtnetlinkMessage message;
  message.Link(RTM_NEWLINK, 3, "eth0").Begin(RTM_NEWROUTE).Put(rtmsg{}).Address(RTM_NEWADDR, 3, "192.0.2.1");
  message.Address(RTM_DELADDR, 3, "192.0.2.1");
  const auto events = ReadRtnetlink(message.bytes());
  ASSERT_EQ(events.size(), 3U);
  EXPECT_TRUE(std::holds_alternative<LinkChange>(events[0]));
  EXPECT_TRUE(std::get<AddressChange>(events[1]).usable);
  EXPECT_FALSE(std::get<AddressChange>(events[2]).usable);
}

TEST(RtnetlinkReaderTest, WhatIsNoAddressIsLeftOut) {
  const auto none = [](RtnetlinkMessage& message) { return ReadRtnetlink(message.bytes()).empty(); };
  EXPECT_TRUE(none(RtnetlinkMessage().Address(RTM_NEWADDR, 3, "192.0.2.1", 33))) << "prefix wider than the address";
  EXPECT_TRUE(none(RtnetlinkMessage().Address(RTM_NEWADDR, 0, "192.0.2.1"))) << "no interface";
  EXPECT_TRUE(none(RtnetlinkMessage().Address(RTM_NEWADDR, -1, "192.0.2.1"))) << "an absurd interface";
  ifaddrmsg head{.ifa_family = AF_INET6, .ifa_prefixlen = 64, .ifa_flags = 0, .ifa_scope = 0, .ifa_index = 3};
  EXPECT_TRUE(none(RtnetlinkMessage().Begin(RTM_NEWADDR).Put(head))) << "without its attribute";
  EXPECT_TRUE(
      none(RtnetlinkMessage().Begin(RTM_NEWADDR).Put(head).Attribute(IFA_ADDRESS, *IpAddress::Parse("192.0.2.1"))))
      << "too short for its family";
  head.ifa_family = AF_BRIDGE;
  EXPECT_TRUE(none(RtnetlinkMessage().Begin(RTM_NEWADDR).Put(head)));
  EXPECT_TRUE(none(RtnetlinkMessage().Link(RTM_NEWLINK, -1, "eth0")));
}

// Every length and every flipped octet: the address sanitizer watches.
TEST(RtnetlinkReaderTest, TruncatedMessagesAreReadUpToTheirEnd) {
  RtnetlinkMessage message;
  message.Link(RTM_NEWLINK, 3, "eth0").Address(RTM_NEWADDR, 3, "2001:db8::1", 64);
  const auto whole = message.bytes();
  ASSERT_EQ(ReadRtnetlink(whole).size(), 2U);
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const std::vector<std::byte> cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
    EXPECT_LT(ReadRtnetlink(cut).size(), 2U) << length;
  }
}

TEST(RtnetlinkReaderTest, LengthsThatLieEndTheReading) {
  for (const std::uint32_t length : {0U, 1U, 15U, 0x7fffffffU, 0xffffffffU}) {
    RtnetlinkMessage message;
    const auto link = message.Link(RTM_NEWLINK, 3, "eth0").bytes();
    std::vector<std::byte> bytes(link.begin(), link.end());
    std::memcpy(bytes.data(), &length, sizeof(length));
    EXPECT_TRUE(ReadRtnetlink(bytes).empty()) << length;
  }
  for (const std::uint16_t length : {std::uint16_t{0}, std::uint16_t{3}, std::uint16_t{0xffff}}) {
    RtnetlinkMessage message;
    const auto address = message.Address(RTM_NEWADDR, 3, "192.0.2.1").bytes();
    std::vector<std::byte> bytes(address.begin(), address.end());
    std::memcpy(bytes.data() + sizeof(nlmsghdr) + sizeof(ifaddrmsg), &length, sizeof(length));
    EXPECT_TRUE(ReadRtnetlink(bytes).empty()) << length;
  }
}

TEST(RtnetlinkReaderTest, DamagedMessagesDoNoHarm) {
  testing::SeededRandom random(1);
  RtnetlinkMessage message;
  message.Link(RTM_NEWLINK, 3, "eth0").Address(RTM_NEWADDR, 3, "2001:db8::1", 64).Address(RTM_NEWADDR, 3, "192.0.2.1");
  const auto whole = message.bytes();
  for (int round = 0; round < 20000; ++round) {
    std::vector<std::byte> bytes(whole.begin(), whole.end());
    for (int damage = 0; damage < 4; ++damage) {
      bytes[UniformUpTo(random, bytes.size() - 1)] = static_cast<std::byte>(UniformUpTo(random, 255));
    }
    EXPECT_LE(ReadRtnetlink(bytes).size(), bytes.size() / sizeof(nlmsghdr));
  }
}

}  // namespace
}  // namespace flowbroker::net
