#include "broker/history/reachability_history.h"

#include <algorithm>
#include <cstdint>

namespace flowbroker::history {
namespace {

/// Zeroes all octets' bits behind the first `bits`.
template <std::size_t kSize>
std::array<std::uint8_t, kSize> NetworkOctets(std::span<const std::uint8_t> octets, int bits) {
  std::array<std::uint8_t, kSize> network{};
  for (std::size_t i = 0; i < kSize; ++i) {
    const int kept = std::clamp(bits - static_cast<int>(i) * 8, 0, 8);
    network[i] = static_cast<std::uint8_t>(octets[i] & (0xFF00U >> static_cast<unsigned>(kept)));
  }
  return network;
}

std::size_t IndexOf(AttemptStage stage) {
  return static_cast<std::size_t>(stage);
}

}  // namespace

ReachabilityHistory::ReachabilityHistory(HistoryOptions options)
    : options_(options), targets_(options.max_targets), prefixes_(options.max_prefixes) {}

void ReachabilityHistory::Record(const AttemptOutcome& outcome, TimePoint /*now*/) {
  if (outcome.failure || !outcome.rtt) return;
  targets_.Use(outcome.target)[IndexOf(outcome.stage)].AddSample(*outcome.rtt);
  prefixes_.Use(PrefixOf(outcome.target))[IndexOf(outcome.stage)].AddSample(*outcome.rtt);
}

std::optional<ExpectedRtt> ReachabilityHistory::Expect(const Target& target, AttemptStage stage) const {
  const StageEstimates* own = targets_.Find(target);
  if (own != nullptr && (*own)[IndexOf(stage)].has_samples()) return ExpectedRtt{(*own)[IndexOf(stage)], true};

  const StageEstimates* prefix = prefixes_.Find(PrefixOf(target));
  if (prefix != nullptr && (*prefix)[IndexOf(stage)].has_samples())
    return ExpectedRtt{(*prefix)[IndexOf(stage)], false};
  return std::nullopt;
}

PrefixKey ReachabilityHistory::PrefixOf(const Target& target) const {
  const IpAddress& address = target.endpoint.address;
  const IpAddress network = address.is_ipv4()
                                ? IpAddress::FromIpv4(NetworkOctets<4>(address.octets(), options_.ipv4_prefix_bits))
                                : IpAddress::FromIpv6(NetworkOctets<16>(address.octets(), options_.ipv6_prefix_bits));
  return {network, target.transport};
}

}  // namespace flowbroker::history
