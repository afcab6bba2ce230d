// Opens exclusive flows to one URI until as many are open as each line of standard input asks for, and says so.

#include <condition_variable>
#include <cstddef>
#include <iostream>
#include <mutex>
#include <string>

#include "clients/cpp/flowbroker_client.h"
#include "tests/bench/programs/arguments.h"
#include "tests/bench/programs/broker_connection.h"

namespace flowbroker::bench {
namespace {

class Opener {
 public:
  Opener(const std::string& address, const std::string& uri)
      : request_{.destination = {.to = uri}, .exclusive = true}, client_({.address = address}) {
    AwaitConnection(client_);
  }

  void OpenUpTo(std::size_t wanted) {
    std::unique_lock lock(mutex_);
    while (started_ < wanted || open_ < wanted) {
      if (started_ < wanted && started_ - open_ < kInFlight) {
        ++started_;
        lock.unlock();
        client_.AcquireAsync(request_, [this](const auto& flow) { OnAnswer(flow); });
        lock.lock();
      } else {
        moved_.wait(lock);
      }
    }
  }

 private:
  static constexpr std::size_t kInFlight = 16;

  void OnAnswer(const client::Result<client::AcquiredFlow>& flow) {
    if (!flow) Die(flow.error().ToString());
    const std::lock_guard lock(mutex_);
    ++open_;
    moved_.notify_one();
  }

  const client::AcquireRequest request_;
  std::mutex mutex_;
  std::condition_variable moved_;
  std::size_t started_ = 0;
  std::size_t open_ = 0;
  client::Client client_;  // last: its callbacks end before the rest does
};

}  // namespace
}  // namespace flowbroker::bench

int main(int argc, char** argv) {
  using namespace flowbroker::bench;
  const auto arguments = Arguments(argc, argv, 2, "BROKER_ADDRESS URI");
  Opener opener(arguments[0], arguments[1]);
  for (std::size_t wanted = 0; std::cin >> wanted;) {
    opener.OpenUpTo(wanted);
    Say(std::to_string(wanted));
  }
}
