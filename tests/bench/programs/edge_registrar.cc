// The least registrar there can be behind the broker's edge: binds what every REGISTER says and answers 200. Prints
// "ready"; for each line on standard input how many it has bound.

#include <atomic>
#include <condition_variable>
#include <deque>
#include <iostream>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "clients/cpp/flowbroker_client.h"
#include "tests/bench/programs/arguments.h"
#include "tests/bench/programs/broker_connection.h"

namespace flowbroker::bench {
namespace {

/// Binds wait for the broker; so many do at once.
constexpr int kWorkers = 4;

std::string_view FieldOf(std::string_view message, std::string_view name) {
  const std::size_t at = message.find("\r\n" + std::string(name) + ": ");
  if (at == std::string_view::npos) return {};
  const std::size_t value = at + name.size() + 4;
  return message.substr(value, message.find("\r\n", value) - value);
}

std::string AnswerTo(std::string_view request) {
  std::string answer = "SIP/2.0 200 OK\r\n";
  for (const std::string_view name : {"Via", "From", "To", "Call-ID", "CSeq", "Contact"}) {
    answer.append(name).append(": ").append(FieldOf(request, name)).append(name == "To" ? ";tag=r\r\n" : "\r\n");
  }
  return answer + "Content-Length: 0\r\n\r\n";
}

class Registrar {
 public:
  explicit Registrar(client::Client& client) : client_(client) {
    client::RelayHandlers handlers;
    handlers.on_message = [this](client::IncomingMessage message) { Queue(std::move(message)); };
    handlers.on_closed = [](const client::Result<void>& end) { Die(end ? "closed" : end.error().ToString()); };
    stream_ = client.OpenRelay({.client_group = "edge", .max_queued_messages = 100'000}, std::move(handlers));
    for (int i = 0; i < kWorkers; ++i) workers_.emplace_back([this] { Work(); });
  }

  std::size_t bound() const { return bound_; }

 private:
  void Queue(client::IncomingMessage message) {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(message));
    more_.notify_one();
  }

  void Work() {
    while (true) {
      std::unique_lock lock(mutex_);
      more_.wait(lock, [this] { return !waiting_.empty(); });
      const client::IncomingMessage message = std::move(waiting_.front());
      waiting_.pop_front();
      lock.unlock();
      Bind(message);
    }
  }

  void Bind(const client::IncomingMessage& message) {
    const std::string_view to = FieldOf(message.message, "To");
    const auto bound = client_.Bind({.aor = std::string(to.substr(1, to.find('>') - 1)),
                                     .contact = std::string(FieldOf(message.message, "Contact")),
                                     .flow_id = message.flow_id});
    if (!bound) return;  // it registers again
    ++bound_;
    static_cast<void>(stream_->Send(message.flow_id, AnswerTo(message.message)));
  }

  client::Client& client_;
  std::mutex mutex_;
  std::condition_variable more_;
  std::deque<client::IncomingMessage> waiting_;  // under mutex_
  std::atomic<std::size_t> bound_ = 0;
  std::unique_ptr<client::RelayStream> stream_;
  std::vector<std::jthread> workers_;
};

}  // namespace
}  // namespace flowbroker::bench

int main(int argc, char** argv) {
  using namespace flowbroker;
  const auto arguments = bench::Arguments(argc, argv, 1, "ADDRESS");
  client::Client client({.address = arguments[0]});
  bench::AwaitConnection(client);
  bench::Registrar registrar(client);
  bench::Say("ready");
  for (std::string line; std::getline(std::cin, line);) bench::Say(std::to_string(registrar.bound()));
  std::_Exit(0);
}
