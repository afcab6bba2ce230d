// The socket on which tickets become descriptors, with a test in place of the broker behind it. Who may ask, slowness
// and garbage are tests/integration/handoff_test.py's part; here is what only shows when answers come at odd times.

#include "broker/net/handoff_listener.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <future>
#include <optional>
#include <thread>

#include "tests/support/seeded_random.h"

namespace flowbroker::net {
namespace {

using std::chrono::milliseconds;

class HandoffListenerTest : public ::testing::Test {
 protected:
  HandoffListenerTest() { EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair_.data()), 0); }
  ~HandoffListenerTest() override {
    if (thread_.joinable()) Stop();
    close(pair_[1]);
    std::filesystem::remove_all(directory_);
  }

  void Listen(Duration time_limit) {
    auto listener = HandoffListener::Open(
        io_, {.path = path_, .time_limit = time_limit},
        [this](const flow::HandoffTicket&, HandoffListener::Answer answer) { tickets_.set_value(std::move(answer)); },
        [this](HandoffOutcome outcome) { outcomes_.set_value(outcome); });
    ASSERT_TRUE(listener) << listener.error().ToString();
    listener_ = *std::move(listener);
    listener_->Start();
    thread_ = std::thread([this] { io_.run(); });
  }
  void Stop() {
    boost::asio::post(io_, [this] {
      listener_->Close();
      io_.stop();
    });
    thread_.join();
  }

  /// Connects and presents a ticket.
  OwnedDescriptor Present() {
    OwnedDescriptor caller(socket(AF_UNIX, SOCK_STREAM, 0));
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    std::memcpy(name.sun_path, path_.data(), path_.size());
    EXPECT_EQ(connect(caller.get(), reinterpret_cast<const sockaddr*>(&name), sizeof(name)), 0);
    const std::string line = ticket_.ToString() + "\n";
    EXPECT_EQ(send(caller.get(), line.data(), line.size(), 0), static_cast<ssize_t>(line.size()));
    return caller;
  }
  static char AnswerTo(const OwnedDescriptor& caller) {
    char octet = 0;
    return recv(caller.get(), &octet, 1, 0) == 1 ? octet : '\0';
  }
  /// Whether nobody has the handed-off end of the pair any more; waits for it.
  bool IsClosed() const {
    char octet = 0;
    return recv(pair_[1], &octet, 1, 0) == 0;
  }

  static std::string MakeDirectory() {
    std::string name = ::testing::TempDir() + "handoffXXXXXX";
    return mkdtemp(name.data());
  }

  const std::string directory_ = MakeDirectory();
  const std::string path_ = directory_ + "/handoff.sock";
  testing::SeededRandom random_{1};
  const flow::HandoffTicket ticket_ = flow::HandoffTicket::Make(0, random_);
  std::array<int, 2> pair_{};
  std::promise<HandoffListener::Answer> tickets_;
  std::promise<HandoffOutcome> outcomes_;
  boost::asio::io_context io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{io_.get_executor()};
  std::unique_ptr<HandoffListener> listener_;
  std::thread thread_;
};

TEST_F(HandoffListenerTest, AnAnswerMayComeFromAnyThread) {
  Listen(std::chrono::seconds(10));
  const OwnedDescriptor caller = Present();
  tickets_.get_future().get()(OwnedDescriptor(pair_[0]));
  EXPECT_EQ(AnswerTo(caller), '+');
  EXPECT_EQ(outcomes_.get_future().get(), HandoffOutcome::kHandedOff);
}

TEST_F(HandoffListenerTest, ADescriptorThatComesTooLateIsClosed) {
  Listen(milliseconds(20));
  const OwnedDescriptor caller = Present();
  const auto answer = tickets_.get_future().get();
  EXPECT_EQ(outcomes_.get_future().get(), HandoffOutcome::kTooSlow);
  EXPECT_EQ(AnswerTo(caller), '-');
  answer(OwnedDescriptor(pair_[0]));
  EXPECT_TRUE(IsClosed());
}

TEST_F(HandoffListenerTest, ADescriptorWhoseCallerHasGoneIsClosed) {
  Listen(std::chrono::seconds(10));
  std::optional<OwnedDescriptor> caller = Present();
  const auto answer = tickets_.get_future().get();
  caller.reset();
  answer(OwnedDescriptor(pair_[0]));
  EXPECT_EQ(outcomes_.get_future().get(), HandoffOutcome::kCallerGone);
  EXPECT_TRUE(IsClosed());
}

TEST_F(HandoffListenerTest, AnAnswerAfterTheEndHurtsNobody) {
  Listen(std::chrono::seconds(10));
  const OwnedDescriptor caller = Present();
  const auto answer = tickets_.get_future().get();
  Stop();
  answer(OwnedDescriptor(pair_[0]));
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(HandoffListenerTest, AFileInTheWayAndAStrangersDirectoryAreErrors) {
  const auto open = [&](const std::string& path) {
    return HandoffListener::Open(io_, {.path = path}, [](const auto&, auto) {}, [](HandoffOutcome) {});
  };
  std::filesystem::create_directory(path_);
  EXPECT_NE(open(path_).error().detail.find("a file that is not a socket is there"), std::string::npos);
  EXPECT_FALSE(open(path_ + "/a/b/c.sock"));
  EXPECT_FALSE(open(std::string(200, 'a')));
}

}  // namespace
}  // namespace flowbroker::net
