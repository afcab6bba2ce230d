// A user agent on TCP at the edge, batch by batch: what the edge itself answers.

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/sip/stun_message.h"
#include "tests/simulation/scripted_shard.h"

namespace flowbroker::simulation {
namespace {

using Kind = sip::MessageFramer::Kind;
using Item = sip::MessageFramer::Item;

engine::BrokerOptions WithEdge(Duration crlf_answer_after = Duration::zero()) {
  engine::BrokerOptions options;
  options.edge.crlf_answer_after = crlf_answer_after;
  options.edge.listeners = {*flow::EdgeListener::Parse("tcp:192.0.2.1:5060")};
  return options;
}

class EdgeStreamTest : public ::testing::Test {
 protected:
  explicit EdgeStreamTest(Duration crlf_answer_after = Duration::zero()) : shard_(1, WithEdge(crlf_answer_after)) {
    shard_.core().OnConnected(connection_, {*IpAddress::Parse("192.0.2.1"), 5060}, std::nullopt, shard_.now());
    shard_.core().TakeActions();
  }

  /// What the edge sends because of what was read at once.
  std::vector<std::string> AnswersTo(const std::vector<Item>& batch) {
    shard_.core().OnReceived(connection_, batch, shard_.now());
    return Sent();
  }
  std::vector<std::string> SentBy(TimePoint when) {
    shard_.core().OnTimer(when);
    return Sent();
  }
  std::vector<std::string> Sent() {
    std::vector<std::string> answers;
    for (const engine::IoAction& action : shard_.core().TakeActions().io) {
      if (const auto* send = std::get_if<engine::SendBytes>(&action)) answers.push_back(send->bytes);
    }
    return answers;
  }

  ScriptedShard shard_;
  const flow::ConnectionId connection_ =
      shard_.core().OnAccepted(0, {*IpAddress::Parse("203.0.113.7"), 40000}, shard_.now());
  const std::vector<Item> ping_ = {{Kind::kPing, "\r\n\r\n"}};
};

TEST_F(EdgeStreamTest, AFloodOfPingsIsAnsweredFourTimesABatch) {  // E7
  const std::vector<Item> flood(1'000, ping_.front());
  for (int batch = 0; batch < 3; ++batch) EXPECT_EQ(AnswersTo(flood), std::vector<std::string>(4, "\r\n"));
  EXPECT_EQ(AnswersTo(ping_), std::vector<std::string>{"\r\n"});
}

TEST_F(EdgeStreamTest, StunRequestsAndPingsOfABatchAreCountedTogether) {  // E6, E7
  const auto request = sip::WriteBindingRequest({}, /*with_fingerprint=*/true);
  std::vector<Item> flood;
  for (int i = 0; i < 500; ++i) {
    flood.push_back({Kind::kStun, request.view()});
    flood.push_back(ping_.front());
  }
  const auto answers = AnswersTo(flood);
  EXPECT_EQ(answers.size(), 4U);
  EXPECT_EQ(std::ranges::count(answers, "\r\n"), 2);
}

TEST_F(EdgeStreamTest, AnswersDoNotPileUpForAUserAgentThatDoesNotRead) {  // E7
  shard_.core().OnQueued(connection_, 100);
  EXPECT_TRUE(AnswersTo(ping_).empty());
  shard_.core().OnQueued(connection_, 0);
  EXPECT_EQ(AnswersTo(ping_).size(), 1U) << "now it has read";
}

TEST_F(EdgeStreamTest, APongIsTheAnswerToAProbeOfTheBrokersOwn) {  // S9
  const auto flow = shard_.core().IdsAfter(std::nullopt, 1, {}).at(0);
  std::optional<Expected<engine::ProbeResult>> result;
  shard_.core().ProbeFlow(
      flow, {}, shard_.now() + std::chrono::seconds(5), [&result](const auto& probed) { result = probed; },
      shard_.now());
  EXPECT_EQ(Sent(), std::vector<std::string>{"\r\n\r\n"});
  shard_.core().OnReceived(connection_, std::vector<Item>{{Kind::kPong, "\r\n"}}, shard_.now());
  for (const auto& callback : shard_.core().TakeActions().calls) callback();
  ASSERT_TRUE(result && *result);
  EXPECT_EQ((*result)->answer, "CRLF");
}

TEST_F(EdgeStreamTest, ASingleCrlfIsNoPing) {  // E7, RFC 5626 s.4.4.1
  EXPECT_TRUE(AnswersTo({{Kind::kPong, "\r\n"}}).empty());
}

class DraftEdgeStreamTest : public EdgeStreamTest {
 protected:
  DraftEdgeStreamTest() : EdgeStreamTest(std::chrono::seconds(1)) {}
};

TEST_F(DraftEdgeStreamTest, EveryCrlfIsAnsweredAfterASecondAndWithinThree) {  // E7, outbound-02 s.7.2
  const std::vector<Item> crlf = {{Kind::kPong, "\r\n"}};
  const TimePoint start = shard_.now();
  for (const std::vector<Item>& batch : {crlf, ping_, crlf}) EXPECT_TRUE(AnswersTo(batch).empty());
  EXPECT_TRUE(SentBy(start + std::chrono::milliseconds(999)).empty()) << "an echo would go round and round";
  EXPECT_EQ(SentBy(start + std::chrono::milliseconds(1'100)), std::vector<std::string>{"\r\n"});
  EXPECT_TRUE(SentBy(start + std::chrono::seconds(5)).empty()) << "one for all of them";
  EXPECT_TRUE(AnswersTo(crlf).empty());
  EXPECT_EQ(SentBy(start + std::chrono::seconds(7)).size(), 1U) << "and one for the next";
}

}  // namespace
}  // namespace flowbroker::simulation
