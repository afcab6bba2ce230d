// The network of ScriptedShard: which packets arrive, when they are sent again, and what the engine learns of it.

#include <algorithm>
#include <array>
#include <cmath>

#include "broker/sip/stun_message.h"
#include "tests/simulation/scripted_shard.h"

namespace flowbroker::simulation {
namespace {

using Kind = TargetScript::Kind;
using std::chrono::milliseconds;

/// When Linux sends a SYN and its copies, since the first.
constexpr std::array<Duration, 5> kSynTimes = {milliseconds(0), milliseconds(1000), milliseconds(3000),
                                               milliseconds(7000), milliseconds(15'000)};
/// The same for data on a young connection.
constexpr std::array<Duration, 6> kDataTimes = {milliseconds(0),    milliseconds(250),  milliseconds(750),
                                                milliseconds(1750), milliseconds(3750), milliseconds(7750)};

std::string HeaderOf(const std::string& message, const std::string& name) {
  const std::size_t start = message.find("\r\n" + name + ":");
  const std::size_t end = message.find("\r\n", start + 2);
  return message.substr(start + 2, end - start - 2);
}

double UnitInterval(RandomSource& random) {
  return static_cast<double>(random.NextBits() >> 11U) / static_cast<double>(std::uint64_t{1} << 53U);
}

/// What the network says to a packet for a target that lets nobody in.
std::optional<FailureReason> RefusalOf(Kind kind) {
  switch (kind) {
    case Kind::kRefuses:
      return FailureReason::kRefused;
    case Kind::kHostUnreachable:
      return FailureReason::kHostUnreachable;
    case Kind::kNetworkUnreachable:
      return FailureReason::kNetworkUnreachable;
    case Kind::kAnswers:
    case Kind::kSilent:
    case Kind::kStallsTls:
    case Kind::kBadIdentity:
    case Kind::kResets:
      return std::nullopt;
  }
  __builtin_unreachable();
}

}  // namespace

TargetScript ScriptedShard::ScriptOf(const Target& target) const {
  const auto script = targets_.find(target);
  return script == targets_.end() ? TargetScript{.kind = Kind::kRefuses} : script->second;
}

/// How long a packet and its answer take; nothing where one of them is lost.
std::optional<Duration> ScriptedShard::RoundTrip(const TargetScript& script) {
  if (script.kind == Kind::kSilent) return std::nullopt;
  if (script.loss > 0) {
    for (int packet = 0; packet < 2; ++packet) {
      if (UnitInterval(network_random_) < script.loss) return std::nullopt;
    }
  }
  if (script.jitter == Duration::zero()) return script.rtt;
  const double longer = -std::log(1 - UnitInterval(network_random_)) * static_cast<double>(script.jitter.count());
  return script.rtt + Duration(static_cast<Duration::rep>(longer));
}

ScriptedShard::Socket* ScriptedShard::Find(flow::ConnectionId id) {
  const auto socket = sockets_.find(id.value);
  return socket == sockets_.end() ? nullptr : &socket->second;
}

void ScriptedShard::End(flow::ConnectionId id, FailureReason reason, const std::string& detail) {
  if (sockets_.erase(id.value) == 0) return;
  ++connections_ended_;
  core_->OnEnded(id, {reason, detail}, now_);
}

void ScriptedShard::Connect(flow::ConnectionId id, std::optional<Duration> rtt) {
  static const Endpoint kNobodys{*IpAddress::Parse("198.51.100.99"), 1};
  // Also where the engine has closed the socket meanwhile: what is late must hit nothing.
  const Socket* socket = Find(id);
  core_->OnConnected(id, socket == nullptr ? kNobodys : socket->local, rtt, now_);
}

void ScriptedShard::Open(const engine::OpenConnection& open) {
  const Target target = open.spec.target;
  const flow::ConnectionId id = open.id;
  ++connections_opened_;
  sockets_.emplace(id.value, Socket{.target = target,
                                    .local = {sources_.SourceFor(target.endpoint.address)->address, 40000},
                                    .stage_began = now_,
                                    .tls_identity = open.spec.tls_identity});
  starts_.emplace_back(now_, target);
  onlooker_(id, target, FirstStage(target.transport));
  if (target.transport == Transport::kUdp) return At(now_, [this, id] { Connect(id, std::nullopt); });
  SendSyn(id, 0);
}

void ScriptedShard::SendSyn(flow::ConnectionId id, std::size_t copy) {
  const Socket* socket = Find(id);
  if (socket == nullptr) return;
  const TargetScript script = ScriptOf(socket->target);
  if (const auto round_trip = RoundTrip(script)) {
    // Karn: with a copy on the way nobody knows which one is answered.
    const bool certain = copy == 0 && *round_trip < kSynTimes[1];
    return At(now_ + *round_trip, [=, this] { OnSynAnswered(id, script, certain ? round_trip : std::nullopt); });
  }
  if (copy + 1 < kSynTimes.size()) {
    At(socket->stage_began + kSynTimes[copy + 1], [=, this] { SendSyn(id, copy + 1); });
  }
}

void ScriptedShard::OnSynAnswered(flow::ConnectionId id, const TargetScript& script, std::optional<Duration> rtt) {
  if (const auto refusal = RefusalOf(script.kind)) return End(id, *refusal);
  Socket* socket = Find(id);
  if (socket != nullptr && socket->target.transport == Transport::kTls) {
    socket->stage_began = now_;
    onlooker_(id, socket->target, AttemptStage::kTls);
    core_->OnTlsBegins(id, rtt, now_);
    return SendHello(id, 0);
  }
  if (script.kind == Kind::kResets) At(now_ + script.rtt, [=, this] { End(id, FailureReason::kReset); });
  Connect(id, rtt);
}

void ScriptedShard::SendHello(flow::ConnectionId id, std::size_t copy) {
  const Socket* socket = Find(id);
  if (socket == nullptr) return;
  const TargetScript script = ScriptOf(socket->target);
  if (script.kind == Kind::kStallsTls) return;  // TCP has acknowledged it: no copy
  if (const auto round_trip = RoundTrip(script)) {
    return At(now_ + *round_trip, [=, this] { OnHelloAnswered(id, script); });
  }
  if (copy + 1 < kDataTimes.size()) {
    At(socket->stage_began + kDataTimes[copy + 1], [=, this] { SendHello(id, copy + 1); });
  }
}

void ScriptedShard::OnHelloAnswered(flow::ConnectionId id, const TargetScript& script) {
  if (script.kind == Kind::kBadIdentity) {
    return End(id, FailureReason::kCertificateMismatch, "wanted a, certificate has b");
  }
  if (script.kind != Kind::kAnswers) return End(id, FailureReason::kTlsHandshakeFailed);
  const Socket* socket = Find(id);
  if (socket != nullptr) {
    core_->OnTlsVerified(id, {{socket->tls_identity, std::string(script.certified)}, {}});
  }
  Connect(id, socket == nullptr ? std::nullopt : std::optional(now_ - socket->stage_began));
}

void ScriptedShard::HandOver(const engine::HandOver& hand_over) {
  if (sockets_.erase(hand_over.id.value) == 0) return hand_over.taken(Unexpected({FailureReason::kClosedByOwner, ""}));
  ++connections_closed_;  // as far as the engine is concerned
  core_->OnHandedOver(hand_over.id, now_);
  hand_over.taken(net::OwnedDescriptor(-1));
}

void ScriptedShard::Send(const engine::SendBytes& send) {
  Socket* socket = Find(send.id);
  if (socket == nullptr) return;
  socket->sent += send.bytes;
  if (send.bytes == "\r\n\r\n") return SendPing(send.id, 0);
  if (sip::IsStun(send.bytes.front())) return AnswerStun(send);
  if (!send.bytes.starts_with("OPTIONS ")) return;
  const TargetScript script = ScriptOf(socket->target);
  const auto round_trip = RoundTrip(script);
  if (!round_trip) return;  // on a stream TCP would send it again; its probe begins with the ping, which is
  if (const auto refusal = RefusalOf(script.kind)) {  // RST or ICMP
    return At(now_ + *round_trip, [=, this, id = send.id] { End(id, *refusal); });
  }
  At(now_ + *round_trip, [this, id = send.id, request = send.bytes] { AnswerProbe(id, request); });
}

void ScriptedShard::SendPing(flow::ConnectionId id, std::size_t copy) {
  const Socket* socket = Find(id);
  if (socket == nullptr) return;
  const TargetScript script = ScriptOf(socket->target);
  if (!script.answers_pings) return;
  if (const auto round_trip = RoundTrip(script)) {
    return At(now_ + *round_trip, [this, id] {
      const sip::MessageFramer::Item pong{sip::MessageFramer::Kind::kPong, "\r\n"};
      core_->OnReceived(id, {&pong, 1}, now_);
    });
  }
  if (copy + 1 < kDataTimes.size()) {
    At(now_ + kDataTimes[copy + 1] - kDataTimes[copy], [=, this] { SendPing(id, copy + 1); });
  }
}

void ScriptedShard::AnswerStun(const engine::SendBytes& send) {
  const Socket& socket = sockets_.at(send.id.value);
  const TargetScript script = ScriptOf(socket.target);
  const auto round_trip = RoundTrip(script);
  if (!round_trip) return;
  const auto answer =
      sip::WriteBindingAnswer(sip::ReadStun(send.bytes)->id, script.mapped.value_or(socket.local), true);
  At(now_ + *round_trip, [this, id = send.id, bytes = std::string(answer.view())] {
    const sip::MessageFramer::Item item{sip::MessageFramer::Kind::kStun, bytes};
    core_->OnReceived(id, {&item, 1}, now_);
  });
}

void ScriptedShard::AnswerProbe(flow::ConnectionId id, const std::string& request) {
  if (Find(id) == nullptr) return;
  std::string response = "SIP/2.0 483 Too Many Hops\r\n";
  for (const char* name : {"Via", "From", "To", "Call-ID", "CSeq"}) response += HeaderOf(request, name) + "\r\n";
  response += "Content-Length: 0\r\n\r\n";
  const sip::MessageFramer::Item item{sip::MessageFramer::Kind::kMessage, response};
  core_->OnReceived(id, {&item, 1}, now_);
}

}  // namespace flowbroker::simulation
