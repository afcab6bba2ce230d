#include "broker/outbound/flow_set_spec.h"

#include <gtest/gtest.h>

namespace flowbroker::outbound {
namespace {

FlowSetSpec SpecOf(std::vector<std::string> uris) {
  return {.instance = sip::InstanceId::Parse("urn:uuid:00000000-0000-1000-8000-000a95a0e128").value(),
          .uris = std::move(uris)};
}

TEST(FlowSetSpecTest, O2_TwoToFourUris) {
  std::vector<std::string> uris{"sip:1.example.com"};
  EXPECT_EQ(Check(SpecOf(uris)).error().field, "uris");
  for (const char* next : {"sip:2.example.com", "sips:3.example.com", "sip:192.0.2.4:5070;transport=tcp"}) {
    uris.emplace_back(next);
    EXPECT_TRUE(Check(SpecOf(uris))) << uris.size();
  }
  uris.emplace_back("sip:5.example.com");
  EXPECT_FALSE(Check(SpecOf(uris)));
}

TEST(FlowSetSpecTest, EqualUrisAreNoSet) {
  EXPECT_EQ(Check(SpecOf({"sip:p.example.com", "sip:P.example.com."})).error().detail, "two URIs of the set are equal");
}

TEST(FlowSetSpecTest, WhatIsNoSipUriIsRefused) {
  EXPECT_EQ(Check(SpecOf({"sip:p.example.com", "tel:+49301234"})).error().field, "uris");
}

TEST(FlowSetSpecTest, NoTextMayBreakTheStateFile) {
  FlowSetSpec spec = SpecOf({"sip:1.example.com", "sip:2.example.com"});
  spec.name = "a\nreg-id 1 sip:evil.example.com";
  EXPECT_EQ(Check(spec).error().field, "name");
  spec.name.clear();
  spec.owner.tenant = "a\r";
  EXPECT_EQ(Check(spec).error().field, "tenant");
  spec.owner = {.client_group = std::string("\0", 1)};
  EXPECT_EQ(Check(spec).error().field, "client_group");
}

}  // namespace
}  // namespace flowbroker::outbound
