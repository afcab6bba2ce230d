// The whole engine on random networks that keep changing: what must hold whatever happens.

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "tests/simulation/scripted_shard.h"

namespace flowbroker::simulation {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr int kHosts = 6;

struct Asked {
  TimePoint deadline;
  std::shared_ptr<std::optional<engine::AcquireResult>> result;
};

class Soak {
 public:
  explicit Soak(std::uint64_t seed) : dice_(seed), shard_(seed, Options()) {
    for (int host = 0; host < kHosts; ++host) {
      std::vector<std::string> addresses;
      for (int i = 0; i <= Roll(2); ++i) addresses.push_back("192.0.2." + std::to_string(host * 10 + i));
      for (int i = 0; i <= Roll(2); ++i) addresses.push_back("2001:db8::" + std::to_string(host * 10 + i));
      shard_.Host("host" + std::to_string(host), addresses, seconds(1 + Roll(100)));
      for (const std::string& address : addresses) addresses_.push_back(address);
    }
    for (const std::string& address : addresses_) RescriptTarget(address);
  }

  void Run(Duration duration) {
    const TimePoint end = shard_.now() + duration;
    while (shard_.now() < end) {
      shard_.RunFor(milliseconds(Roll(400)));
      if (Roll(2) == 0)
        RescriptTarget(addresses_[static_cast<std::size_t>(Roll(static_cast<int>(addresses_.size()) - 1))]);
      if (Roll(20) == 0) BreakDns();
      if (Roll(3) > 0) AskForFlow();
      if (Roll(9) == 0) ClosePeerOfSomeFlow();
      CheckAnswers();
    }
  }

  void CheckAnswers() {
    for (const Asked& asked : asked_) {
      const bool due = shard_.now() > asked.deadline;
      ASSERT_TRUE(!due || asked.result->has_value()) << "a deadline passed in silence";
    }
  }

  void CheckNothingIsLeft() {
    shard_.RunFor(minutes(10));  // longer than the idle time-out
    CheckAnswers();
    EXPECT_EQ(shard_.sockets_open(), 0U);
    EXPECT_EQ(shard_.state().flows, 0U);
    EXPECT_EQ(shard_.core().NextDeadline(), kNever);
  }

  void CheckSocketsBelongToFlows() {
    shard_.RunFor(seconds(40));  // races are over by now
    EXPECT_EQ(shard_.sockets_open(), shard_.core().flows().pool().size());
    EXPECT_EQ(shard_.state().flows, shard_.core().flows().pool().size());
  }

  int answered() const {
    return static_cast<int>(
        std::ranges::count_if(asked_, [](const Asked& one) { return (*one.result)->flow.has_value(); }));
  }
  std::size_t asked() const { return asked_.size(); }

 private:
  static engine::BrokerOptions Options() {
    engine::BrokerOptions options;
    options.max_attempts = 8;  // low, so that races wait for each other
    options.flows.max_flows = 12;
    options.flows.max_flows_per_target = 3;
    return options;
  }

  int Roll(int most) { return static_cast<int>(UniformUpTo(dice_, static_cast<std::uint64_t>(most))); }

  void RescriptTarget(const std::string& address) {
    const IpAddress ip = *IpAddress::Parse(address);
    const TargetScript script{.kind = static_cast<TargetScript::Kind>(Roll(4)), .rtt = milliseconds(1 + Roll(300))};
    shard_.Script({{ip, 5060}, Transport::kTcp}, script);
    shard_.Script({{ip, 5061}, Transport::kTls}, script);
    shard_.Script({{ip, 5060}, Transport::kUdp}, script);
  }

  void BreakDns() {
    const std::string host = "host" + std::to_string(Roll(kHosts - 1));
    const auto trouble = Roll(1) == 0 ? dns::AnswerStatus::kTimedOut : dns::AnswerStatus::kServerFailure;
    shard_.Answer(host, dns::RecordType::kAaaa, {.status = trouble}, milliseconds(Roll(5000)));
  }

  void AskForFlow() {
    static constexpr const char* kForms[] = {"sip:%:5060;transport=tcp", "sips:%:5061", "sip:%:5060;transport=udp",
                                             "sip:%", "sips:%"};
    std::string uri = kForms[Roll(4)];
    uri.replace(uri.find('%'), 1, "host" + std::to_string(Roll(kHosts)));  // one of them does not exist
    engine::AcquireRequest request = ScriptedShard::RequestFor(uri);
    request.exclusive = Roll(9) == 0;
    request.time_sensitive = Roll(3) > 0;
    request.deadline = shard_.now() + milliseconds(1 + Roll(15'000));
    asked_.push_back({request.deadline, shard_.Acquire(request)});
  }

  void ClosePeerOfSomeFlow() {
    const auto ids = shard_.core().flows().pool().Ids();
    if (!ids.empty()) shard_.PeerCloses(ids[static_cast<std::size_t>(Roll(static_cast<int>(ids.size()) - 1))]);
  }

  testing::SeededRandom dice_;
  ScriptedShard shard_;
  std::vector<std::string> addresses_;
  std::vector<Asked> asked_;
};

TEST(SoakTest, EveryRequestIsAnsweredInTimeAndNothingIsLeftBehind) {
  int answered = 0;
  std::size_t asked = 0;
  for (std::uint64_t seed = 1; seed <= 200 && !::testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Soak soak(seed);
    soak.Run(minutes(2));
    soak.CheckSocketsBelongToFlows();
    soak.CheckNothingIsLeft();
    answered += soak.answered();
    asked += soak.asked();
  }
  EXPECT_GT(answered, static_cast<int>(asked / 4)) << "the networks are not so bad that nothing is tested";
  EXPECT_LT(answered, static_cast<int>(asked)) << "nor so good";
}

}  // namespace
}  // namespace flowbroker::simulation
