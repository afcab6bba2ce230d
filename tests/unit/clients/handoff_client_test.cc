// The client's side of a handoff, against a handoff socket that a thread plays.

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>

#include "clients/cpp/flowbroker_client.h"
#include "tests/unit/clients/fake_broker.h"

namespace flowbroker::client {
namespace {

using namespace std::chrono_literals;

/// One exchange on a Unix socket: reads a line and says `answer`, with `descriptor` where there is one.
class FakeHandoffSocket {
 public:
  FakeHandoffSocket(std::string answer, std::optional<int> descriptor)
      : directory_(MakeDirectory()), path_(directory_ + "/handoff.sock"), listener_(socket(AF_UNIX, SOCK_STREAM, 0)) {
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    std::memcpy(name.sun_path, path_.data(), path_.size());
    EXPECT_EQ(bind(listener_, reinterpret_cast<const sockaddr*>(&name), sizeof(name)), 0);
    EXPECT_EQ(listen(listener_, 1), 0);
    thread_ = std::thread([this, answer = std::move(answer), descriptor] { Serve(answer, descriptor); });
  }
  ~FakeHandoffSocket() {
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    close(listener_);
    std::filesystem::remove_all(directory_);
  }

  HandoffTicket ticket() const { return {.ticket = "the-ticket", .socket_path = path_}; }
  const std::string& line() const { return line_; }

 private:
  static std::string MakeDirectory() {
    std::string name = ::testing::TempDir() + "handoffXXXXXX";
    return mkdtemp(name.data());
  }

  void Serve(const std::string& answer, std::optional<int> descriptor) {
    const Descriptor caller(accept(listener_, nullptr, nullptr));
    std::array<char, 256> octets{};
    const ssize_t count = recv(caller.get(), octets.data(), octets.size(), 0);
    if (count <= 0) return;
    line_.assign(octets.data(), static_cast<std::size_t>(count));
    iovec data{.iov_base = const_cast<char*>(answer.data()), .iov_len = answer.size()};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    if (descriptor) {
      message.msg_control = control.data();
      message.msg_controllen = control.size();
      cmsghdr* rights = CMSG_FIRSTHDR(&message);
      rights->cmsg_level = SOL_SOCKET;
      rights->cmsg_type = SCM_RIGHTS;
      rights->cmsg_len = CMSG_LEN(sizeof(int));
      std::memcpy(CMSG_DATA(rights), &*descriptor, sizeof(int));
    }
    if (!answer.empty()) sendmsg(caller.get(), &message, MSG_NOSIGNAL);
  }

  const std::string directory_;
  const std::string path_;
  const int listener_;
  std::string line_;
  std::thread thread_;
};

class HandoffClientTest : public ::testing::Test {
 protected:
  HandoffClientTest() { EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair_.data()), 0); }
  ~HandoffClientTest() override {
    for (const int end : pair_) close(end);
  }

  std::array<int, 2> pair_{};  // what is handed off, and its peer
};

TEST_F(HandoffClientTest, TheDescriptorIsOneForTheSameSocket) {
  FakeHandoffSocket broker("+", pair_[0]);
  const auto received = ReceiveDescriptor(broker.ticket(), 10s);
  ASSERT_TRUE(received) << received.error().ToString();
  EXPECT_EQ(broker.line(), "the-ticket\n");
  EXPECT_EQ(send(received->get(), "hello", 5, 0), 5);
  std::array<char, 8> octets{};
  EXPECT_EQ(recv(pair_[1], octets.data(), octets.size(), 0), 5);
}

TEST_F(HandoffClientTest, ARefusalIsNotFoundAndKeepsNoDescriptor) {
  for (const bool with_descriptor : {false, true}) {
    FakeHandoffSocket broker("-", with_descriptor ? std::optional(pair_[0]) : std::nullopt);
    const auto received = ReceiveDescriptor(broker.ticket(), 10s);
    ASSERT_FALSE(received);
    EXPECT_EQ(received.error().code, Code::kNotFound);
  }
  close(pair_[0]);
  char octet = 0;
  EXPECT_EQ(recv(pair_[1], &octet, 1, 0), 0) << "no other end is open";
  pair_[0] = dup(pair_[1]);
}

TEST_F(HandoffClientTest, AnAnswerWithoutDescriptorOrNoneAtAllIsARefusal) {
  for (const char* answer : {"+", ""}) {
    FakeHandoffSocket broker(answer, std::nullopt);
    const auto received = ReceiveDescriptor(broker.ticket(), 10s);
    ASSERT_FALSE(received);
    EXPECT_EQ(received.error().code, Code::kNotFound);
  }
}

TEST_F(HandoffClientTest, NobodyThereIsUnavailable) {
  for (const std::string& path : {std::string("/nonexistent/handoff.sock"), std::string(200, 'a')}) {
    const auto received = ReceiveDescriptor({.ticket = "t", .socket_path = path}, 10s);
    ASSERT_FALSE(received);
    EXPECT_EQ(received.error().code, Code::kUnavailable);
    EXPECT_NE(received.error().message.find(path), std::string::npos);
  }
}

TEST_F(HandoffClientTest, AcquireHandoffAsksForATicketAndPresentsIt) {
  FakeHandoffSocket socket("+", pair_[0]);
  FakeBroker broker;
  broker.on_acquire = [&](auto&, const v1::AcquireRequest& request, v1::AcquireResponse& response) {
    EXPECT_TRUE(request.handoff());
    response.set_flow_id("flow-1");
    response.mutable_handoff()->set_ticket(socket.ticket().ticket);
    response.mutable_handoff()->set_socket_path(socket.ticket().socket_path);
    response.mutable_handoff()->mutable_valid_for()->set_seconds(5);
    return grpc::Status::OK;
  };
  Client client({.address = broker.address()});
  const auto handed = client.AcquireHandoff({.destination = {.to = "sip:alice@example.org"}});
  ASSERT_TRUE(handed) << handed.error().ToString();
  EXPECT_EQ(handed->flow.flow_id, "flow-1");
  EXPECT_EQ(handed->flow.handoff->valid_for, 5s);
  EXPECT_EQ(send(handed->descriptor.get(), "hello", 5, 0), 5);
}

TEST_F(HandoffClientTest, ABrokerThatGivesNoTicketCannotHandOff) {
  FakeBroker broker;
  broker.on_acquire = [](auto&, const auto&, v1::AcquireResponse&) { return grpc::Status::OK; };
  Client client({.address = broker.address()});
  const auto handed = client.AcquireHandoff({.destination = {.to = "sip:alice@example.org"}});
  ASSERT_FALSE(handed);
  EXPECT_EQ(handed.error().code, Code::kUnimplemented);
}

}  // namespace
}  // namespace flowbroker::client
