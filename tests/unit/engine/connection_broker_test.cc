// The whole broker on real sockets of the loopback interface. Names, families and faults are the network lab's part.

#include "broker/engine/connection_broker.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <future>
#include <mutex>
#include <set>

#include "broker/sip/stun_message.h"
#include "tests/unit/engine/loopback_peer.h"

namespace flowbroker::engine {
namespace {

using std::chrono::seconds;

std::string Header(const std::string& message, const std::string& name) {
  const std::size_t start = message.find("\r\n" + name + ":");
  return message.substr(start + 2, message.find("\r\n", start + 2) - start);
}

std::string ReplyTo(const std::string& request) {
  std::string reply = "SIP/2.0 200 OK\r\n";
  for (const char* name : {"Via", "From", "To", "Call-ID", "CSeq"}) reply += Header(request, name);
  return reply + "Content-Length: 0\r\n\r\n";
}

std::string Message(const std::string& branch) {
  return "MESSAGE sip:peer SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1;branch=z9hG4bK" + branch +
         "\r\nFrom: <sip:a@a>;tag=1\r\nTo: <sip:b@b>\r\nCall-ID: " + branch +
         "\r\nCSeq: 1 MESSAGE\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n";
}

class QueueSink final : public RelaySink {
 public:
  bool Offer(InboundMessage& message) override {
    const std::lock_guard lock(mutex_);
    messages_.push_back(std::move(message.bytes));
    arrived_.notify_all();
    return true;
  }
  std::string Next() {
    std::unique_lock lock(mutex_);
    if (!arrived_.wait_for(lock, seconds(10), [this] { return !messages_.empty(); })) return "nothing came";
    std::string message = std::move(messages_.front());
    messages_.pop_front();
    return message;
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<std::string> messages_;
};

/// Collects flow events and waits for one.
class EventTape {
 public:
  explicit EventTape(ConnectionBroker& broker)
      : subscription_(broker.flows().Watch(0, std::nullopt, [this](const FlowEvent& event) {
          const std::lock_guard lock(mutex_);
          events_.push_back(event);
          arrived_.notify_all();
        })) {}
  std::optional<FlowEvent> AwaitClosed(const flow::FlowId& id) {
    std::unique_lock lock(mutex_);
    const auto closed = [&] {
      return std::ranges::find_if(
          events_, [&](const FlowEvent& event) { return event.kind == FlowEventKind::kClosed && event.flow.id == id; });
    };
    if (!arrived_.wait_for(lock, seconds(10), [&] { return closed() != events_.end(); })) return std::nullopt;
    return *closed();
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<FlowEvent> events_;
  std::unique_ptr<EventSubscription> subscription_;  // last: ends before what its sink uses
};

class ConnectionBrokerTest : public testing::Test {
 protected:
  static std::unique_ptr<ConnectionBroker> Start(BrokerOptions options = {}) {
    options.shards = 2;
    options.live.egress.allow.push_back(*location::EgressRule::Parse("127.0.0.0/8"));
    return std::move(*ConnectionBroker::Create(std::move(options), nullptr));
  }
  static std::future<AcquireResult> Ask(ConnectionBroker& broker, const std::string& uri) {
    auto promise = std::make_shared<std::promise<AcquireResult>>();
    auto result = promise->get_future();
    AcquireRequest request{.destination = {.to = *sip::SipUri::Parse(uri)}};
    request.deadline = broker.Now() + seconds(10);
    broker.Acquire(std::move(request), [promise](AcquireResult answer) { promise->set_value(std::move(answer)); });
    return result;
  }
  static AcquireResult Acquire(ConnectionBroker& broker, const std::string& uri) { return Ask(broker, uri).get(); }
};

TEST_F(ConnectionBrokerTest, GivesATcpFlowAndThenTheSameOneFromThePool) {
  const LoopbackPeer peer;
  const auto broker = Start();
  const AcquireResult first = Acquire(*broker, peer.TcpUri());
  ASSERT_TRUE(first.flow) << first.flow.error().ToString();
  EXPECT_EQ(first.flow->remote.endpoint.port, peer.port());
  EXPECT_EQ(first.flow->local.address.ToString(), "127.0.0.1");
  const AcquireResult second = Acquire(*broker, peer.TcpUri());
  EXPECT_EQ(second.flow->id, first.flow->id);
  EXPECT_EQ(second.flow->source, FlowSource::kPooled);
}

TEST_F(ConnectionBrokerTest, NamesOfOnePlaceShareItsFlowWhicheverShardsTheyBelongTo_O3) {
  const LoopbackPeer peer;
  const auto broker = Start();
  std::set<std::string> flows;
  for (int i = 0; i < 16; ++i) {  // of which some belong to either shard
    const AcquireResult result =
        Acquire(*broker, "sip:name" + std::to_string(i) + ".example:" + std::to_string(peer.port()) +
                             ";transport=tcp;maddr=127.0.0.1");
    ASSERT_TRUE(result.flow) << result.flow.error().ToString();
    EXPECT_EQ(result.flow->source, i == 0 ? FlowSource::kRaced : FlowSource::kPooled);
    flows.insert(result.flow->id.ToString());
  }
  EXPECT_EQ(flows.size(), 1U);
}

TEST_F(ConnectionBrokerTest, GivesAUdpFlowOnceOptionsIsAnswered) {
  const LoopbackPeer peer(SOCK_DGRAM);
  const auto broker = Start();
  auto result = Ask(*broker, peer.UdpUri());
  peer.AnswerDatagram(ReplyTo);
  EXPECT_TRUE(result.get().flow);
}

TEST_F(ConnectionBrokerTest, RelaysMessagesAndRepliesOverTheFlow) {
  const LoopbackPeer peer;
  const auto broker = Start();
  const flow::FlowId flow = Acquire(*broker, peer.TcpUri()).flow->id;
  const Descriptor connection = peer.Accept();
  const auto sink = std::make_shared<QueueSink>();
  const RelayId relay = broker->AttachRelay({}, sink);
  for (int i = 0; i < 100; ++i) {
    const std::string message = Message(std::to_string(i));
    const OutboundMessage outbound{flow, message};
    EXPECT_TRUE(broker->Send(relay, {&outbound, 1}).empty());
    const std::string arrived = LoopbackPeer::ReadUntil(connection, "\r\n\r\n");
    EXPECT_EQ(arrived, message);
    LoopbackPeer::Write(connection, ReplyTo(arrived));
    EXPECT_EQ(sink->Next(), ReplyTo(message));
  }
  EXPECT_EQ(broker->flows().Get(flow, {})->messages_received, 100U);
}

TEST_F(ConnectionBrokerTest, RefusedPortFailsWithThatReason) {
  LoopbackPeer peer;
  peer.StopListening();
  const auto broker = Start();
  const AcquireResult result = Acquire(*broker, peer.TcpUri());
  ASSERT_FALSE(result.flow);
  EXPECT_EQ(result.flow.error().reason, FailureReason::kRefused);
}

TEST_F(ConnectionBrokerTest, ClosedUdpPortFailsWithTheIcmpReason) {
  LoopbackPeer peer(SOCK_DGRAM);
  peer.StopListening();
  const auto broker = Start();
  const AcquireResult result = Acquire(*broker, peer.UdpUri());
  ASSERT_FALSE(result.flow);
  EXPECT_EQ(result.flow.error().reason, FailureReason::kRefused);
}

TEST_F(ConnectionBrokerTest, HostilePeersLoseTheirFlowWithAReason) {
  const std::pair<std::string, FailureReason> cases[] = {
      {"GET / HTTP/1.1\r\n\r\n", FailureReason::kMalformedMessage},
      {std::string("\x16\x03\x01\x02\x00garbage", 12), FailureReason::kMalformedMessage},
      {"SIP/2.0 200 OK\r\nX: " + std::string(70'000, 'x'), FailureReason::kMessageTooLarge},
      {"SIP/2.0 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n", FailureReason::kMessageTooLarge},
      {"SIP/2.0 200 OK\r\nContent-Length: 9999999\r\n\r\n", FailureReason::kMessageTooLarge},
      {"SIP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n", FailureReason::kMalformedMessage},
  };
  for (const auto& [bytes, reason] : cases) {
    const LoopbackPeer peer;
    const auto broker = Start();
    EventTape tape(*broker);
    const flow::FlowId flow = Acquire(*broker, peer.TcpUri()).flow->id;
    const Descriptor connection = peer.Accept();
    LoopbackPeer::Write(connection, bytes);
    const auto closed = tape.AwaitClosed(flow);
    ASSERT_TRUE(closed) << bytes.substr(0, 40);
    EXPECT_EQ(closed->failure->reason, reason) << bytes.substr(0, 40) << " gave " << closed->failure->ToString();
  }
}

TEST_F(ConnectionBrokerTest, PeerThatSpeaksFirstIsHeard) {
  const LoopbackPeer peer;
  const auto broker = Start();
  const auto sink = std::make_shared<QueueSink>();
  broker->AttachRelay({}, sink);
  auto result = Ask(*broker, peer.TcpUri());
  const Descriptor connection = peer.Accept();
  LoopbackPeer::Write(connection, Message("first"));
  ASSERT_TRUE(result.get().flow);
  EXPECT_EQ(sink->Next(), Message("first"));
}

TEST_F(ConnectionBrokerTest, PeerThatClosesOrResetsIsReported) {
  const auto broker = Start();
  EventTape tape(*broker);
  for (const bool reset : {false, true}) {
    const LoopbackPeer peer;
    const flow::FlowId flow = Acquire(*broker, peer.TcpUri()).flow->id;
    Descriptor connection = peer.Accept();
    const linger abort{.l_onoff = 1, .l_linger = 0};
    if (reset) setsockopt(connection.get(), SOL_SOCKET, SO_LINGER, &abort, sizeof(abort));
    connection.Reset();
    const auto closed = tape.AwaitClosed(flow);
    ASSERT_TRUE(closed);
    EXPECT_EQ(closed->failure->reason, reset ? FailureReason::kReset : FailureReason::kClosedByPeer);
    EXPECT_FALSE(broker->flows().Get(flow, {}));
  }
}

TEST_F(ConnectionBrokerTest, ProbeFindsOutWhoAnswersPings) {
  const LoopbackPeer peer;
  const auto broker = Start();
  const flow::FlowId flow = Acquire(*broker, peer.TcpUri()).flow->id;
  const Descriptor connection = peer.Accept();
  std::promise<Expected<ProbeResult>> probed;
  broker->flows().Probe(flow, {}, broker->Now() + seconds(10),
                        [&](Expected<ProbeResult> result) { probed.set_value(std::move(result)); });
  EXPECT_EQ(LoopbackPeer::ReadUntil(connection, "\r\n\r\n"), "\r\n\r\n");
  LoopbackPeer::Write(connection, "\r\n");
  const auto result = probed.get_future().get();
  ASSERT_TRUE(result);
  EXPECT_TRUE(result->alive);
  EXPECT_EQ(result->answer, "CRLF");
}

TEST_F(ConnectionBrokerTest, APingOnAConnectionThatWeOpenedIsNotAnswered) {  // E7
  const LoopbackPeer peer;
  const auto broker = Start();
  const flow::FlowId flow = Acquire(*broker, peer.TcpUri()).flow->id;
  const Descriptor connection = peer.Accept();
  const auto sink = std::make_shared<QueueSink>();
  const RelayId relay = broker->AttachRelay({}, sink);
  LoopbackPeer::Write(connection, "\r\n\r\n" + Message("behind the ping"));
  ASSERT_EQ(sink->Next(), Message("behind the ping")) << "by now the ping has been read";
  const std::string ours = Message("ours");
  const OutboundMessage outbound{flow, ours};
  ASSERT_TRUE(broker->Send(relay, {&outbound, 1}).empty());
  EXPECT_EQ(LoopbackPeer::ReadUntil(connection, ours), ours) << "nothing came before it";
}

TEST_F(ConnectionBrokerTest, AStunAnswerWithAnotherMappedAddressEndsTheFlow) {  // O5, S9
  const LoopbackPeer peer(SOCK_DGRAM);
  const auto broker = Start();
  EventTape tape(*broker);
  auto asked = Ask(*broker, peer.UdpUri());
  peer.AnswerDatagram(ReplyTo);
  const AcquireResult result = asked.get();
  ASSERT_TRUE(result.flow);
  const flow::FlowId id = result.flow->id;
  ASSERT_TRUE(broker->flows().SetKeepAlive(id, {}, flow::KeepAliveMethod::kStun, std::chrono::milliseconds(100)));

  const Endpoint ours = result.flow->local;
  const Endpoint another{*IpAddress::Parse("203.0.113.7"), 40000};
  std::optional<sip::StunTransactionId> first;
  for (bool again = true; again;) {  // a request may come more than once
    peer.AnswerDatagram([&](const std::string& request) {
      const auto stun = sip::ReadStun(request).value();
      again = first.value_or(stun.id) == stun.id;
      first = first.value_or(stun.id);
      EXPECT_TRUE(broker->flows().Get(id, {})) << "the right answer has ended it";
      return std::string(sip::WriteBindingAnswer(stun.id, again ? ours : another, stun.has_fingerprint).view());
    });
  }
  const auto closed = tape.AwaitClosed(id);
  ASSERT_TRUE(closed);
  EXPECT_EQ(closed->failure->reason, FailureReason::kMappedAddressChanged);
  EXPECT_EQ(closed->failure->detail, "was " + ours.ToString() + ", is " + another.ToString());
}

TEST_F(ConnectionBrokerTest, SilentPeerBlocksNobodyAndItsQueueIsBounded) {
  BrokerOptions options;
  options.flows.send_queue_bytes = 256 * 1024;
  const LoopbackPeer peer;
  const auto broker = Start(options);
  const flow::FlowId flow = Acquire(*broker, peer.TcpUri()).flow->id;
  const Descriptor connection = peer.Accept();  // never read
  const RelayId relay = broker->AttachRelay({}, std::make_shared<QueueSink>());
  std::string big = Message("big");
  big.replace(big.find("Content-Length: 0"), 17, "Content-Length: 50000");
  big += std::string(50'000, 'x');
  bool refused = false;
  for (int i = 0; i < 10'000 && !refused; ++i) {
    const OutboundMessage outbound{flow, big};
    for (const auto& refusal : broker->Send(relay, {&outbound, 1})) {
      refused = refusal.failure.reason == FailureReason::kLimitReached;
    }
  }
  EXPECT_TRUE(refused);
}

TEST_F(ConnectionBrokerTest, LeavesNoDescriptorBehind) {
  const auto open_descriptors = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), std::filesystem::directory_iterator());
  };
  const auto before = open_descriptors();
  {
    const auto broker = Start();
    for (int i = 0; i < 20; ++i) {
      LoopbackPeer peer;
      Acquire(*broker, peer.TcpUri());
      peer.StopListening();
      Acquire(*broker, "sip:127.0.0.1:" + std::to_string(peer.port()) + ";transport=udp");
    }
  }
  EXPECT_EQ(open_descriptors(), before);
}

TEST_F(ConnectionBrokerTest, StopAnswersWhatIsInFlight) {
  const LoopbackPeer silent(SOCK_DGRAM);
  const auto broker = Start();
  auto result = Ask(*broker, silent.UdpUri());
  broker->Stop();
  EXPECT_EQ(result.get().flow.error().reason, FailureReason::kShuttingDown);
}

}  // namespace
}  // namespace flowbroker::engine
