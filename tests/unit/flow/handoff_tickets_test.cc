#include "broker/flow/handoff_tickets.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "tests/support/seeded_random.h"

namespace flowbroker::flow {
namespace {

using std::chrono::seconds;

class HandoffTicketsTest : public ::testing::Test {
 protected:
  FlowId NewFlow() { return FlowId::Make(3, random_); }

  testing::SeededRandom random_{8};
  HandoffTickets tickets_{seconds(5)};
  TimePoint start_{seconds(100)};
};

TEST_F(HandoffTicketsTest, ATicketIsItsText) {
  const HandoffTicket ticket = tickets_.Issue(NewFlow(), random_, start_).ticket;
  const std::string text = ticket.ToString();
  EXPECT_EQ(text.size(), HandoffTicket::kTextLength);
  EXPECT_TRUE(HandoffTicket::Parse(text)->Equals(ticket));
  EXPECT_EQ(HandoffTicket::Parse(text)->shard(), 3);
  for (const std::string& bad :
       {std::string(), text.substr(1), text + "A", text.substr(1) + "=", text.substr(1) + "\n"})
    EXPECT_FALSE(HandoffTicket::Parse(bad)) << bad;
}

TEST_F(HandoffTicketsTest, EachIsGoodOnceAndForItsOwnFlow) {
  const FlowId a = NewFlow();
  const FlowId b = NewFlow();
  const HandoffTicket for_a = tickets_.Issue(a, random_, start_).ticket;
  const HandoffTicket for_b = tickets_.Issue(b, random_, start_).ticket;
  EXPECT_EQ(tickets_.Redeem(for_b, start_), b);
  EXPECT_EQ(tickets_.Redeem(for_b, start_), std::nullopt);
  EXPECT_EQ(tickets_.Of(b), nullptr);
  EXPECT_EQ(tickets_.Redeem(for_a, start_), a);
}

TEST_F(HandoffTicketsTest, EveryOctetCounts) {
  const FlowId flow = NewFlow();
  const std::string text = tickets_.Issue(flow, random_, start_).ticket.ToString();
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string other = text;
    other[i] = other[i] == 'A' ? 'E' : 'A';
    const auto forged = HandoffTicket::Parse(other);
    EXPECT_FALSE(forged && tickets_.Redeem(*forged, start_)) << i;
  }
  EXPECT_EQ(tickets_.Redeem(*HandoffTicket::Parse(text), start_), flow);
}

TEST_F(HandoffTicketsTest, OneIsWorthNothingFromItsLastMomentOn) {
  const auto issued = tickets_.Issue(NewFlow(), random_, start_);
  EXPECT_EQ(issued.valid_until, start_ + seconds(5));
  EXPECT_EQ(tickets_.Redeem(issued.ticket, issued.valid_until), std::nullopt);
  EXPECT_TRUE(tickets_.Redeem(issued.ticket, issued.valid_until - Duration(1)));
}

TEST_F(HandoffTicketsTest, FlowsOfUnusedTicketsAreTakenInTheirOrderAndOthersAreNot) {
  const FlowId first = NewFlow();
  const FlowId used = NewFlow();
  const FlowId ended = NewFlow();
  const FlowId last = NewFlow();
  tickets_.Issue(first, random_, start_);
  const HandoffTicket ticket = tickets_.Issue(used, random_, start_).ticket;
  tickets_.Issue(ended, random_, start_);
  tickets_.Issue(last, random_, start_ + seconds(1));
  EXPECT_TRUE(tickets_.Redeem(ticket, start_));
  tickets_.Forget(ended);
  EXPECT_EQ(tickets_.NextExpiry(), start_ + seconds(5));
  EXPECT_EQ(tickets_.TakeExpired(start_ + seconds(4)), std::nullopt);
  EXPECT_EQ(tickets_.TakeExpired(start_ + seconds(5)), first);
  EXPECT_EQ(tickets_.TakeExpired(start_ + seconds(5)), std::nullopt);
  EXPECT_EQ(tickets_.TakeExpired(start_ + seconds(6)), last);
  EXPECT_EQ(tickets_.NextExpiry(), kNever);
}

}  // namespace
}  // namespace flowbroker::flow
