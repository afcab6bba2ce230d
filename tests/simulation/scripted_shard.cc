#include "tests/simulation/scripted_shard.h"

#include <algorithm>
#include <stdexcept>

namespace flowbroker::simulation {
namespace {

engine::BrokerOptions OneShard(engine::BrokerOptions options) {
  options.shards = 1;
  return options;
}

}  // namespace

ScriptedShard::ScriptedShard(std::uint64_t seed, engine::BrokerOptions options, engine::BrokerObserver* observer)
    : state_(OneShard(std::move(options)), observer != nullptr ? *observer : silent_),
      random_(seed),
      network_random_(seed) {
  core_ = std::make_unique<engine::ShardCore>(std::uint8_t{0}, state_, sources_, random_);
}

void ScriptedShard::Answer(const std::string& name, dns::RecordType type, dns::RecordSet records, Duration delay) {
  zone_[{*dns::DnsName::Parse(name), type}] = {std::move(records), delay};
}

void ScriptedShard::ScriptAt(TimePoint when, const Target& target, TargetScript script) {
  At(when, [this, target, script] { Script(target, script); });
}

void ScriptedShard::Srv(const std::string& owner, std::vector<dns::SrvRecord> records, Duration ttl) {
  dns::RecordSet set{.status = dns::AnswerStatus::kRecords, .ttl = ttl};
  set.srv = std::move(records);
  Answer(owner, dns::RecordType::kSrv, std::move(set));
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

void ScriptedShard::MoveTo(std::uint8_t number) {
  const IpAddress ipv4 = *IpAddress::Parse("198.51.100." + std::to_string(number));
  const IpAddress ipv6 = *IpAddress::Parse("2001:db8:ffff::" + std::to_string(number));
  sources_.SetIpv4(location::SourceAddress{ipv4});
  sources_.SetIpv6(location::SourceAddress{ipv6});
  state_.networks.Update({{"eth0", {{ipv4, 24}, {ipv6, 64}}}});
  core_->flows().OnNetworksChanged(now_);
  CarryOut();
}

history::Path ScriptedShard::PathTo(const Target& target) const {
  return {state_.networks.NetworkOf(sources_.SourceFor(target.endpoint.address)->address), target};
}

std::uint64_t ScriptedShard::Ask(const engine::AcquireRequest& request, engine::AcquireCallback done) {
  std::string buffer;
  const std::string_view key = engine::WriteDestinationKey(request, buffer);
  std::uint64_t number = 0;
  if (auto pooled = core_->acquisitions().TryPooled(request, key, now_)) {
    done(std::move(*pooled));
  } else {
    number = core_->acquisitions().Start(request, key, std::move(done), now_);
  }
  CarryOut();
  return number;
}

void ScriptedShard::Cancel(std::uint64_t request) {
  core_->acquisitions().Cancel(request, now_);
  CarryOut();
}

std::shared_ptr<std::optional<engine::AcquireResult>> ScriptedShard::Acquire(engine::AcquireRequest request) {
  auto result = std::make_shared<std::optional<engine::AcquireResult>>();
  Ask(request, [result](engine::AcquireResult answer) { *result = std::move(answer); });
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

std::optional<FailureReason> ScriptedShard::Redeem(const std::string& ticket) {
  std::optional<FailureReason> failure = FailureReason::kInternal;  // until it is answered
  core_->handoffs().Redeem(
      *flow::HandoffTicket::Parse(ticket),
      [&failure](const Expected<net::OwnedDescriptor>& result) {
        failure = result ? std::nullopt : std::optional(result.error().reason);
      },
      now_);
  CarryOut();
  return failure;
}

void ScriptedShard::CarryOut() {
  core_->relay().NoteHandover(0);
  while (true) {
    engine::ShardActions actions = core_->TakeActions();
    if (actions.empty()) return;
    for (const engine::IoAction& action : actions.io) {
      if (const auto* open = std::get_if<engine::OpenConnection>(&action)) Open(*open);
      if (const auto* close = std::get_if<engine::CloseConnection>(&action)) {
        ++(sockets_.erase(close->id.value) > 0 ? connections_closed_ : stray_closes_);
      }
      if (const auto* send = std::get_if<engine::SendBytes>(&action)) Send(*send);
      if (const auto* over = std::get_if<engine::HandOver>(&action)) HandOver(*over);
      if (const auto* send = std::get_if<engine::SendDatagram>(&action)) datagram_sent_(*send);
      if (const auto* ask = std::get_if<engine::AskDns>(&action)) Ask(ask->question);
      if (const auto* pause = std::get_if<engine::PauseReading>(&action)) sockets_.at(pause->id.value).reading = false;
      if (const auto* resume = std::get_if<engine::ResumeReading>(&action))
        sockets_.at(resume->id.value).reading = true;
    }
    for (const auto& call : actions.calls) call();
  }
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
  const auto view = core_->flows().View(flow, {}, now_);
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

void ScriptedShard::UserAgentSends(std::uint16_t listener, const Endpoint& user_agent, std::string_view octets) {
  const net::Datagram datagram{user_agent, octets};
  core_->datagrams().OnDatagrams(listener, {&datagram, 1}, now_);
  CarryOut();
}

void ScriptedShard::PeerCloses(const flow::FlowId& flow, FailureReason how) {
  End(ConnectionOf(flow).value(), how);
  CarryOut();
}

std::string ScriptedShard::SentOn(const flow::FlowId& flow) const {
  const auto id = ConnectionOf(flow);
  return id ? sockets_.at(id->value).sent : "";
}

}  // namespace flowbroker::simulation
