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
#include "tests/simulation/target_script.h"
#include "tests/support/fake_source_addresses.h"
#include "tests/support/seeded_random.h"

namespace flowbroker::simulation {

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
  /// The same at a later time: networks break, flap and are repaired by themselves.
  void ScriptAt(TimePoint when, const Target& target, TargetScript script);
  void Answer(const std::string& name, dns::RecordType type, dns::RecordSet records,
              Duration delay = std::chrono::milliseconds(1));
  /// One host name with one address per text; A or AAAA by the look of it.
  void Host(const std::string& name, const std::vector<std::string>& addresses, Duration ttl = std::chrono::hours(1));
  /// The SRV records of `owner`; their targets are host names.
  void Srv(const std::string& owner, std::vector<dns::SrvRecord> records, Duration ttl = std::chrono::hours(1));
  /// From now on the host's one interface is on network `number` and has an address there of each family; before the
  /// first call it is on none that the engine knows of.
  void MoveTo(std::uint8_t number);
  /// The way to `target` from there.
  history::Path PathTo(const Target& target) const;
  int dns_questions_asked() const { return dns_questions_; }
  int connections_opened() const { return connections_opened_; }
  std::size_t sockets_open() const { return sockets_.size(); }
  /// Sockets that the engine closed and that the network ended. Each socket is counted once, or is open.
  int connections_closed() const { return connections_closed_; }
  int connections_ended() const { return connections_ended_; }
  /// How often the engine closed a socket that it had closed before or that had ended.
  int stray_closes() const { return stray_closes_; }
  const std::vector<std::pair<TimePoint, Target>>& starts() const { return starts_; }

  /// Whoever looks on is told of each socket when it is opened and when its TLS handshake begins.
  using Onlooker = std::function<void(flow::ConnectionId, const Target&, AttemptStage)>;
  void SetOnlooker(Onlooker onlooker) { onlooker_ = std::move(onlooker); }

  /// Asks for a flow. `done` may be called before this returns. The number is for Cancel.
  std::uint64_t Ask(const engine::AcquireRequest& request, engine::AcquireCallback done);
  void Cancel(std::uint64_t request);
  /// Asks for a flow and returns at once; the result appears in `*result`.
  std::shared_ptr<std::optional<engine::AcquireResult>> Acquire(engine::AcquireRequest request);
  std::shared_ptr<std::optional<engine::AcquireResult>> Acquire(const std::string& uri,
                                                                Duration timeout = std::chrono::seconds(32));
  /// Asks, runs until the answer is there, and returns it with the virtual time it took.
  std::pair<engine::AcquireResult, Duration> AcquireNow(const std::string& uri,
                                                        Duration timeout = std::chrono::seconds(32));

  /// The peer of a flow does something.
  void PeerSends(const flow::FlowId& flow, const std::string& message);
  void PeerCloses(const flow::FlowId& flow, FailureReason how = FailureReason::kClosedByPeer);

  /// A user agent at the edge sends a datagram; who plays them is told what they are sent.
  void UserAgentSends(std::uint16_t listener, const Endpoint& user_agent, std::string_view octets);
  using DatagramSent = std::function<void(const engine::SendDatagram&)>;
  void OnDatagramSent(DatagramSent told) { datagram_sent_ = std::move(told); }

  /// Lets time pass: every event up to `until` happens.
  void RunUntil(TimePoint until);
  void RunFor(Duration duration) { RunUntil(now_ + duration); }

  /// Presents a ticket; returns why there is no descriptor, nothing where there is one.
  std::optional<FailureReason> Redeem(const std::string& ticket);

  /// What was sent on the connection of `flow`.
  std::string SentOn(const flow::FlowId& flow) const;

  static engine::AcquireRequest RequestFor(const std::string& uri);

 private:
  struct Socket {
    Target target;
    Endpoint local;
    TimePoint stage_began;  // the TCP or the TLS handshake
    std::string tls_identity = {};
    std::string sent = {};
    bool reading = true;
  };
  using Event = std::function<void()>;

  void At(TimePoint when, Event event) { events_.emplace(when, std::move(event)); }
  bool Step(TimePoint until);
  void CarryOut();
  void Ask(const dns::Question& question);

  // The network, packet by packet (scripted_packets.cc).
  void Open(const engine::OpenConnection& open);
  void SendSyn(flow::ConnectionId id, std::size_t copy);
  void OnSynAnswered(flow::ConnectionId id, const TargetScript& script, std::optional<Duration> rtt);
  void SendHello(flow::ConnectionId id, std::size_t copy);
  void OnHelloAnswered(flow::ConnectionId id, const TargetScript& script);
  void Send(const engine::SendBytes& send);
  void HandOver(const engine::HandOver& hand_over);
  void SendPing(flow::ConnectionId id, std::size_t copy);
  void AnswerStun(const engine::SendBytes& send);
  void AnswerProbe(flow::ConnectionId id, const std::string& request);
  void Connect(flow::ConnectionId id, std::optional<Duration> rtt);
  void End(flow::ConnectionId id, FailureReason reason, const std::string& detail = {});
  Socket* Find(flow::ConnectionId id);
  TargetScript ScriptOf(const Target& target) const;
  std::optional<Duration> RoundTrip(const TargetScript& script);
  std::optional<flow::ConnectionId> ConnectionOf(const flow::FlowId& flow) const;

  TimePoint now_{std::chrono::hours(1)};
  engine::BrokerObserver silent_;
  engine::BrokerState state_;
  testing::FakeSourceAddresses sources_;
  testing::SeededRandom random_;
  testing::SeededRandom network_random_;
  std::unique_ptr<engine::ShardCore> core_;

  std::map<Target, TargetScript> targets_;
  std::unordered_map<dns::Question, std::pair<dns::RecordSet, Duration>> zone_;
  std::multimap<TimePoint, Event> events_;
  std::map<std::uint64_t, Socket> sockets_;
  std::vector<std::pair<TimePoint, Target>> starts_;
  int dns_questions_ = 0;
  int connections_opened_ = 0;
  int connections_closed_ = 0;
  int connections_ended_ = 0;
  int stray_closes_ = 0;
  DatagramSent datagram_sent_ = [](const engine::SendDatagram&) {};
  Onlooker onlooker_ = [](flow::ConnectionId, const Target&, AttemptStage) {};
};

}  // namespace flowbroker::simulation
