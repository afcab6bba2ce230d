#include "tests/unit/racing/race_script.h"

namespace flowbroker::racing {
namespace {

std::string NameOf(const Target& target) {
  std::string name;
  if (target.transport == Transport::kTls) name = "tls ";
  if (target.transport == Transport::kUdp) name = "udp ";
  const auto octets = target.endpoint.address.octets();
  name += target.endpoint.address.is_ipv4() ? '4' : '6';
  name += static_cast<char>('a' + octets.back() - 10);
  return name;
}

struct Describer {
  std::string operator()(const StartAttempt& a) const {
    return "start " + std::to_string(a.id.value) + " " + NameOf(a.target);
  }
  std::string operator()(const CancelAttempt& a) const {
    return "cancel " + std::to_string(a.id.value) + " " + std::string(ToString(a.reason));
  }
  std::string operator()(const RaceWon& a) const {
    return "won " + std::to_string(a.id.value) + " " + NameOf(a.target);
  }
  std::string operator()(const RaceLost& a) const { return "lost " + std::string(ToString(a.reason)); }
};

}  // namespace

Target TargetNamed(std::string_view name) {
  Transport transport = Transport::kTcp;
  if (name.starts_with("tls ")) transport = Transport::kTls;
  if (name.starts_with("udp ")) transport = Transport::kUdp;
  const auto host = static_cast<std::uint8_t>(name.back() - 'a' + 10);
  const bool ipv4 = name[name.size() - 2] == '4';
  const IpAddress address = ipv4 ? IpAddress::FromIpv4({192, 0, 2, host})
                                 : IpAddress::FromIpv6({0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, host});
  return {.endpoint = {address, DefaultPort(transport)}, .transport = transport};
}

std::vector<Candidate> Group(const std::vector<std::string_view>& names, std::size_t group) {
  std::vector<Candidate> candidates;
  candidates.reserve(names.size());
  for (const std::string_view name : names) candidates.push_back({TargetNamed(name), group});
  return candidates;
}

std::vector<Candidate> Groups(const std::vector<std::vector<std::string_view>>& groups) {
  std::vector<Candidate> candidates;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    for (const std::string_view name : groups[i]) candidates.push_back({TargetNamed(name), i});
  }
  return candidates;
}

CandidatesChanged All(std::vector<Candidate> candidates) {
  return {.candidates = std::move(candidates), .complete = true, .better_may_come = false};
}

std::vector<std::string> Describe(const std::vector<RaceAction>& actions) {
  std::vector<std::string> lines;
  lines.reserve(actions.size());
  for (const RaceAction& action : actions) lines.push_back(std::visit(Describer{}, action));
  return lines;
}

}  // namespace flowbroker::racing
