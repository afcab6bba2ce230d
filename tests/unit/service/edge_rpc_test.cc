#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "flowbroker/v1/edge_service.grpc.pb.h"
#include "service/rpc/edge_conversion.h"
#include "tests/unit/service/fake_broker.h"

namespace flowbroker::rpc {
namespace {

using engine::FakeBroker;

constexpr const char* kUuid = "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6";

v1::BindRequest Request(const std::string& contact) {
  v1::BindRequest request;
  request.set_aor("sip:alice@example.org");
  request.set_contact(contact);
  request.set_flow_id(FakeBroker::KnownFlow().ToString());
  return request;
}

TEST(EdgeConversionTest, AContactWithAnInstanceIsKeyedByItAndARegId) {  // B1
  const auto registration = FromProto(
      Request("\"A\" <sip:a@192.0.2.1>;q=0.5;+sip.instance=\"<" + std::string(kUuid) + ">\";reg-id=2;expires=60"), "t");
  ASSERT_TRUE(registration) << registration.error().ToString();
  const auto& contact = registration->contacts.at(0);
  EXPECT_EQ(contact.key.tenant, "t");
  EXPECT_EQ(contact.key.instance_id->text(), kUuid);
  EXPECT_EQ(contact.key.reg_id, 2U);
  EXPECT_EQ(contact.key.contact_uri, "");
  EXPECT_EQ(contact.bind->expires, std::chrono::seconds(60));
  EXPECT_EQ(contact.bind->q.thousandths, 500);
  EXPECT_EQ(contact.bind->contact,
            "\"A\" <sip:a@192.0.2.1>;q=0.500;+sip.instance=\"<" + std::string(kUuid) + ">\";reg-id=2");
}

TEST(EdgeConversionTest, AContactWithoutOneIsKeyedByItsUriInOneForm) {  // B1
  const auto registration = FromProto(Request("<sip:a@HOST.example.org;transport=TCP>, <sip:b@h>;expires=0"), "");
  ASSERT_TRUE(registration);
  EXPECT_EQ(registration->contacts.at(0).key.contact_uri, "sip:a@host.example.org;transport=TCP");
  EXPECT_EQ(registration->contacts.at(0).bind->expires, std::chrono::hours(1)) << "RFC 3261 s.10.2";
  EXPECT_FALSE(registration->contacts.at(1).bind) << "taken out";
}

TEST(EdgeConversionTest, TheStarStandsForEverythingAndOnlyWithExpiresZero) {
  auto request = Request("*");
  EXPECT_EQ(FromProto(request, "").error().field, "expires");
  request.mutable_expires();
  ASSERT_TRUE(FromProto(request, ""));
  EXPECT_TRUE(FromProto(request, "")->removes_all);
}

TEST(EdgeConversionTest, WhatIsWrongIsNamedByItsField) {  // B5
  auto request = Request("<sip:a@b>");
  request.clear_aor();
  EXPECT_EQ(FromProto(request, "").error().field, "aor");
  request = Request("<sip:a@b>;+sip.instance=\"<" + std::string(kUuid) + ">\";reg-id=0");
  EXPECT_EQ(FromProto(request, "").error().field, "contact");
  request = Request("<sip:a@b>");
  request.set_path("not a path");
  EXPECT_EQ(FromProto(request, "").error().field, "path");
  request = Request("<sip:a@b>");
  request.mutable_expires()->set_seconds(-1);
  EXPECT_EQ(FromProto(request, "").error().field, "expires");
  v1::UnbindRequest unbind;
  unbind.set_aor("sip:a@b");
  unbind.set_reg_id(1);
  EXPECT_EQ(FromProto(unbind, "").error().field, "reg_id");
}

}  // namespace
}  // namespace flowbroker::rpc
