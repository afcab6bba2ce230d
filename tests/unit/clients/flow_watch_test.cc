#include <gtest/gtest.h>

#include "clients/cpp/flowbroker_client.h"
#include "tests/unit/clients/fake_broker.h"

namespace flowbroker::client {
namespace {

class FlowWatchTest : public ::testing::Test {
 protected:
  FlowWatchTest() {
    for (std::uint64_t sequence = 1; sequence <= 5; ++sequence) {
      v1::FlowEvent& event = broker_.events.emplace_back();
      event.set_sequence(sequence);
      event.set_kind(v1::FLOW_EVENT_KIND_CLOSED);
      event.set_reason("closed_by_peer");
      event.mutable_flow()->set_flow_id("flow " + std::to_string(sequence));
    }
  }

  std::unique_ptr<client::Watch> Watch(std::uint64_t after) {
    return client_.WatchFlows({.after_sequence = after},
                              {.on_ready = [this](std::uint64_t latest) { ready_.Set(latest); },
                               .on_event = [this](FlowEvent event) { events_.Add(std::move(event)); },
                               .on_closed = [this](Error error) { closed_.Set(std::move(error)); }});
  }

  FakeBroker broker_;
  Client client_{{.address = broker_.address()}};
  Promise<std::uint64_t> ready_;
  Collector<FlowEvent> events_;
  Promise<Error> closed_;
};

TEST_F(FlowWatchTest, FreshWatchStartsAtTheNewestEvent) {
  const auto watch = Watch(0);
  EXPECT_EQ(ready_.Wait(), 5U);
  EXPECT_EQ(watch->last_sequence(), 5U);
}

TEST_F(FlowWatchTest, ResumesAfterTheSequenceNumberGiven) {
  const auto watch = Watch(3);
  const auto events = events_.WaitFor(2);
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].sequence, 4U);
  EXPECT_EQ(events[0].flow.flow_id, "flow 4");
  EXPECT_EQ(events[0].kind, FlowEventKind::kClosed);
  EXPECT_EQ(events[0].reason, "closed_by_peer");
  EXPECT_EQ(events[1].sequence, 5U);
  EXPECT_EQ(ready_.Wait(), 5U);
}

TEST_F(FlowWatchTest, BrokerThatGoesAwayLeavesThePlaceToResumeFrom) {
  const auto watch = Watch(4);
  ASSERT_EQ(events_.WaitFor(1).size(), 1U);
  broker_.Stop();
  const auto error = closed_.Wait();
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, Code::kUnavailable);
  EXPECT_EQ(watch->last_sequence(), 5U);
}

TEST_F(FlowWatchTest, EventsNoLongerKeptCloseTheWatch) {
  const auto watch = Watch(9);
  const auto error = closed_.Wait();
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, Code::kOutOfRange);
}

}  // namespace
}  // namespace flowbroker::client
