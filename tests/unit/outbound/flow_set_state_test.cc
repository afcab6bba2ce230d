#include "broker/outbound/flow_set_state.h"

#include <gtest/gtest.h>

#include <cstdio>

#include "broker/base/crc32.h"

namespace flowbroker::outbound {
namespace {

const std::string kTitle = "flowbroker flow sets 1\n\n";
const std::string kInstance = "instance urn:uuid:00000000-0000-1000-8000-000a95a0e128\n";
const std::string kUris = "reg-id 1 sip:primary.example.com\nreg-id 2 sip:backup.example.com\n";

std::string WithChecksum(const std::string& content) {
  std::array<char, 20> line{};
  std::snprintf(line.data(), line.size(), "crc32 %08x\n",
                Crc32({reinterpret_cast<const std::uint8_t*>(content.data()), content.size()}));
  return content + line.data();
}

std::string Refusal(const std::string& text) {
  const auto sets = DecodeFlowSets(text);
  return sets ? "accepted" : sets.error().detail;
}

std::vector<FlowSetSpec> TwoSets() {
  const auto instance = sip::InstanceId::Parse("urn:uuid:00000000-0000-1000-8000-000a95a0e128").value();
  return {
      {.owner = {.tenant = "spiffe://example.com/gateway", .client_group = "west"},
       .name = "trunk 7",
       .instance = instance,
       .uris = {"sip:primary.example.com", "sip:backup.example.com"}},
      {.instance = sip::InstanceId::Parse("urn:uuid:11111111-0000-1000-8000-000a95a0e128").value(),
       .uris = {"sip:1.example.com", "sip:2.example.com", "sip:3.example.com;transport=tcp", "sips:4.example.com"}}};
}

TEST(FlowSetStateTest, O1_O2_InstanceAndRegIdsSurvive) {
  EXPECT_EQ(DecodeFlowSets(EncodeFlowSets(TwoSets())).value(), TwoSets());
  EXPECT_TRUE(DecodeFlowSets(EncodeFlowSets({})).value().empty());
}

TEST(FlowSetStateTest, TheFormIsFixed) {
  EXPECT_EQ(EncodeFlowSets({TwoSets()[0]}),
            WithChecksum(kTitle + kInstance + "tenant spiffe://example.com/gateway\ngroup west\nname trunk 7\n" +
                         kUris + "\n"));
}

TEST(FlowSetStateTest, EveryCutAndEveryChangedOctetIsNoticed) {
  const std::string text = EncodeFlowSets(TwoSets());
  for (std::size_t at = 0; at < text.size(); ++at) {
    EXPECT_FALSE(DecodeFlowSets(text.substr(0, at))) << at;
    for (const char change : {'\x01', '\x20', '\x80'}) {
      std::string damaged = text;
      damaged[at] = static_cast<char>(damaged[at] ^ change);
      EXPECT_FALSE(DecodeFlowSets(damaged)) << at;
    }
  }
}

TEST(FlowSetStateTest, SaysWhatIsWrongAndWhere) {
  EXPECT_EQ(Refusal(""), "flow sets, line 1: not a file of flow sets");
  EXPECT_EQ(Refusal("flowbroker flow sets 2\n"), "flow sets, line 2: written by another version of flowbroker");
  EXPECT_EQ(Refusal("flowbroker flow sets 1"), "flow sets, line 2: damaged: the checksum does not match");
  EXPECT_EQ(Refusal(kTitle + "crc32 00000000\n"), "flow sets, line 2: damaged: the checksum does not match");
  EXPECT_EQ(Refusal(WithChecksum(kTitle + "hello\n")), "flow sets, line 3: no instance");
  EXPECT_EQ(Refusal(WithChecksum(kTitle + kInstance + kUris)),
            "flow sets, line 6: neither the next reg-id nor a blank line");
  EXPECT_EQ(Refusal(WithChecksum(kTitle + kInstance + kUris + "reg-id 4 sip:4.example.com\n\n")),
            "flow sets, line 6: neither the next reg-id nor a blank line");
  EXPECT_EQ(Refusal(WithChecksum(kTitle + kInstance + "reg-id 1 sip:a\n\n")),
            "flow sets, line 5: a flow set has 2 to 4 outbound-proxy URIs");
}

TEST(FlowSetStateTest, HostileTextWithARightChecksumIsRefusedToo) {
  for (const std::string& content :
       {kTitle + "instance x\n" + kUris + "\n", kTitle + kInstance + kUris + "\n\n", kTitle + kUris + "\n",
        kTitle + kInstance + "group a\ntenant b\n" + kUris + "\n", kTitle + kInstance + "tenant \n" + kUris + "\n",
        kTitle + kInstance + "name a\rb\n" + kUris + "\n", "flowbroker flow sets 1\n" + kInstance + kUris + "\n",
        kTitle + kInstance + kUris + "reg-id 3 sip:a\nreg-id 4 sip:b\nreg-id 5 sip:c\n\n", std::string("\n"),
        std::string()}) {
    EXPECT_NE(Refusal(WithChecksum(content)), "accepted") << content;
  }
}

}  // namespace
}  // namespace flowbroker::outbound
