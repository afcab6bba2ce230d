#include "broker/net/interface_table.h"

#include <gtest/gtest.h>

namespace flowbroker::net {
namespace {

using history::LocalInterface;

AddressChange Change(int index, std::string_view address, bool usable = true, int prefix_bits = 24) {
  return {index, *IpAddress::Parse(address), prefix_bits, usable, false};
}

LocalInterface Interface(std::string name, std::string_view address) {
  return {std::move(name), {{*IpAddress::Parse(address), 24}}};
}

TEST(InterfaceTableTest, ShowsInterfacesThatAreUpAndHaveAddresses) {
  InterfaceTable table;
  table.Apply(LinkChange{1, "eth0", true, true});
  table.Apply(LinkChange{2, "eth1", true, false});
  table.Apply(LinkChange{3, "eth2", true, true});
  table.Apply(Change(1, "192.0.2.1"));
  table.Apply(Change(2, "198.51.100.1"));
  EXPECT_EQ(table.interfaces(), std::vector{Interface("eth0", "192.0.2.1")});
  table.Apply(LinkChange{2, "", true, true});
  EXPECT_EQ(table.interfaces(), (std::vector{Interface("eth0", "192.0.2.1"), Interface("eth1", "198.51.100.1")}));
}

TEST(InterfaceTableTest, AnAddressThatIsNoLongerUsableIsGone) {
  InterfaceTable table;
  table.Apply(LinkChange{1, "eth0", true, true});
  table.Apply(Change(1, "192.0.2.1"));
  table.Apply(Change(1, "192.0.2.1"));
  table.Apply(Change(1, "192.0.2.1", true, 32));
  table.Apply(Change(1, "192.0.2.1", false, 32));
  EXPECT_EQ(table.interfaces(), std::vector{Interface("eth0", "192.0.2.1")}) << "one of the two is left";
  table.Apply(Change(1, "192.0.2.1", false));
  EXPECT_TRUE(table.interfaces().empty());
}

TEST(InterfaceTableTest, AnInterfaceTakesItsAddressesWithIt) {
  InterfaceTable table;
  table.Apply(LinkChange{1, "eth0", true, true});
  table.Apply(Change(1, "192.0.2.1"));
  table.Apply(LinkChange{1, "eth0", false, false});
  table.Apply(Change(1, "192.0.2.1"));
  EXPECT_TRUE(table.interfaces().empty()) << "a late word of an interface that is gone";
  table.Apply(LinkChange{1, "eth0", true, true});
  EXPECT_TRUE(table.interfaces().empty());
}

TEST(InterfaceTableTest, ANameCanChange) {
  InterfaceTable table;
  table.Apply(LinkChange{1, "eth0", true, true});
  table.Apply(Change(1, "192.0.2.1"));
  table.Apply(LinkChange{1, "uplink", true, true});
  EXPECT_EQ(table.interfaces(), std::vector{Interface("uplink", "192.0.2.1")});
}

TEST(InterfaceTableTest, TemporaryAddressesStandApart) {
  InterfaceTable table;
  table.Apply(LinkChange{1, "eth0", true, true});
  AddressChange temporary = Change(1, "2001:db8::abcd");
  temporary.temporary = true;
  table.Apply(temporary);
  table.Apply(Change(1, "192.0.2.1"));
  LocalInterface expected = Interface("eth0", "192.0.2.1");
  expected.temporary = {*IpAddress::Parse("2001:db8::abcd")};
  EXPECT_EQ(table.interfaces(), std::vector{expected});
}

}  // namespace
}  // namespace flowbroker::net
