#include "tests/simulation/world.h"

#include <algorithm>

namespace flowbroker::simulation {
namespace {

using Kind = TargetScript::Kind;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int kPrefixes = 4;  // of each family

/// Its own prefix: all but the last octet of IPv4, all but the last group of IPv6.
std::string PrefixOf(const IpAddress& address) {
  const std::string text = address.ToString();
  return text.substr(0, text.find_last_of(".:"));
}

}  // namespace

World::World(ScriptedShard& shard, Dice& dice) : shard_(shard), dice_(dice) {
  const int hosts = 1 + dice_.Roll(3);
  for (int i = 0; i <= hosts; ++i) AddHost("host" + std::to_string(i) + ".example.org", i == 0 || dice_.Roll(2) > 0);
  std::vector<dns::SrvRecord> records;
  for (const std::string& name : names_) {
    const auto priority = static_cast<std::uint16_t>(10 * dice_.Roll(1));
    records.push_back({priority, static_cast<std::uint16_t>(dice_.Roll(3) * 100), 5060, *dns::DnsName::Parse(name)});
  }
  shard_.Srv("_sip._tcp.example.org", records, seconds(5 + dice_.Roll(600)));
  for (const IpAddress& address : addresses_) Script(address, dice_.Roll(2) == 0 ? AnyScript() : TargetScript{});
}

void World::AddHost(const std::string& name, bool both_families) {
  std::vector<std::string> texts;
  const bool ipv4_only = !both_families && dice_.OneIn(2);
  for (const bool ipv4 : {true, false}) {
    if (!both_families && ipv4 != ipv4_only) continue;
    for (int i = dice_.Roll(2); i >= 0; --i) {
      const IpAddress address = AnyAddress(ipv4);
      hosts_.emplace(address, name);
      addresses_.push_back(address);
      texts.push_back(address.ToString());
    }
  }
  names_.push_back(name);
  if (both_families) dual_stack_.push_back(name);
  shard_.Host(name, texts, seconds(1 + dice_.Roll(300)));
}

IpAddress World::AnyAddress(bool ipv4) {
  while (true) {
    const std::string prefix = std::to_string(1 + dice_.Roll(kPrefixes - 1));
    const std::string last = std::to_string(1 + dice_.Roll(50));
    const IpAddress address =
        *IpAddress::Parse(ipv4 ? "192.0." + prefix + "." + last : "2001:db8:" + prefix + "::" + last);
    if (!hosts_.contains(address)) return address;
  }
}

TargetScript World::AnyScript() {
  static const std::vector<Kind> kKinds = {
      Kind::kAnswers,         Kind::kAnswers, Kind::kAnswers,           Kind::kSilent,
      Kind::kSilent,          Kind::kRefuses, Kind::kStallsTls,         Kind::kBadIdentity,
      Kind::kHostUnreachable, Kind::kResets,  Kind::kNetworkUnreachable};
  static const std::vector<int> kRtts = {1, 5, 20, 20, 80, 150, 300, 700, 3000};
  TargetScript script{.kind = dice_.Of(kKinds), .rtt = milliseconds(dice_.Of(kRtts))};
  if (dice_.OneIn(3)) script.jitter = script.rtt * dice_.Roll(3) / 4;
  if (dice_.OneIn(4)) script.loss = 0.1 * dice_.Roll(5);
  return script;
}

void World::Script(const IpAddress& address, const TargetScript& script) {
  for (const Transport transport : {Transport::kTcp, Transport::kUdp, Transport::kTls}) {
    shard_.Script({{address, DefaultPort(transport)}, transport}, script);
  }
}

void World::Change() {
  if (dice_.OneIn(8)) return BreakDns();
  const IpAddress& one = dice_.Of(addresses_);
  const TargetScript script = AnyScript();
  const int breadth = dice_.Roll(9);  // mostly one target, sometimes its prefix, rarely its family
  for (const IpAddress& address : addresses_) {
    const bool meant = breadth == 0   ? address.family() == one.family()
                       : breadth <= 2 ? PrefixOf(address) == PrefixOf(one)
                                      : address == one;
    if (meant) Script(address, script);
  }
  if (dice_.OneIn(4)) {  // a short outage
    for (const Transport transport : {Transport::kTcp, Transport::kUdp, Transport::kTls}) {
      shard_.ScriptAt(shard_.now() + dice_.UpTo(seconds(20)), {{one, DefaultPort(transport)}, transport}, {});
    }
  }
}

void World::BreakFamily(AddressFamily family) {
  const TargetScript script = AnyScript();
  const bool whole = dice_.OneIn(2);
  for (const IpAddress& address : addresses_) {
    if (address.family() == family && (whole || dice_.OneIn(2))) Script(address, script);
  }
}

void World::BreakDns() {
  const std::string& host = dice_.Of(names_);
  const auto type = dice_.OneIn(2) ? dns::RecordType::kA : dns::RecordType::kAaaa;
  dns::RecordSet answer{.status = dns::AnswerStatus::kRecords, .ttl = seconds(1 + dice_.Roll(60))};
  for (const IpAddress& address : AddressesOf(host)) {
    if (address.is_ipv4() == (type == dns::RecordType::kA)) answer.addresses.push_back(address);
  }
  if (answer.addresses.empty()) answer.status = dns::AnswerStatus::kNoRecords;
  if (dice_.OneIn(4)) answer = {.status = dns::AnswerStatus::kTimedOut};
  if (dice_.OneIn(4)) answer = {.status = dns::AnswerStatus::kServerFailure};
  shard_.Answer(host, type, answer, dice_.OneIn(2) ? dice_.UpTo(seconds(4)) : milliseconds(dice_.Roll(100)));
}

void World::Repair() {
  for (const IpAddress& address : addresses_) Script(address, {});
  for (const std::string& name : names_) {
    std::vector<std::string> texts;
    for (const IpAddress& address : AddressesOf(name)) texts.push_back(address.ToString());
    shard_.Host(name, texts);
  }
}

std::string World::AnyUri() {
  static const std::vector<std::string> kForms = {
      "sip:%:5060;transport=tcp", "sip:%:5060;transport=tcp", "sips:%:5061", "sips:%:5061",
      "sip:%:5060;transport=udp", "sip:%:5060;transport=udp", "sip:%",       "sips:%"};
  if (dice_.OneIn(20)) return "sip:nowhere.example.org";
  if (dice_.OneIn(4)) return "sip:example.org;transport=tcp";
  std::string uri = dice_.Of(kForms);
  return uri.replace(uri.find('%'), 1, dice_.Of(names_));
}

std::string World::AnyDualStackUri() {
  static const std::vector<std::string> kForms = {"sip:%:5060;transport=tcp", "sips:%:5061",
                                                  "sip:%:5060;transport=udp"};
  std::string uri = dice_.Of(kForms);
  return uri.replace(uri.find('%'), 1, dice_.Of(dual_stack_));
}

std::vector<IpAddress> World::AddressesOf(const std::string& host) const {
  std::vector<IpAddress> addresses;
  for (const IpAddress& address : addresses_) {
    if (hosts_.at(address) == host) addresses.push_back(address);
  }
  return addresses;
}

}  // namespace flowbroker::simulation
