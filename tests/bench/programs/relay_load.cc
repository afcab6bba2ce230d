// Sends SIP messages of 500 octets through one Relay stream and one flow, a fixed number of them outstanding, and
// prints how many came back: "MESSAGES SECONDS". URI "-": the stream leads to relay_echo, which knows no flows.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "clients/cpp/flowbroker_client.h"
#include "tests/bench/programs/arguments.h"
#include "tests/bench/programs/broker_connection.h"

namespace flowbroker::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMessageBytes = 500;
constexpr std::string_view kNumber = "0000000000";

// A MESSAGE request of kMessageBytes, its branch and CSeq ending in a number that differs from message to message.
class Message {
 public:
  Message() {
    const std::string head =
        "MESSAGE sip:bob@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:5060;branch=z9hG4bK-" + std::string(kNumber) +
        ";rport\r\nMax-Forwards: 70\r\nFrom: <sip:alice@example.org>;tag=49583\r\nTo: <sip:bob@example.org>\r\n"
        "Call-ID: 843817637684230@198sdasdh09\r\nCSeq: 1 MESSAGE\r\nContent-Type: text/plain\r\nContent-Length: ";
    const std::size_t body = kMessageBytes - head.size() - std::string_view("123\r\n\r\n").size();
    text_ = head + std::to_string(body) + "\r\n\r\n" + std::string(body, 'x');
    place_ = text_.find(kNumber);
    if (text_.size() != kMessageBytes) Die("the message has " + std::to_string(text_.size()) + " octets");
  }

  std::string_view Numbered(std::uint64_t number) {
    for (std::size_t digit = kNumber.size(); digit-- > 0; number /= 10) {
      text_[place_ + digit] = static_cast<char>('0' + number % 10);
    }
    return text_;
  }

 private:
  std::string text_;
  std::size_t place_ = 0;
};

class Load {
 public:
  Load(client::Client& client, std::string flow_id, std::size_t messages_per_frame) : flow_id_(std::move(flow_id)) {
    client::RelayHandlers handlers;
    handlers.on_message = [this](const client::IncomingMessage& message) { OnAnswer(message); };
    handlers.on_send_failure = [](const client::SendFailure& failure) { Die("not sent: " + failure.detail); };
    handlers.on_closed = [](const client::Result<void>& end) { Die(end ? "closed" : end.error().ToString()); };
    stream_ = client.OpenRelay({.max_messages_per_frame = messages_per_frame}, std::move(handlers));
  }

  void Begin(std::size_t outstanding) {
    for (std::size_t n = 0; n < outstanding; ++n) SendOne();
    go_ = true;  // from here on the event thread alone sends
  }

  std::uint64_t answers() const { return answers_; }

 private:
  void SendOne() {
    if (const auto sent = stream_->Send(flow_id_, message_.Numbered(next_++)); !sent) Die(sent.error().ToString());
  }

  void OnAnswer(const client::IncomingMessage& message) {
    while (!go_) std::this_thread::yield();
    if (message.message.size() < kMessageBytes - 50) Die("a short answer came");
    answers_.store(answers_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    SendOne();
  }

  const std::string flow_id_;
  Message message_;
  std::uint64_t next_ = 0;
  std::atomic<bool> go_ = false;
  std::atomic<std::uint64_t> answers_ = 0;
  std::unique_ptr<client::RelayStream> stream_;
};

std::string FlowTo(client::Client& client, const std::string& uri) {
  AwaitConnection(client);
  if (uri == "-") return std::string(22, 'f');  // as long as a flow id
  const auto flow = client.Acquire(uri);
  if (!flow) Die(flow.error().ToString());
  return flow->flow_id;
}

}  // namespace
}  // namespace flowbroker::bench

int main(int argc, char** argv) {
  using namespace flowbroker;
  const auto arguments = bench::Arguments(argc, argv, 5, "ADDRESS URI|- OUTSTANDING MESSAGES_PER_FRAME SECONDS");
  client::Client client({.address = arguments[0]});
  bench::Load load(client, bench::FlowTo(client, arguments[1]), std::stoul(arguments[3]));
  load.Begin(std::stoul(arguments[2]));
  std::this_thread::sleep_for(std::chrono::milliseconds(300));  // everything is warm

  const auto first = load.answers();
  const auto start = bench::Clock::now();
  bench::Say("begin");
  std::this_thread::sleep_for(std::chrono::duration<double>(std::stod(arguments[4])));
  const auto answers = load.answers() - first;
  const std::chrono::duration<double> took = bench::Clock::now() - start;
  bench::Say(std::to_string(answers) + " " + std::to_string(took.count()));
  std::_Exit(0);  // in full flight: nothing is to be put in order
}
