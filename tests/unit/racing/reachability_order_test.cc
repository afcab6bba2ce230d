#include "broker/racing/reachability_order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace flowbroker::racing {
namespace {

using history::Reachability;
using ::testing::ElementsAre;

// "6a" is the first IPv6 address, "4b" the second IPv4 address of a host.
JudgedCandidate Judged(std::string_view name, std::size_t group, Reachability reachability = Reachability::kUnknown,
                       bool unavailable = false) {
  const std::string number = std::to_string(group * 10 + static_cast<std::size_t>(name[1] - 'a') + 1);
  const std::string address = name[0] == '4' ? "192.0.2." + number : "2001:db8::" + number;
  return {{{{*IpAddress::Parse(address), 5060}, Transport::kTcp}, group},
          {.reachability = reachability, .unavailable = unavailable}};
}

std::vector<std::string> Order(const std::vector<JudgedCandidate>& judged) {
  std::vector<std::string> addresses;
  for (const Candidate& candidate : OrderByReachability(judged)) {
    addresses.push_back(candidate.target.endpoint.address.ToString());
  }
  return addresses;
}

TEST(ReachabilityOrderTest, KeepsTheOrderOfTheRfcsWhereNothingIsKnown) {  // S6
  EXPECT_THAT(Order({Judged("6a", 0), Judged("4a", 0), Judged("6a", 1)}),
              ElementsAre("2001:db8::1", "192.0.2.1", "2001:db8::11"));
}

TEST(ReachabilityOrderTest, PutsTheUnreachableBehindAllHosts) {  // S3
  EXPECT_THAT(Order({Judged("6a", 0, Reachability::kUnreachable), Judged("4a", 0), Judged("6a", 1)}),
              ElementsAre("192.0.2.1", "2001:db8::11", "2001:db8::1"));
}

TEST(ReachabilityOrderTest, PrefersTheOtherFamilyToOneWithASilentTarget) {  // S2
  EXPECT_THAT(Order({Judged("6a", 0, Reachability::kUnreachable), Judged("6b", 0), Judged("4a", 0)}),
              ElementsAre("192.0.2.1", "2001:db8::2", "2001:db8::1"));
}

TEST(ReachabilityOrderTest, TrustsATargetThatAnsweredItself) {
  EXPECT_THAT(Order({Judged("6a", 0, Reachability::kUnreachable), Judged("6b", 0, Reachability::kReachable),
                     Judged("4a", 0, Reachability::kReachable)}),
              ElementsAre("2001:db8::2", "192.0.2.1", "2001:db8::1"));
}

TEST(ReachabilityOrderTest, AHeadStartIsOneThoughTheRestOfTheFamilyIsStillHeld) {  // H3
  JudgedCandidate due = Judged("6a", 0);
  due.verdict.head_start = true;
  EXPECT_THAT(Order({due, Judged("6b", 0, Reachability::kUnreachable), Judged("4a", 0, Reachability::kReachable)}),
              ElementsAre("2001:db8::1", "192.0.2.1", "2001:db8::2"));
}

TEST(ReachabilityOrderTest, PutsSlowTargetsBehindTheOthersOfTheirHostOnly) {
  EXPECT_THAT(Order({Judged("6a", 0, Reachability::kSlow), Judged("4a", 0), Judged("6a", 1)}),
              ElementsAre("192.0.2.1", "2001:db8::1", "2001:db8::11"));
}

TEST(ReachabilityOrderTest, A503SpeaksForAllAddressesOfItsHost) {  // D6
  EXPECT_THAT(Order({Judged("6a", 0, Reachability::kReachable, true), Judged("4a", 0), Judged("6a", 1)}),
              ElementsAre("2001:db8::11", "2001:db8::1", "192.0.2.1"));
}

TEST(ReachabilityOrderTest, A503IsBetterThanSilence) {
  EXPECT_THAT(Order({Judged("6a", 0, Reachability::kUnreachable), Judged("6a", 1, Reachability::kUnknown, true)}),
              ElementsAre("2001:db8::11", "2001:db8::1"));
}

TEST(ReachabilityOrderTest, KeepsTheOrderWhereEverythingIsUnreachable) {
  EXPECT_THAT(Order({Judged("6a", 0, Reachability::kUnreachable), Judged("4a", 0, Reachability::kUnreachable)}),
              ElementsAre("2001:db8::1", "192.0.2.1"));
}

TEST(ReachabilityOrderTest, WhatIsSetBackFormsGroupsOfItsOwn) {
  const auto ordered =
      OrderByReachability(std::vector{Judged("6a", 0, Reachability::kUnreachable), Judged("4a", 0), Judged("6a", 1)});
  EXPECT_EQ(ordered[0].group, 0U);
  EXPECT_EQ(ordered[1].group, 1U);
  EXPECT_GT(ordered[2].group, 1U) << "or it would be tried as the alternate family of its former host";
}

}  // namespace
}  // namespace flowbroker::racing
