#include "broker/sip/host.h"

#include <gtest/gtest.h>

namespace flowbroker::sip {
namespace {

TEST(HostTest, BringsHostsIntoOneForm) {
  EXPECT_EQ(ReadHost("Example.ORG"), "example.org");
  EXPECT_EQ(ReadHost("example.org."), "example.org");
  EXPECT_EQ(ReadHost("localhost"), "localhost");
  EXPECT_EQ(ReadHost("my_service.local"), "my_service.local");
  EXPECT_EQ(ReadHost("xn--bcher-kva.example"), "xn--bcher-kva.example");
  EXPECT_EQ(ReadHost("3com.example"), "3com.example");
  EXPECT_EQ(ReadHost("192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(ReadHost("[2001:DB8:0:0::1]"), "2001:db8::1");
  EXPECT_EQ(ReadHost("[::ffff:192.0.2.1]"), "::ffff:192.0.2.1");
}

TEST(HostTest, RefusesWhatNoGrammarAllows) {
  for (const char* text : {"",
                           ".",
                           "..",
                           ".example.org",
                           "example..org",
                           "-a.example",
                           "a-.example",
                           "192.0.2.300",
                           "1.2.3",
                           "1.2.3.4.",
                           "example.1",
                           "2001:db8::1",
                           "[2001:db8::1",
                           "[]",
                           "[192.0.2.1]",
                           "[fe80::1%25eth0]",
                           "[::1]x",
                           "a b",
                           "a%2eb",
                           "n\xc3\xb6"}) {
    EXPECT_FALSE(ReadHost(text)) << text;
  }
}

TEST(HostTest, LimitsLabelsAndNames) {
  const std::string label(63, 'a');
  EXPECT_TRUE(ReadHost(label + ".example"));
  EXPECT_FALSE(ReadHost(label + "a.example"));
  const std::string name = label + "." + label + "." + label + "." + std::string(61, 'a');
  EXPECT_TRUE(ReadHost(name));
  EXPECT_TRUE(ReadHost(name + "."));
  EXPECT_FALSE(ReadHost(name + "a"));
}

TEST(HostTest, BracketsIpv6Once) {
  EXPECT_EQ(BracketIfIpv6("2001:db8::1"), "[2001:db8::1]");
  EXPECT_EQ(BracketIfIpv6("[2001:db8::1]"), "[2001:db8::1]");
  EXPECT_EQ(BracketIfIpv6("192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(BracketIfIpv6("example.org"), "example.org");
}

}  // namespace
}  // namespace flowbroker::sip
