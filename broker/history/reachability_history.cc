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

ReachabilityHistory::ReachabilityHistory(HistoryOptions options, FamilyHistory& /*families*/)
    : options_(options), targets_(options.max_targets), prefixes_(options.max_prefixes) {}

void ReachabilityHistory::Record(const AttemptOutcome& outcome, TimePoint /*now*/) {
  if (outcome.failure || !outcome.rtt) return;
  targets_.Use(outcome.path)[IndexOf(outcome.stage)].AddSample(*outcome.rtt);
  prefixes_.Use(PrefixOf(outcome.path))[IndexOf(outcome.stage)].AddSample(*outcome.rtt);
}

void ReachabilityHistory::RecordRace(const Path& /*winner*/, std::span<const Path> /*candidates*/, TimePoint /*now*/) {}

void ReachabilityHistory::RecordUnavailable(const Path& /*path*/, TimePoint /*until*/, TimePoint /*now*/) {}

Verdict ReachabilityHistory::Judge(const Path& /*path*/, TimePoint /*now*/) const {
  return {};
}

Verdict ReachabilityHistory::JudgeForRace(const Path& path, TimePoint now) {
  return Judge(path, now);
}

bool ReachabilityHistory::TakeReprobe(const Path& /*path*/, TimePoint /*now*/, RandomSource& /*random*/) {
  return false;
}

TimePoint ReachabilityHistory::NextReprobe(const Path& /*path*/, TimePoint /*now*/) const {
  return kNever;
}

std::optional<ExpectedRtt> ReachabilityHistory::Expect(const Path& path, AttemptStage stage, TimePoint /*now*/) const {
  const StageEstimates* own = targets_.Find(path);
  if (own != nullptr && (*own)[IndexOf(stage)].has_samples()) return ExpectedRtt{(*own)[IndexOf(stage)], true, true};

  const StageEstimates* prefix = prefixes_.Find(PrefixOf(path));
  if (prefix != nullptr && (*prefix)[IndexOf(stage)].has_samples())
    return ExpectedRtt{(*prefix)[IndexOf(stage)], false, false};
  return std::nullopt;
}

std::vector<FamilyPreference> ReachabilityHistory::Preferences(TimePoint /*now*/) const {
  return {};
}

std::vector<FamilyPreference> ReachabilityHistory::TakeChanges(TimePoint /*now*/) {
  return {};
}

void ReachabilityHistory::ForgetAll() {
  targets_ = LruTable<Path, StageEstimates>(options_.max_targets);
  prefixes_ = LruTable<PrefixKey, StageEstimates>(options_.max_prefixes);
}

bool ReachabilityHistory::Forget(const IpAddress& /*address*/) {
  return false;
}

bool ReachabilityHistory::Forget(const IpAddress& /*prefix*/, int /*bits*/) {
  return false;
}

PrefixKey ReachabilityHistory::PrefixOf(const Path& path) const {
  const IpAddress& address = path.target.endpoint.address;
  const IpAddress network = address.is_ipv4()
                                ? IpAddress::FromIpv4(NetworkOctets<4>(address.octets(), options_.ipv4_prefix_bits))
                                : IpAddress::FromIpv6(NetworkOctets<16>(address.octets(), options_.ipv6_prefix_bits));
  return {path.network, network, path.target.transport};
}

}  // namespace flowbroker::history
