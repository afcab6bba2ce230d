#include "broker/engine/answered_requests.h"

#include <gtest/gtest.h>

#include <chrono>

#include "tests/support/seeded_random.h"

namespace flowbroker::engine {
namespace {

using std::chrono::seconds;

class AnsweredRequestsTest : public ::testing::Test {
 protected:
  testing::SeededRandom random_{14};
  const flow::FlowId a_ = flow::FlowId::Make(0, random_);
  const flow::FlowId b_ = flow::FlowId::Make(0, random_);
  const TimePoint start_{seconds(1000)};
};

TEST_F(AnsweredRequestsTest, RemembersForAMinutePerGroup) {
  AnsweredRequests answered(10, 50);
  answered.Remember({.client_group = "group"}, "id", {a_, "key"}, start_);
  EXPECT_EQ(answered.Find({.client_group = "group"}, "id", start_ + seconds(59))->flow, a_);
  EXPECT_FALSE(answered.Find({.client_group = "other"}, "id", start_));
  EXPECT_FALSE(answered.Find({.client_group = "group"}, "id", start_ + seconds(60)));
}

TEST_F(AnsweredRequestsTest, EmptyIdIsNoId) {
  AnsweredRequests answered(10, 50);
  answered.Remember({.client_group = "group"}, "", {a_, "key"}, start_);
  EXPECT_FALSE(answered.Find({.client_group = "group"}, "", start_));
}

TEST_F(AnsweredRequestsTest, ForgetsTheOldestBeyondItsLimit) {
  AnsweredRequests answered(2, 50);
  answered.Remember({.client_group = "g"}, "1", {a_, "key"}, start_);
  answered.Remember({.client_group = "g"}, "2", {b_, "key"}, start_ + seconds(1));
  answered.Remember({.client_group = "g"}, "3", {b_, "key"}, start_ + seconds(2));
  EXPECT_FALSE(answered.Find({.client_group = "g"}, "1", start_ + seconds(2)));
  EXPECT_TRUE(answered.Find({.client_group = "g"}, "2", start_ + seconds(2)));
}

TEST_F(AnsweredRequestsTest, ATenantDoesNotMakeThoseOfAnotherForgotten) {
  AnsweredRequests answered(10, 50);
  answered.Remember({.tenant = "quiet"}, "1", {a_, "key"}, start_);
  for (int i = 0; i < 100; ++i) {
    answered.Remember({.tenant = "noisy", .client_group = std::to_string(i)}, "1", {b_, "key"}, start_);
  }
  EXPECT_TRUE(answered.Find({.tenant = "quiet"}, "1", start_));
  EXPECT_TRUE(answered.Find({.tenant = "noisy", .client_group = "99"}, "1", start_));
}

TEST_F(AnsweredRequestsTest, RepeatedAnswerOutlivesTheExpiryOfTheFirst) {
  AnsweredRequests answered(10, 50);
  answered.Remember({.client_group = "g"}, "1", {a_, "key"}, start_);
  answered.Remember({.client_group = "g"}, "1", {b_, "key"}, start_ + seconds(30));
  answered.Remember({.client_group = "g"}, "2", {a_, "key"}, start_ + seconds(70));  // tidies up what is older
  EXPECT_EQ(answered.Find({.client_group = "g"}, "1", start_ + seconds(70))->flow, b_);
}

}  // namespace
}  // namespace flowbroker::engine
