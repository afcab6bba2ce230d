#include "broker/flow/edge_listener.h"

#include <gtest/gtest.h>

namespace flowbroker::flow {
namespace {

TEST(EdgeListenerTest, ReadsWhatItWrites) {
  for (const char* text : {"tcp:192.0.2.1:5060", "tcp:[2001:db8::1]:5061", "tcp:127.0.0.1:0", "tls:192.0.2.1:5061",
                           "udp:192.0.2.1:5060", "udp:[2001:db8::1]:5060"}) {
    const auto listener = EdgeListener::Parse(text);
    ASSERT_TRUE(listener) << text;
    EXPECT_EQ(listener->ToString(), text);
  }
}

TEST(EdgeListenerTest, AClientGroupStandsBehindIt) {
  const auto listener = EdgeListener::Parse("tcp:[2001:db8::1]:5061=core");
  ASSERT_TRUE(listener);
  EXPECT_EQ(listener->client_group, "core");
  EXPECT_EQ(listener->ToString(), "tcp:[2001:db8::1]:5061");
}

TEST(EdgeListenerTest, SaysWhatIsAllowedToEverythingElse) {
  for (const char* text : {"", "tcp:", "192.0.2.1:5060", "sctp:192.0.2.1:5060", "udp:0.0.0.0:5060", "tcp:host:5060",
                           "tcp:192.0.2.1", "tcp:192.0.2.1:", "tcp:192.0.2.1:65536", "tcp:192.0.2.1:5060x",
                           "tcp:0.0.0.0:5060", "tcp:[::]:5060", "tcp:192.0.2.1:-1", "tcp:192.0.2.1:5060="}) {
    const auto listener = EdgeListener::Parse(text);
    ASSERT_FALSE(listener) << text;
    EXPECT_NE(listener.error().detail.find("tcp:ADDRESS:PORT"), std::string::npos);
  }
}

}  // namespace
}  // namespace flowbroker::flow
