#include "service/rpc/caller_identity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace flowbroker::rpc {
namespace {

using testing::HasSubstr;
using Names = std::vector<std::string_view>;

TEST(SpiffeIdTest, TakesIdsOfWorkloads) {
  EXPECT_TRUE(IsSpiffeId("spiffe://example.org/proxy"));
  EXPECT_TRUE(IsSpiffeId("spiffe://a-b_c.9/ns/SIP/sa/edge-1.x_Y"));
  EXPECT_TRUE(IsSpiffeId("spiffe://" + std::string(kMaxTrustDomain, 'd') + "/x"));
  EXPECT_TRUE(IsSpiffeId("spiffe://d/" + std::string(kMaxSpiffeId - 11, 'x')));
}

TEST(SpiffeIdTest, RefusesWhatIsNotInTheOnlyFormOfAnId) {
  const std::string zero("spiffe://d/a\0b", 14);
  for (const std::string& id : {std::string(""),
                                std::string("spiffe://"),
                                std::string("spiffe:///x"),
                                std::string("spiffe://d"),
                                std::string("spiffe://d/"),
                                std::string("spiffe://d/a/"),
                                std::string("spiffe://d//a"),
                                std::string("spiffe://d/./a"),
                                std::string("spiffe://d/a/.."),
                                std::string("spiffe://D/a"),
                                std::string("SPIFFE://d/a"),
                                std::string("spiffe://d:1/a"),
                                std::string("spiffe://u@d/a"),
                                std::string("spiffe://d/a?b"),
                                std::string("spiffe://d/a#b"),
                                std::string("spiffe://d/a%20b"),
                                std::string("spiffe://d/a b"),
                                std::string("spiffe://d?/a"),
                                std::string("https://d/a"),
                                std::string("spiffe://d/\xc3\xa9"),
                                zero,
                                "spiffe://" + std::string(kMaxTrustDomain + 1, 'd') + "/x",
                                "spiffe://d/" + std::string(kMaxSpiffeId - 10, 'x')}) {
    EXPECT_FALSE(IsSpiffeId(id)) << id;
  }
}

TEST(CallerIdentityTest, ASpiffeIdComesBeforeADnsName) {
  EXPECT_EQ(*IdentityOf(Names{"spiffe://d/a"}, Names{"host.example"}), "spiffe://d/a");
}

TEST(CallerIdentityTest, TheFirstDnsNameInLowerCaseStandsInForASpiffeId) {
  EXPECT_EQ(*IdentityOf(Names{}, Names{"Proxy-1.Example.ORG", "second.example.org"}), "proxy-1.example.org");
  EXPECT_EQ(*IdentityOf(Names{"sip:example.org", "https://a/b"}, Names{"a.b"}), "a.b") << "other URIs say nothing";
}

TEST(CallerIdentityTest, WhatClaimsToBeASpiffeIdIsNeverPassedOver) {
  const Names dns{"host.example"};
  EXPECT_THAT(IdentityOf(Names{"spiffe://d/a", "https://x/"}, dns).error().detail, HasSubstr("single URI"));
  EXPECT_THAT(IdentityOf(Names{"https://x/", "spiffe://d/a"}, dns).error().detail, HasSubstr("single URI"));
  EXPECT_THAT(IdentityOf(Names{"spiffe://d/a", "spiffe://d/a"}, dns).error().detail, HasSubstr("single URI"));
  EXPECT_THAT(IdentityOf(Names{"Spiffe://d/a"}, dns).error().detail, HasSubstr("not a valid SPIFFE id"));
  EXPECT_THAT(IdentityOf(Names{"spiffe://d/../a"}, dns).error().detail, HasSubstr("not a valid SPIFFE id"));
}

TEST(CallerIdentityTest, ACertificateThatNamesNobodyIsRefusedWithWhatToDo) {
  EXPECT_THAT(IdentityOf(Names{}, Names{}).error().detail, HasSubstr("issue one with a SPIFFE id or a DNS name"));
  EXPECT_FALSE(IdentityOf(Names{"https://x/"}, Names{}));
}

TEST(CallerIdentityTest, ADnsNameThatIsNotOneOfAHostIsRefused) {
  const std::string zero("a.example\0.evil", 15);
  for (const std::string& name :
       {std::string(""), std::string("*.example"), std::string("a..b"), std::string(".a"), std::string("a."),
        std::string("a b"), std::string("a/b"), zero, std::string(64, 'a') + ".b", std::string(254, 'a')}) {
    EXPECT_FALSE(IdentityOf(Names{}, Names{name})) << name;
  }
}

}  // namespace
}  // namespace flowbroker::rpc
