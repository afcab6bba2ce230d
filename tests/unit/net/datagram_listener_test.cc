#include "broker/net/datagram_listener.h"

#include <gtest/gtest.h>

#include <boost/asio/ip/udp.hpp>
#include <map>
#include <string>
#include <vector>

#include "broker/net/asio_address.h"

namespace flowbroker::net {
namespace {

namespace asio = boost::asio;
using asio::ip::udp;

class RecordingSink final : public DatagramSink {
 public:
  void OnDatagrams(std::uint16_t listener, std::span<const Datagram> datagrams) override {
    for (const Datagram& datagram : datagrams)
      received.push_back({listener, datagram.remote, std::string(datagram.octets)});
  }
  void OnUnreachable(std::uint16_t /*listener*/, const Endpoint& remote, const Failure& failure) override {
    unreachable.emplace(remote, failure.reason);
  }
  void OnUnsent(std::size_t count) override { unsent += count; }
  void OnUnread(std::size_t count) override { unread += count; }

  struct Received {
    std::uint16_t listener;
    Endpoint remote;
    std::string octets;
  };
  std::vector<Received> received;
  std::map<Endpoint, FailureReason> unreachable;
  std::size_t unsent = 0;
  std::size_t unread = 0;
};

class DatagramListenerTest : public ::testing::TestWithParam<const char*> {
 protected:
  DatagramListenerTest() : local_(*DatagramListener::Claim({*IpAddress::Parse(GetParam()), 0})) {}

  std::unique_ptr<DatagramListener> Open() { return *DatagramListener::Open(io_, 7, local_, sink_); }
  udp::socket UserAgent() {
    udp::socket socket(io_, udp::endpoint(ToAsio(*IpAddress::Parse(GetParam())), 0));
    socket.connect(ToAsio<udp>(local_));
    return socket;
  }
  template <typename Done>
  void RunUntil(Done&& done) {
    while (!done()) io_.run_one();
  }

  asio::io_context io_;
  RecordingSink sink_;
  Endpoint local_;
};

TEST_P(DatagramListenerTest, ManyAreReadWhoeverSentThemAndAnswersLeaveFromTheSamePort) {  // E5
  const auto listener = Open();
  listener->Start();
  std::vector<udp::socket> user_agents;
  for (int i = 0; i < 200; ++i) {
    user_agents.push_back(UserAgent());
    user_agents.back().send(asio::buffer("number " + std::to_string(i)));
  }
  RunUntil([this] { return sink_.received.size() == 200; });
  for (const auto& received : sink_.received) listener->Send(received.remote, "answer to " + received.octets);
  listener->Flush();
  for (int i = 0; i < 200; ++i) {  // connected: they hear nobody else than the listener's address and port
    std::string answer(100, '\0');
    answer.resize(user_agents[static_cast<std::size_t>(i)].receive(asio::buffer(answer)));
    EXPECT_EQ(answer, "answer to number " + std::to_string(i));
  }
  EXPECT_EQ(sink_.unsent, 0U);
  EXPECT_EQ(sink_.received.front().listener, 7U);
}

TEST_P(DatagramListenerTest, TheLongestDatagramAndTheEmptyOneAreRead) {
  const auto listener = Open();
  listener->Start();
  udp::socket user_agent = UserAgent();
  user_agent.send(asio::buffer(std::string()));
  user_agent.send(asio::buffer(std::string(65'507, 'x')));
  RunUntil([this] { return sink_.received.size() == 2; });
  EXPECT_EQ(sink_.received[0].octets.size(), 0U);
  EXPECT_EQ(sink_.received[1].octets, std::string(65'507, 'x'));
}

TEST_P(DatagramListenerTest, WhatTheKernelLosesIsCounted) {
  const auto listener = Open();
  udp::socket user_agent = UserAgent();
  constexpr std::size_t kSent = 1'000;  // 60 MB, far more than the buffer
  const std::string datagram(60'000, 'x');
  for (std::size_t i = 0; i < kSent; ++i) user_agent.send(asio::buffer(datagram));
  listener->Start();
  RunUntil([this] { return sink_.unread > 0 && sink_.received.size() + sink_.unread == kSent; });
  EXPECT_GT(sink_.received.size(), 0U);
}

TEST_P(DatagramListenerTest, AnIcmpErrorNamesWhoHasGoneAndCostsNobodyElseADatagram) {  // B4
  const auto listener = Open();
  listener->Start();
  udp::socket stays = UserAgent();
  const Endpoint remote_of_stays = FromAsio(stays.local_endpoint());
  std::vector<Endpoint> gone;
  for (int i = 0; i < 20; ++i) gone.push_back(FromAsio(UserAgent().local_endpoint()));
  for (int round = 0; round < 5; ++round) {
    for (const Endpoint& remote : gone) {
      listener->Send(remote, "hello?");
      listener->Send(remote_of_stays, "hello");
    }
    listener->Flush();
  }
  RunUntil([&] { return sink_.unreachable.size() == gone.size(); });
  for (const Endpoint& remote : gone) EXPECT_EQ(sink_.unreachable.at(remote), FailureReason::kRefused);
  for (int i = 0; i < 100; ++i) {
    std::string heard(100, '\0');
    heard.resize(stays.receive(asio::buffer(heard)));
    EXPECT_EQ(heard, "hello");
  }
}

TEST_P(DatagramListenerTest, TheAddressIsClaimedAndSharedWithItsOwnOnly) {
  const auto first = Open();
  const auto second = Open();
  EXPECT_FALSE(DatagramListener::Claim(local_));
  first->Close();
  second->Close();
  EXPECT_EQ(*DatagramListener::Claim(local_), local_);
}

INSTANTIATE_TEST_SUITE_P(BothFamilies, DatagramListenerTest, ::testing::Values("127.0.0.1", "::1"));

}  // namespace
}  // namespace flowbroker::net
