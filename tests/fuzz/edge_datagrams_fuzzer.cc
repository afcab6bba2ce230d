// Any datagrams of a few user agents at the edge, in any order and with time passing between them: what they can make
// the broker send, hold and believe has bounds, whatever they are.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "broker/sip/message_head.h"
#include "tests/fuzz/require.h"
#include "tests/simulation/scripted_shard.h"

using namespace flowbroker;
using flowbroker::fuzz::Require;
using flowbroker::simulation::ScriptedShard;

namespace {

constexpr std::uint16_t kListener = 0;
constexpr std::size_t kMaxFlows = 3;
/// A STUN answer has the sender's address, and what was not understood; a keep-alive is not for strangers.
constexpr std::size_t kLongerThanAsked = 64;

class Application final : public engine::RelaySink {
 public:
  bool Offer(engine::InboundMessage& message) override {
    Require(sip::ReadMessageHead(message.bytes).has_value(), "only SIP messages reach an application");
    if (is_full) return false;
    Require(message.origin && (!sender || message.origin->remote == *sender), "a message is told with its sender");
    last = message.flow;
    return true;
  }
  std::optional<Endpoint> sender = std::nullopt;  // of the datagram that is being read
  bool is_full = false;
  std::optional<flow::FlowId> last = std::nullopt;
};

engine::BrokerOptions Options() {
  engine::BrokerOptions options;
  options.edge.listeners = {*flow::EdgeListener::Parse("udp:192.0.2.1:5060")};
  options.edge.datagrams.max_flows = kMaxFlows;
  options.edge.datagrams.max_flows_per_source = kMaxFlows - 1;
  return options;
}

class Edge {
 public:
  Edge() : shard_(1, Options()) {
    shard_.core().datagrams().AddListener(kListener, {*IpAddress::Parse("192.0.2.1"), 5060});
    shard_.core().relay().Attach(1, Options().edge.owner, application_, shard_.now());
    shard_.OnDatagramSent([this](const engine::SendDatagram& sent) { OnSent(sent); });
  }

  /// Two addresses with two ports each.
  void Receive(std::uint8_t number, std::string_view octets) {
    application_->sender = Endpoint{IpAddress::FromIpv4({10, 0, 0, static_cast<std::uint8_t>(number & 1U)}),
                                    static_cast<std::uint16_t>(5060 + (number >> 1U & 1U))};
    asked_ = octets.size();
    answers_ = 0;
    shard_.UserAgentSends(kListener, *application_->sender, octets);
    asked_.reset();
    application_->sender.reset();
    Require(Flows() <= kMaxFlows, "edge-max-datagram-flows");
  }
  void Bind() {
    if (!application_->last) return;
    const bindings::BindRequest request{.key = {.aor = "sip:a@b", .contact_uri = "sip:a@192.168.1.7"},
                                        .flow = *application_->last,
                                        .contact = "<sip:a@192.168.1.7>",
                                        .expires = std::chrono::minutes(2)};
    const bool open = shard_.core().datagrams().Has(*application_->last, {});
    Require(shard_.core().Bind({&request, 1}, {}, shard_.now()).has_value() == open, "open flows can be bound");
  }
  /// The application reads, or stops reading.
  void TurnApplication() {
    application_->is_full = !application_->is_full;
    if (!application_->is_full) shard_.core().relay().Resume(1, shard_.now());
  }
  void Pass(Duration time) { shard_.RunFor(time); }
  std::size_t Flows() { return shard_.core().datagrams().IdsAfter(std::nullopt, 100, {}).size(); }
  bool IsBound() { return !shard_.state().registrar.Lookup("", "sip:a@b", shard_.now()).empty(); }

 private:
  void OnSent(const engine::SendDatagram& sent) {
    if (!asked_) return Require(sent.bytes.starts_with("OPTIONS "), "of its own accord the edge asks, and no more");
    Require(sent.remote == application_->sender, "an answer goes to who asked");
    Require(++answers_ == 1, "one answer at most");
    Require(sent.bytes.size() <= *asked_ + kLongerThanAsked, "an answer is hardly longer than the question");
  }

  ScriptedShard shard_;
  std::shared_ptr<Application> application_ = std::make_shared<Application>();
  std::optional<std::size_t> asked_;  // octets of the datagram that is being read
  int answers_ = 0;
};

std::string_view TakeDatagram(std::string_view& left) {
  std::size_t length = 0;
  for (int octet = 0; octet < 2 && !left.empty(); ++octet, left.remove_prefix(1)) {
    length = length << 8U | static_cast<std::uint8_t>(left.front());
  }
  const std::string_view taken = left.substr(0, length);
  left.remove_prefix(taken.size());
  return taken;
}

}  // namespace

/// Steps of one octet that says what happens; behind that of a datagram come its length, in two octets, and its octets.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view left(reinterpret_cast<const char*>(data), size);
  Edge edge;
  while (!left.empty()) {
    const auto step = static_cast<std::uint8_t>(left.front());
    left.remove_prefix(1);
    switch (step >> 5U) {
      case 0:
        (step & 1U) == 0 ? edge.Bind() : edge.TurnApplication();
        break;
      case 1:
        edge.Pass(std::chrono::seconds(step & 0x1fU));
        break;
      default:
        edge.Receive(step & 3U, TakeDatagram(left));
        break;
    }
  }
  // Nobody says anything any more: all ends by itself.
  edge.Pass(std::chrono::hours(3));
  Require(edge.Flows() == 0 && !edge.IsBound(), "what nobody uses is not kept");
  return 0;
}
