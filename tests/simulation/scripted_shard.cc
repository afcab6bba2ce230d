#include "tests/simulation/scripted_shard.h"

#include <algorithm>
#include <stdexcept>

namespace flowbroker::simulation {
namespace {

engine::BrokerOptions OneShard(engine::BrokerOptions options) {
  options.shards = 1;
  return options;
}

std::string HeaderOf(const std::string& message, const std::string& name) {
  const std::size_t start = message.find("\r\n" + name + ":");
  const std::size_t end = message.find("\r\n", start + 2);
  return message.substr(start + 2, end - start - 2);
}

}  // namespace

ScriptedShard::ScriptedShard(std::uint64_t seed, engine::BrokerOptions options, engine::BrokerObserver* observer)
    : state_(OneShard(std::move(options)), observer != nullptr ? *observer : silent_), random_(seed) {
  core_ = std::make_unique<engine::ShardCore>(std::uint8_t{0}, state_, sources_, random_);
}

void ScriptedShard::Answer(const std::string& name, dns::RecordType type, dns::RecordSet records, Duration delay) {
  zone_[{*dns::DnsName::Parse(name), type}] = {std::move(records), delay};
}

void ScriptedShard::Host(const std::string& name, const std::vector<std::string>& addresses, Duration ttl) {
  dns::RecordSet ipv4{.status = dns::AnswerStatus::kNoRecords, .ttl = ttl};
  dns::RecordSet ipv6 = ipv4;
  for (const std::string& text : addresses) {
    const IpAddress address = *IpAddress::Parse(text);
    dns::RecordSet& set = address.is_ipv4() ? ipv4 : ipv6;
    set.status = dns::AnswerStatus::kRecords;
    set.addresses.push_back(address);
  }
  Answer(name, dns::RecordType::kA, ipv4);
  Answer(name, dns::RecordType::kAaaa, ipv6);
}

engine::AcquireRequest ScriptedShard::RequestFor(const std::string& uri) {
  return {.destination = {.to = *sip::SipUri::Parse(uri)}};
}

std::shared_ptr<std::optional<engine::AcquireResult>> ScriptedShard::Acquire(engine::AcquireRequest request) {
  auto result = std::make_shared<std::optional<engine::AcquireResult>>();
  std::string buffer;
  const std::string_view key = engine::WriteDestinationKey(request, buffer);
  if (auto pooled = core_->acquisitions().TryPooled(request, key, now_)) {
    *result = std::move(pooled);
  } else {
    core_->acquisitions().Start(
        request, key, [result](engine::AcquireResult answer) { *result = std::move(answer); }, now_);
  }
  CarryOut();
  return result;
}

std::shared_ptr<std::optional<engine::AcquireResult>> ScriptedShard::Acquire(const std::string& uri, Duration timeout) {
  engine::AcquireRequest request = RequestFor(uri);
  request.deadline = now_ + timeout;
  return Acquire(std::move(request));
}

std::pair<engine::AcquireResult, Duration> ScriptedShard::AcquireNow(const std::string& uri, Duration timeout) {
  const TimePoint asked = now_;
  const auto result = Acquire(uri, timeout);
  while (!result->has_value()) {
    if (!Step(asked + timeout + std::chrono::seconds(1))) throw std::logic_error("no answer, not even a deadline");
  }
  return {**result, now_ - asked};
}

void ScriptedShard::RunUntil(TimePoint until) {
  CarryOut();
  while (Step(until)) {
  }
  now_ = until;
}

bool ScriptedShard::Step(TimePoint until) {
  const TimePoint timer = std::max(core_->NextDeadline(), now_);
  const TimePoint event = events_.empty() ? kNever : events_.begin()->first;
  if (std::min(timer, event) > until) return false;
  if (event <= timer) {
    now_ = event;
    const Event happens = std::move(events_.begin()->second);
    events_.erase(events_.begin());
    happens();
  } else {
    now_ = timer;
    core_->OnTimer(now_);
  }
  CarryOut();
  return true;
}

void ScriptedShard::CarryOut() {
  while (true) {
    engine::ShardActions actions = core_->TakeActions();
    if (actions.empty()) return;
    for (const engine::IoAction& action : actions.io) {
      if (const auto* open = std::get_if<engine::OpenConnection>(&action)) Open(*open);
      if (const auto* close = std::get_if<engine::CloseConnection>(&action)) sockets_.erase(close->id.value);
      if (const auto* send = std::get_if<engine::SendBytes>(&action)) Send(*send);
      if (const auto* ask = std::get_if<engine::AskDns>(&action)) Ask(ask->question);
      if (const auto* pause = std::get_if<engine::PauseReading>(&action)) sockets_.at(pause->id.value).reading = false;
      if (const auto* resume = std::get_if<engine::ResumeReading>(&action))
        sockets_.at(resume->id.value).reading = true;
    }
    for (const auto& call : actions.calls) call();
  }
}

TargetScript ScriptedShard::ScriptOf(const Target& target) const {
  const auto script = targets_.find(target);
  return script == targets_.end() ? TargetScript{.kind = TargetScript::Kind::kRefuses} : script->second;
}

void ScriptedShard::Open(const engine::OpenConnection& open) {
  const Target target = open.spec.target;
  const flow::ConnectionId id = open.id;
  const TargetScript script = ScriptOf(target);
  const Endpoint local{sources_.SourceFor(target.endpoint.address)->address, 40000};
  ++connections_opened_;
  sockets_.emplace(id.value, Socket{target, ""});
  starts_.emplace_back(now_, target);
  if (target.transport == Transport::kUdp) {
    return At(now_, [this, id, local] { core_->OnConnected(id, local, std::nullopt, now_); });
  }
  if (script.kind == TargetScript::Kind::kSilent) return;
  if (script.kind == TargetScript::Kind::kRefuses) {
    return At(now_ + script.rtt, [this, id] {
      if (sockets_.erase(id.value) > 0) core_->OnEnded(id, {FailureReason::kRefused, "Connection refused"}, now_);
    });
  }
  if (target.transport == Transport::kTcp) {
    return At(now_ + script.rtt, [this, id, local, script] { core_->OnConnected(id, local, script.rtt, now_); });
  }
  At(now_ + script.rtt, [this, id, script] { core_->OnTlsBegins(id, script.rtt, now_); });
  if (script.kind == TargetScript::Kind::kStallsTls) return;
  if (script.kind == TargetScript::Kind::kBadIdentity) {
    return At(now_ + 2 * script.rtt, [this, id] {
      if (sockets_.erase(id.value) > 0) {
        core_->OnEnded(id, {FailureReason::kCertificateMismatch, "wanted a, certificate has b"}, now_);
      }
    });
  }
  At(now_ + 2 * script.rtt, [this, id, local, script] { core_->OnConnected(id, local, script.rtt, now_); });
}

void ScriptedShard::Send(const engine::SendBytes& send) {
  const auto socket = sockets_.find(send.id.value);
  if (socket == sockets_.end()) return;
  socket->second.sent += send.bytes;
  const TargetScript script = ScriptOf(socket->second.target);
  if (script.kind == TargetScript::Kind::kSilent) return;
  if (send.bytes == "\r\n\r\n") {
    return At(now_ + script.rtt, [this, id = send.id] {
      const sip::MessageFramer::Item pong{sip::MessageFramer::Kind::kPong, "\r\n"};
      core_->OnReceived(id, {&pong, 1}, now_);
    });
  }
  if (!send.bytes.starts_with("OPTIONS ")) return;
  if (script.kind == TargetScript::Kind::kRefuses) {  // ICMP port unreachable
    return At(now_ + script.rtt, [this, id = send.id] {
      if (sockets_.erase(id.value) > 0) core_->OnEnded(id, {FailureReason::kRefused, "Connection refused"}, now_);
    });
  }
  At(now_ + script.rtt, [this, id = send.id, request = send.bytes] { AnswerProbe(id, request); });
}

void ScriptedShard::AnswerProbe(flow::ConnectionId id, const std::string& request) {
  if (!sockets_.contains(id.value)) return;
  std::string response = "SIP/2.0 483 Too Many Hops\r\n";
  for (const char* name : {"Via", "From", "To", "Call-ID", "CSeq"}) response += HeaderOf(request, name) + "\r\n";
  response += "Content-Length: 0\r\n\r\n";
  const sip::MessageFramer::Item item{sip::MessageFramer::Kind::kMessage, response};
  core_->OnReceived(id, {&item, 1}, now_);
}

void ScriptedShard::Ask(const dns::Question& question) {
  ++dns_questions_;
  const auto known = zone_.find(question);
  auto [records, delay] = known != zone_.end() ? known->second
                                               : std::pair{dns::RecordSet{.status = dns::AnswerStatus::kNoSuchName},
                                                           Duration{std::chrono::milliseconds(1)}};
  At(now_ + delay, [this, question, answer = std::move(records)] {
    core_->OnDnsAnswer(question, state_.resolver.End(question, answer, now_).answer, now_);
  });
}

std::optional<flow::ConnectionId> ScriptedShard::ConnectionOf(const flow::FlowId& flow) const {
  const auto view = core_->flows().View(flow, now_);
  if (!view) return std::nullopt;
  for (const auto& [id, socket] : sockets_) {
    if (socket.target == view->remote) return flow::ConnectionId{id};
  }
  return std::nullopt;
}

void ScriptedShard::PeerSends(const flow::FlowId& flow, const std::string& message) {
  const auto id = ConnectionOf(flow).value();
  const sip::MessageFramer::Item item{sip::MessageFramer::Kind::kMessage, message};
  core_->OnReceived(id, {&item, 1}, now_);
  CarryOut();
}

void ScriptedShard::PeerCloses(const flow::FlowId& flow) {
  const auto id = ConnectionOf(flow).value();
  sockets_.erase(id.value);
  core_->OnEnded(id, {FailureReason::kClosedByPeer, ""}, now_);
  CarryOut();
}

std::string ScriptedShard::SentOn(const flow::FlowId& flow) const {
  const auto id = ConnectionOf(flow);
  return id ? sockets_.at(id->value).sent : "";
}

}  // namespace flowbroker::simulation
