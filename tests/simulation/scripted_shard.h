#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "broker/engine/destination_key.h"
#include "broker/engine/shard_core.h"
#include "tests/support/fake_source_addresses.h"
#include "tests/support/seeded_random.h"

namespace flowbroker::simulation {

/// How a target of the scripted network behaves.
struct TargetScript {
  enum class Kind : std::uint8_t {
    kAnswers,      ///< connects after one RTT, TLS after one more, answers every OPTIONS and ping after one
    kSilent,       ///< every packet vanishes
    kRefuses,      ///< RST after one RTT
    kStallsTls,    ///< TCP connects, the handshake never ends
    kBadIdentity,  ///< TLS handshake ends with a certificate for somebody else
  };
  Kind kind = Kind::kAnswers;
  Duration rtt = std::chrono::milliseconds(20);
};

/// A ShardCore on a scripted network in virtual time: the whole engine without sockets, threads and waiting.
class ScriptedShard {
 public:
  explicit ScriptedShard(std::uint64_t seed = 1, engine::BrokerOptions options = {},
                         engine::BrokerObserver* observer = nullptr);

  TimePoint now() const { return now_; }
  engine::ShardCore& core() { return *core_; }
  engine::BrokerState& state() { return state_; }

  // The network. Targets without a script refuse.
  void Script(const Target& target, TargetScript script) { targets_[target] = script; }
  void Answer(const std::string& name, dns::RecordType type, dns::RecordSet records,
              Duration delay = std::chrono::milliseconds(1));
  /// One host name with one address per text; A or AAAA by the look of it.
  void Host(const std::string& name, const std::vector<std::string>& addresses, Duration ttl = std::chrono::hours(1));
  int dns_questions_asked() const { return dns_questions_; }
  int connections_opened() const { return connections_opened_; }
  std::size_t sockets_open() const { return sockets_.size(); }
  const std::vector<std::pair<TimePoint, Target>>& starts() const { return starts_; }

  /// Asks for a flow and returns at once; the result appears in `*result`.
  std::shared_ptr<std::optional<engine::AcquireResult>> Acquire(engine::AcquireRequest request);
  std::shared_ptr<std::optional<engine::AcquireResult>> Acquire(const std::string& uri,
                                                                Duration timeout = std::chrono::seconds(32));
  /// Asks, runs until the answer is there, and returns it with the virtual time it took.
  std::pair<engine::AcquireResult, Duration> AcquireNow(const std::string& uri,
                                                        Duration timeout = std::chrono::seconds(32));

  /// The peer of a flow does something.
  void PeerSends(const flow::FlowId& flow, const std::string& message);
  void PeerCloses(const flow::FlowId& flow);

  /// Lets time pass: every event up to `until` happens.
  void RunUntil(TimePoint until);
  void RunFor(Duration duration) { RunUntil(now_ + duration); }

  /// What was sent on the connection of `flow`.
  std::string SentOn(const flow::FlowId& flow) const;

  static engine::AcquireRequest RequestFor(const std::string& uri);

 private:
  struct Socket {
    Target target;
    std::string sent;
    bool reading = true;
  };
  using Event = std::function<void()>;

  void At(TimePoint when, Event event) { events_.emplace(when, std::move(event)); }
  bool Step(TimePoint until);
  void CarryOut();
  void Open(const engine::OpenConnection& open);
  void Send(const engine::SendBytes& send);
  void AnswerProbe(flow::ConnectionId id, const std::string& request);
  void Ask(const dns::Question& question);
  TargetScript ScriptOf(const Target& target) const;
  std::optional<flow::ConnectionId> ConnectionOf(const flow::FlowId& flow) const;

  TimePoint now_{std::chrono::hours(1)};
  engine::BrokerObserver silent_;
  engine::BrokerState state_;
  testing::FakeSourceAddresses sources_;
  testing::SeededRandom random_;
  std::unique_ptr<engine::ShardCore> core_;

  std::map<Target, TargetScript> targets_;
  std::unordered_map<dns::Question, std::pair<dns::RecordSet, Duration>> zone_;
  std::multimap<TimePoint, Event> events_;
  std::map<std::uint64_t, Socket> sockets_;
  std::vector<std::pair<TimePoint, Target>> starts_;
  int dns_questions_ = 0;
  int connections_opened_ = 0;
};

}  // namespace flowbroker::simulation
