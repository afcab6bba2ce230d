#include "broker/engine/event_log.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "broker/engine/flow_view.h"
#include "tests/support/seeded_random.h"

namespace flowbroker::engine {
namespace {

class EventLogTest : public ::testing::Test {
 protected:
  FlowEvent Event(const std::string& tenant = {}) {
    const Endpoint endpoint{*IpAddress::Parse("192.0.2.1"), 5060};
    return {.sequence = 0,
            .time = TimePoint{std::chrono::seconds(1)},
            .kind = FlowEventKind::kOpened,
            .flow = {.id = flow::FlowId::Make(0, random_),
                     .remote = {endpoint, Transport::kTcp},
                     .local = endpoint,
                     .open = true,
                     .probing = false,
                     .exclusive = false,
                     .tls_identity = "",
                     .owner = {.tenant = tenant},
                     .opened = {},
                     .last_activity = {},
                     .messages_sent = 0,
                     .messages_received = 0,
                     .smoothed_rtt = {}},
            .failure = {}};
  }
  EventLog<FlowEvent>::Sink Collect() {
    return [this](const FlowEvent& event) { seen_.push_back(event.sequence); };
  }

  testing::SeededRandom random_{13};
  std::vector<std::uint64_t> seen_;
  EventLog<FlowEvent> log_{3};
};

TEST_F(EventLogTest, WatcherWithoutASequenceSeesOnlyWhatComes) {
  log_.Append(Event());
  ASSERT_TRUE(log_.Subscribe(std::nullopt, std::nullopt, Collect()));
  log_.Append(Event());
  EXPECT_EQ(seen_, (std::vector<std::uint64_t>{2}));
}

TEST_F(EventLogTest, ResumesFromASequenceWithoutGapsOrRepeats) {
  for (int i = 0; i < 4; ++i) log_.Append(Event());
  ASSERT_TRUE(log_.Subscribe(2, std::nullopt, Collect()));
  log_.Append(Event());
  EXPECT_EQ(seen_, (std::vector<std::uint64_t>{3, 4, 5}));
}

TEST_F(EventLogTest, RefusesToResumeOverAGapOrFromTheFuture) {
  for (int i = 0; i < 5; ++i) log_.Append(Event());
  EXPECT_FALSE(log_.Subscribe(1, std::nullopt, Collect())) << "event 2 is no longer kept";
  EXPECT_TRUE(log_.Subscribe(2, std::nullopt, Collect()));
  EXPECT_FALSE(log_.Subscribe(6, std::nullopt, Collect()));
}

TEST_F(EventLogTest, OnlyThoseWhoWatchTheTenantOrAllAreTold) {
  log_.Append(Event("alice"));
  log_.Append(Event("mallory"));
  const auto alices = log_.Subscribe(0, "alice", Collect());
  log_.Append(Event("mallory"));
  log_.Append(Event("alice"));
  EXPECT_EQ(seen_, (std::vector<std::uint64_t>{1, 4}));
  log_.Unsubscribe(*alices);
  log_.Append(Event("alice"));
  EXPECT_EQ(seen_.size(), 2U);
}

TEST_F(EventLogTest, ATenantResumesWhateverTheOthersDo) {
  EventLog<FlowEvent> log(4, 50);
  log.Append(Event("quiet"));
  log.Append(Event("quiet"));
  for (int i = 0; i < 100; ++i) log.Append(Event("noisy"));
  ASSERT_TRUE(log.Subscribe(1, "quiet", Collect()));
  EXPECT_EQ(seen_, std::vector<std::uint64_t>{2});
  EXPECT_FALSE(log.Subscribe(50, "noisy", Collect()));
  EXPECT_TRUE(log.Subscribe(100, "noisy", Collect()));
  EXPECT_FALSE(log.Subscribe(1, std::nullopt, Collect())) << "some of all are no longer kept";
}

TEST_F(EventLogTest, UnsubscribedSinkIsNotCalledAgain) {
  const auto id = log_.Subscribe(0, std::nullopt, Collect());
  log_.Append(Event());
  log_.Unsubscribe(*id);
  log_.Append(Event());
  EXPECT_EQ(seen_.size(), 1U);
}

}  // namespace
}  // namespace flowbroker::engine
