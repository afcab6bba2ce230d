#include "broker/engine/registrar.h"

#include <gtest/gtest.h>

#include <chrono>
#include <vector>

#include "tests/support/seeded_random.h"

namespace flowbroker::engine {
namespace {

using bindings::BindingChange;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr TimePoint kStart{seconds(1000)};

class RegistrarTest : public ::testing::Test {
 protected:
  flow::FlowId MakeFlow() { return flow::FlowId::Make(0, random_); }
  bindings::BindRequest Request(const std::string& uri, const flow::FlowId& flow) {
    return {
        .key = {.aor = "sip:a@b", .contact_uri = uri}, .flow = flow, .contact = "<" + uri + ">", .expires = minutes(1)};
  }
  bool Bind(const bindings::BindRequest& request) { return registrar_.Bind({&request, 1}, kStart).has_value(); }
  std::vector<BindingChange> Changes() {
    std::vector<BindingChange> changes;
    const auto subscription = registrar_.events().Subscribe(
        0, std::nullopt, [&](const RegistrationEvent& event) { changes.push_back(event.change); });
    registrar_.events().Unsubscribe(subscription.value());
    return changes;
  }

  testing::SeededRandom random_{1};
  Registrar registrar_{RegistrarOptions{}, 50, random_};
};

TEST_F(RegistrarTest, ADeadFlowTakesItsBindingsAlongAndWatchersHear) {  // B4
  const auto dead = MakeFlow();
  const auto alive = MakeFlow();
  ASSERT_TRUE(Bind(Request("sip:x@1", dead)));
  ASSERT_TRUE(Bind(Request("sip:y@1", alive)));
  registrar_.OnFlowClosed(dead, kStart);
  const auto left = registrar_.Lookup("", "sip:a@b", kStart);
  ASSERT_EQ(left.size(), 1U);
  EXPECT_EQ(left[0].binding.flow, alive);
  EXPECT_EQ(Changes(), (std::vector{BindingChange::kBound, BindingChange::kBound, BindingChange::kFlowEnded}));
}

TEST_F(RegistrarTest, TheDeadlineIsKnownWithoutALockAndExpiryIsTold) {
  EXPECT_EQ(registrar_.NextDeadline(), kNever);
  ASSERT_TRUE(Bind(Request("sip:x@1", MakeFlow())));
  EXPECT_LE(registrar_.NextDeadline(), kStart + minutes(1) + seconds(1));
  for (TimePoint now = kStart; now < kStart + minutes(2); now += seconds(1)) registrar_.OnTimer(now);
  EXPECT_EQ(registrar_.size(), 0U);
  EXPECT_EQ(registrar_.NextDeadline(), kNever);
  EXPECT_EQ(Changes(), (std::vector{BindingChange::kBound, BindingChange::kExpired}));
}

TEST_F(RegistrarTest, WhatIsTakenOutIsCountedOnce) {
  const auto request = Request("sip:x@1", MakeFlow());
  ASSERT_TRUE(Bind(request));
  EXPECT_TRUE(registrar_.HasBindings(request.flow));
  EXPECT_EQ(registrar_.Unbind(request.key, kStart)->key, request.key);
  EXPECT_FALSE(registrar_.Unbind(request.key, kStart));
  EXPECT_FALSE(registrar_.HasBindings(request.flow));
  ASSERT_TRUE(Bind(request));
  EXPECT_EQ(registrar_.UnbindAll("", "sip:a@b", kStart).size(), 1U);
  EXPECT_TRUE(registrar_.UnbindAll("", "sip:a@b", kStart).empty());
}

}  // namespace
}  // namespace flowbroker::engine
