#include "service/rpc/tenants.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace flowbroker::rpc {
namespace {

using engine::Limit;
using Kind = Tenants::Kind;
using namespace std::chrono_literals;

constexpr TimePoint At(Duration since) {
  return TimePoint(1h) + since;
}

TEST(TenantsTest, ATenantMayUseItsWholeSecondAtOnceAndThenItsRate) {
  Tenants tenants({.calls_per_second = 10});
  for (int i = 0; i < 10; ++i) {
    const auto seat = tenants.Enter("a", Kind::kCall, At(0s));
    ASSERT_TRUE(seat) << i;
    tenants.Leave(*seat);
  }
  const auto refused = tenants.Enter("a", Kind::kCall, At(0s));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().limit, Limit::kTenantRate);
  EXPECT_EQ(refused.error().retry_after, 100ms);
  EXPECT_FALSE(tenants.Enter("a", Kind::kCall, At(99ms)));
  EXPECT_TRUE(tenants.Enter("a", Kind::kCall, At(100ms)));
  EXPECT_FALSE(tenants.Enter("a", Kind::kCall, At(101ms)));
}

TEST(TenantsTest, TheRateIsThatOfOneTenant) {
  Tenants tenants({.calls_per_second = 1});
  EXPECT_TRUE(tenants.Enter("a", Kind::kCall, At(0s)));
  EXPECT_TRUE(tenants.Enter("b", Kind::kCall, At(0s)));
  EXPECT_FALSE(tenants.Enter("a", Kind::kStream, At(0s))) << "opening a stream is a call";
}

TEST(TenantsTest, ARefusedCallCostsNothingOfTheRate) {
  Tenants tenants({.calls_per_second = 1});
  EXPECT_TRUE(tenants.Enter("a", Kind::kCall, At(0s)));
  for (int i = 0; i < 1000; ++i) EXPECT_FALSE(tenants.Enter("a", Kind::kCall, At(1ms)));
  EXPECT_TRUE(tenants.Enter("a", Kind::kCall, At(1s)));
}

TEST(TenantsTest, CallsInFlightAndStreamsAreCountedApartAndComeBack) {
  Tenants tenants({.calls_in_flight = 2, .streams = 1});
  const auto call = tenants.Enter("a", Kind::kCall, At(0s));
  const auto stream = tenants.Enter("a", Kind::kStream, At(0s));
  EXPECT_TRUE(tenants.Enter("a", Kind::kCall, At(0s)));
  EXPECT_EQ(tenants.Enter("a", Kind::kCall, At(0s)).error().limit, Limit::kTenantCalls);
  EXPECT_EQ(tenants.Enter("a", Kind::kStream, At(0s)).error().limit, Limit::kTenantStreams);
  tenants.Leave(*call);
  tenants.Leave(*stream);
  EXPECT_TRUE(tenants.Enter("a", Kind::kCall, At(0s)));
  EXPECT_TRUE(tenants.Enter("a", Kind::kStream, At(0s)));
}

TEST(TenantsTest, IdleTenantsMakeRoomAndBusyOnesStay) {
  Tenants tenants({.calls_per_second = 100, .tenants = 2});
  const auto busy = tenants.Enter("busy", Kind::kStream, At(0s));
  tenants.Leave(*tenants.Enter("idle", Kind::kCall, At(0s)));
  EXPECT_EQ(tenants.Enter("new", Kind::kCall, At(0s)).error().limit, Limit::kTenants) << "idle owes a token";
  EXPECT_FALSE(tenants.Enter("new", Kind::kCall, At(1s + 9ms)));
  EXPECT_TRUE(tenants.Enter("new", Kind::kCall, At(1s + 10ms)));
  EXPECT_EQ(tenants.Enter("newer", Kind::kCall, At(1h)).error().limit, Limit::kTenants);
  EXPECT_TRUE(tenants.Enter("busy", Kind::kCall, At(1h))) << "who is known may go on";
  tenants.Leave(*busy);
}

TEST(TenantsTest, ForgettingGivesNobodyMoreThanTheirRate) {
  Tenants tenants({.calls_per_second = 2});
  int taken = 0;
  for (int step = 0; step < 1000; ++step) {  // 10 s
    for (const char* other : {"b", "c"}) {
      if (const auto seat = tenants.Enter(other, Kind::kCall, At(step * 10ms))) tenants.Leave(*seat);
    }
    if (const auto seat = tenants.Enter("a", Kind::kCall, At(step * 10ms))) {
      ++taken;
      tenants.Leave(*seat);
    }
  }
  EXPECT_LE(taken, 2 * 10 + 2);
  EXPECT_GE(taken, 2 * 10);
}

TEST(TenantsTest, ManyTenantsOfOneCallLeaveNothingBehind) {
  Tenants tenants({});
  for (int i = 0; i < 10'000; ++i) tenants.Leave(*tenants.Enter(std::to_string(i), Kind::kCall, At(i * 1ms)));
  EXPECT_LE(tenants.size(), 1001U) << "those of the last second";
}

TEST(TenantsTest, NewLimitsHoldFromTheNextCallOn) {
  Tenants tenants({.streams = 1});
  std::vector<Tenants::Seat> seats{*tenants.Enter("a", Kind::kStream, At(0s))};
  EXPECT_FALSE(tenants.Enter("a", Kind::kStream, At(0s)));
  tenants.Apply({.calls_per_second = 1, .streams = 2});
  seats.push_back(*tenants.Enter("a", Kind::kStream, At(0s)));
  EXPECT_EQ(tenants.Enter("a", Kind::kCall, At(0s)).error().limit, Limit::kTenantRate);
  tenants.Apply({});
  EXPECT_TRUE(tenants.Enter("a", Kind::kStream, At(0s)));
  for (const Tenants::Seat& seat : seats) tenants.Leave(seat);
}

}  // namespace
}  // namespace flowbroker::rpc
