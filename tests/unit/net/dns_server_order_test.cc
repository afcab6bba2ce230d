#include "broker/net/dns_server_order.h"

#include <gtest/gtest.h>

#include "broker/net/resolv_conf.h"

namespace flowbroker::net {
namespace {

using std::chrono::seconds;
using Order = std::vector<std::size_t>;

const TimePoint kStart{seconds(1000)};

TEST(DnsServerOrderTest, SilentServerGoesLastUntilItAnswers) {
  DnsServerOrder servers(3, seconds(30));
  EXPECT_EQ(servers.Order(), (Order{0, 1, 2}));
  servers.OnSilent(0, kStart);
  EXPECT_EQ(servers.Order(), (Order{1, 2, 0}));
  servers.OnAnswered(0);
  EXPECT_EQ(servers.Order(), (Order{0, 1, 2}));
}

TEST(DnsServerOrderTest, RetryIsDueOncePerInterval) {
  DnsServerOrder servers(2, seconds(30));
  servers.OnSilent(0, kStart);
  EXPECT_FALSE(servers.TakeDueForRetry(kStart + seconds(29)));
  EXPECT_EQ(servers.TakeDueForRetry(kStart + seconds(30)), 0U);
  EXPECT_FALSE(servers.TakeDueForRetry(kStart + seconds(31)));
  EXPECT_EQ(servers.TakeDueForRetry(kStart + seconds(60)), 0U);
}

TEST(DnsServerOrderTest, NoRetryBesideTheQuestionWhereAllAreSilent) {
  DnsServerOrder servers(2, seconds(30));
  servers.OnSilent(0, kStart);
  servers.OnSilent(1, kStart);
  EXPECT_FALSE(servers.TakeDueForRetry(kStart + seconds(60)));
  EXPECT_EQ(servers.Order(), (Order{0, 1}));
}

TEST(ResolvConfTest, TakesNameserversInOrderAndSkipsTheRest) {
  const auto servers = ReadNameservers(
      "# comment\nsearch example.org\nnameserver 192.0.2.1\noptions ndots:2\n"
      "\tnameserver   2001:db8::1 \nnameserver fe80::1%eth0\nnameserver 192.0.2.1\nnameserver\n;nameserver "
      "192.0.2.9\n");
  ASSERT_EQ(servers.size(), 2U);
  EXPECT_EQ(servers[0].ToString(), "192.0.2.1:53");
  EXPECT_EQ(servers[1].ToString(), "[2001:db8::1]:53");
}

TEST(ResolvConfTest, WithoutNameserverItIsTheLocalHost) {
  ASSERT_EQ(ReadNameservers("search example.org\n").size(), 1U);
  EXPECT_EQ(ReadNameservers("")[0].ToString(), "127.0.0.1:53");
  EXPECT_EQ(LoadNameservers("/nonexistent/resolv.conf")[0].ToString(), "127.0.0.1:53");
}

}  // namespace
}  // namespace flowbroker::net
