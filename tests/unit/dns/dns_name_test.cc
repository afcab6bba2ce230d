#include "broker/dns/dns_name.h"

#include <gtest/gtest.h>

#include <string>

#include "broker/dns/records.h"

namespace flowbroker::dns {
namespace {

TEST(DnsNameTest, MakesNamesCanonical) {
  EXPECT_EQ(DnsName::Parse("Example.ORG.")->ToString(), "example.org");
  EXPECT_EQ(DnsName::Parse("_SIP._tcp.example.org"), DnsName::Parse("_sip._tcp.Example.org."));
  EXPECT_EQ(DnsName::Parse("1-2.xn--bcher-kva")->ToString(), "1-2.xn--bcher-kva");
}

TEST(DnsNameTest, TakesEmptyTextAndTheDotAsRoot) {
  EXPECT_TRUE(DnsName::Parse("")->is_root());
  EXPECT_TRUE(DnsName::Parse(".")->is_root());
  EXPECT_FALSE(DnsName::Parse("org")->is_root());
}

TEST(DnsNameTest, RefusesWhatIsNoName) {
  for (const char* text : {"..", "a..b", ".a", "a..", "a b", "a/b", "bücher.de", "a@b", "[::1]", "a,b", "a\tb"}) {
    EXPECT_FALSE(DnsName::Parse(text)) << text;
  }
  EXPECT_FALSE(DnsName::Parse(std::string_view("a\0b", 3)));
}

TEST(DnsNameTest, KeepsTheLimitsOfRfc1035) {
  const std::string label(63, 'a');
  EXPECT_TRUE(DnsName::Parse(label));
  EXPECT_FALSE(DnsName::Parse(label + "a"));
  const std::string longest = label + "." + label + "." + label + "." + std::string(61, 'b');
  ASSERT_EQ(longest.size(), 253U);
  EXPECT_TRUE(DnsName::Parse(longest));
  EXPECT_TRUE(DnsName::Parse(longest + "."));
  EXPECT_FALSE(DnsName::Parse(longest + "b"));
}

TEST(DnsNameTest, PutsLabelsInFront) {
  EXPECT_EQ(DnsName::Parse("example.org")->WithPrefix("_sip._udp"), DnsName::Parse("_sip._udp.example.org"));
  EXPECT_EQ(DnsName::Parse("")->WithPrefix("_sip._udp"), DnsName::Parse("_sip._udp"));
  EXPECT_EQ(DnsName::Parse("org")->WithPrefix(""), DnsName::Parse("org"));
  const std::string label(60, 'a');
  const auto longest = DnsName::Parse(label + "." + label + "." + label + "." + label);
  ASSERT_TRUE(longest);
  EXPECT_FALSE(longest->WithPrefix("_sips._tcp"));
  EXPECT_FALSE(DnsName::Parse("org")->WithPrefix("not a label"));
}

TEST(DnsNameTest, KnowsLocalhost) {
  EXPECT_TRUE(DnsName::Parse("LocalHost.")->is_localhost());
  EXPECT_TRUE(DnsName::Parse("sip.localhost")->is_localhost());
  EXPECT_FALSE(DnsName::Parse("notlocalhost")->is_localhost());
  EXPECT_FALSE(DnsName::Parse("localhost.example.org")->is_localhost());
}

TEST(QuestionTest, SaysTypeAndName) {
  EXPECT_EQ((Question{*DnsName::Parse("_sip._tcp.example.org"), RecordType::kSrv}.ToString()),
            "SRV _sip._tcp.example.org");
  EXPECT_EQ((Question{*DnsName::Parse("."), RecordType::kNaptr}.ToString()), "NAPTR .");
}

}  // namespace
}  // namespace flowbroker::dns
