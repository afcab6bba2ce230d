#include "tests/simulation/weather.h"

#include <algorithm>

namespace flowbroker::simulation {
namespace {

using Kind = TargetScript::Kind;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr const char* kHost = "example.org";

Target TargetOf(const std::string& address, Transport transport) {
  return {{*IpAddress::Parse(address), DefaultPort(transport)}, transport};
}

/// The one host of most climates, 20 ms away.
struct DualStack {
  DualStack(Weather& weather, Transport transport, TimePoint begin)
      : ipv6(TargetOf("2001:db8::10", transport)), ipv4(TargetOf("192.0.2.10", transport)) {
    weather.AddHost(kHost, {ipv6, ipv4});
    weather.Set(begin, ipv6, {});
    weather.Set(begin, ipv4, {});
  }
  Target ipv6;
  Target ipv4;
};

void MakeHealthy(Weather& weather, Dice& /*dice*/, TimePoint begin, TimePoint /*end*/) {
  DualStack(weather, Transport::kTcp, begin);
}

void SetJitter(Weather& weather, TimePoint begin, Duration jitter) {
  const DualStack host(weather, Transport::kTcp, begin);
  for (const Target& target : {host.ipv6, host.ipv4}) weather.Set(begin, target, {.jitter = jitter});
}
void MakeJittery(Weather& weather, Dice& /*dice*/, TimePoint begin, TimePoint /*end*/) {
  SetJitter(weather, begin, milliseconds(4));
}
void MakeVeryJittery(Weather& weather, Dice& /*dice*/, TimePoint begin, TimePoint /*end*/) {
  SetJitter(weather, begin, milliseconds(10));
}

void MakeBlackHole(Weather& weather, Dice& /*dice*/, TimePoint begin, TimePoint /*end*/) {
  const DualStack host(weather, Transport::kTcp, begin);
  weather.Set(begin, host.ipv6, {.kind = Kind::kSilent});
}

void MakeRefusing(Weather& weather, Dice& /*dice*/, TimePoint begin, TimePoint /*end*/) {
  const DualStack host(weather, Transport::kTcp, begin);
  weather.Set(begin, host.ipv6, {.kind = Kind::kRefuses});
}

void MakeFlapping(Weather& weather, Dice& dice, TimePoint begin, TimePoint end) {
  const DualStack host(weather, Transport::kTcp, begin);
  bool up = true;
  for (TimePoint when = begin; when < end; when += seconds(20) + dice.UpTo(seconds(160))) {
    weather.Set(when, host.ipv6, {.kind = up ? Kind::kAnswers : Kind::kSilent});
    up = !up;
  }
}

void MakeSlowFamily(Weather& weather, Dice& /*dice*/, TimePoint begin, TimePoint /*end*/) {
  const DualStack host(weather, Transport::kTcp, begin);
  weather.Set(begin, host.ipv6, {.rtt = milliseconds(600)});
}

void MakeFarAway(Weather& weather, Dice& /*dice*/, TimePoint begin, TimePoint /*end*/) {
  const DualStack host(weather, Transport::kTcp, begin);
  for (const Target& target : {host.ipv6, host.ipv4})
    weather.Set(begin, target, {.rtt = milliseconds(280), .jitter = milliseconds(15)});
}

void MakeTlsStall(Weather& weather, Dice& /*dice*/, TimePoint begin, TimePoint /*end*/) {
  const DualStack host(weather, Transport::kTls, begin);
  weather.Set(begin, host.ipv6, {.kind = Kind::kStallsTls});
}

void MakeLossy(Weather& weather, Dice& /*dice*/, TimePoint begin, TimePoint /*end*/) {
  const DualStack host(weather, Transport::kTcp, begin);
  weather.Set(begin, host.ipv6, {.jitter = milliseconds(5), .loss = 0.05});
  weather.Set(begin, host.ipv4, {.jitter = milliseconds(5), .loss = 0.05});
}

/// Fifty hosts in ten networks, 10 to 100 ms away; for most of the time every third of them is dead over IPv6, every
/// seventh over IPv4.
void MakeManyDestinations(Weather& weather, Dice& /*dice*/, TimePoint begin, TimePoint end) {
  for (int i = 0; i < 50; ++i) {
    const std::string network = std::to_string(1 + i % 10);
    const std::string number = std::to_string(1 + i);
    std::vector<Target> targets;
    for (const int one : {0, 100}) {
      const std::string last = std::to_string(one + 1 + i);
      targets.push_back(TargetOf("2001:db8:" + network + "::" + last, Transport::kTcp));
      targets.push_back(TargetOf("192.0." + network + "." + last, Transport::kTcp));
    }
    for (const Target& target : targets) {
      const TargetScript good{.rtt = milliseconds(10 * (1 + i % 10)), .jitter = milliseconds(2)};
      weather.Set(begin, target, good);
      const bool ipv6 = target.family() == AddressFamily::kIpv6;
      if (i % 10 % (ipv6 ? 3 : 7) != 0) continue;
      const TimePoint breaks = begin + (end - begin) / 10;
      weather.Set(breaks, target, {.kind = Kind::kSilent});
      weather.Set(begin + (end - begin) * 7 / 10, target, good);
    }
    weather.AddHost("host" + number + ".example.org", targets);
  }
}

}  // namespace

void Weather::AddHost(const std::string& name, const std::vector<Target>& targets) {
  targets_[name] = targets;
  hosts_.push_back(name);
}

void Weather::BlowOver(ScriptedShard& shard) const {
  for (const auto& [target, scripts] : scripts_) {
    for (const auto& [from, script] : scripts) shard.ScriptAt(from, target, script);
  }
  for (const auto& [host, targets] : targets_) {
    std::vector<std::string> addresses;
    for (const Target& target : targets) addresses.push_back(target.endpoint.address.ToString());
    shard.Host(host, addresses, std::chrono::hours(24));
  }
}

std::optional<Duration> Weather::BestAt(const std::string& host, TimePoint when) const {
  std::optional<Duration> best;
  for (const Target& target : targets_.at(host)) {
    const auto& scripts = scripts_.at(target);
    const TargetScript& script = std::prev(scripts.upper_bound(when))->second;
    if (script.kind != Kind::kAnswers) continue;
    const Duration round_trip = script.rtt + script.jitter * 693 / 1000;  // the median of an exponential distribution
    const Duration took = target.transport == Transport::kTls ? 2 * round_trip : round_trip;
    best = std::min(best.value_or(took), took);
  }
  return best;
}

const std::vector<Climate>& Climates() {
  static const std::vector<Climate> kClimates = {
      {"healthy", Transport::kTcp, MakeHealthy},
      {"healthy, jitter 20 % of the RTT", Transport::kTcp, MakeJittery},
      {"healthy, jitter 50 % of the RTT", Transport::kTcp, MakeVeryJittery},
      {"healthy, 280 ms away", Transport::kTcp, MakeFarAway},
      {"IPv6 black hole", Transport::kTcp, MakeBlackHole},
      {"IPv6 refused", Transport::kTcp, MakeRefusing},
      {"IPv6 flapping, silent half the time", Transport::kTcp, MakeFlapping},
      {"IPv6 slow: 600 ms against 20 ms", Transport::kTcp, MakeSlowFamily},
      {"TLS stalls on IPv6", Transport::kTls, MakeTlsStall},
      {"5 % loss each way", Transport::kTcp, MakeLossy},
      {"50 hosts, dead networks among them", Transport::kTcp, MakeManyDestinations},
  };
  return kClimates;
}

}  // namespace flowbroker::simulation
