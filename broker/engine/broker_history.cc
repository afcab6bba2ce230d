#include "broker/engine/broker_history.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

namespace flowbroker::engine {
namespace {

constexpr std::array kStages = {AttemptStage::kTcp, AttemptStage::kTls, AttemptStage::kProbe};
constexpr std::array kTransports = {Transport::kUdp, Transport::kTcp, Transport::kTls};

bool IsKnown(const TargetReachability& target) {
  return target.verdict.reachability != history::Reachability::kUnknown || target.verdict.unavailable ||
         !target.rtts.empty();
}

/// In order, each once.
template <typename T>
std::vector<T> Unique(std::vector<T> values) {
  std::ranges::sort(values);
  const auto repeated = std::ranges::unique(values);
  values.erase(repeated.begin(), repeated.end());
  return values;
}

/// The targets that a race led to for the sake of `host`.
void AddCandidates(const RaceRecord& race, const Host& host, std::vector<history::Path>& paths) {
  const bool all = race.IsFor(host);
  for (const RaceCandidate& candidate : race.candidates) {
    if (all || candidate.IsOf(host)) paths.push_back(candidate.path);
  }
}

}  // namespace

std::vector<history::FamilyPreference> BrokerHistory::Preferences() const {
  return state_.history.Preferences(clock_.Now());
}

std::vector<IpAddress> BrokerHistory::AddressesOf(const Host& host) const {
  if (const auto* address = std::get_if<IpAddress>(&host)) return {*address};
  std::vector<IpAddress> addresses = state_.resolver.AddressesOf(std::get<dns::DnsName>(host), clock_.Now());
  for (const history::Path& path : CandidatesOf(host)) addresses.push_back(path.target.endpoint.address);
  return Unique(std::move(addresses));
}

std::vector<history::Path> BrokerHistory::CandidatesOf(const Host& host) const {
  std::vector<history::Path> paths;
  for (const RaceLog::Entry& race : state_.races.Newest()) AddCandidates(*race, host, paths);
  return Unique(std::move(paths));
}

std::vector<history::Path> BrokerHistory::PathsOf(const Host& host) const {
  std::vector<history::Path> paths = CandidatesOf(host);
  for (const IpAddress& address : AddressesOf(host)) {
    std::ranges::move(state_.history.PathsOf(address), std::back_inserter(paths));
  }
  return Unique(std::move(paths));
}

std::vector<history::Path> BrokerHistory::NeighboursOf(const ReachabilityQuery& query) const {
  std::vector<history::Path> paths;
  const auto* address = std::get_if<IpAddress>(&query.host);
  if (address == nullptr) return paths;
  std::vector<history::NetworkId> networks{{}};
  for (const history::KnownNetwork& known : state_.networks.networks()) networks.push_back(known.id);
  for (const history::NetworkId network : networks) {
    for (const Transport transport : kTransports) {
      const history::Path path{network, {{*address, query.port.value_or(DefaultPort(transport))}, transport}};
      if (state_.history.KnowsPrefixOf(path)) paths.push_back(path);
    }
  }
  return Unique(std::move(paths));
}

TargetReachability BrokerHistory::Describe(const history::Path& path, TimePoint now) const {
  TargetReachability target{.path = path,
                            .verdict = state_.history.Judge(path, now),
                            .next_reprobe = state_.history.NextReprobe(path, now),
                            .rtts = {},
                            .timers = history::AdviseTimers(state_.RttOf(path, now), state_.options.timers)};
  for (const AttemptStage stage : kStages) {
    if (auto expected = state_.history.Expect(path, stage, now)) target.rtts.push_back({stage, *expected});
  }
  return target;
}

std::vector<TargetReachability> BrokerHistory::Known(const std::vector<history::Path>& paths,
                                                     const ReachabilityQuery& query) const {
  const TimePoint now = clock_.Now();
  std::vector<TargetReachability> targets;
  for (const history::Path& path : paths) {
    if (query.port && path.target.endpoint.port != *query.port) continue;
    if (query.transport && path.target.transport != *query.transport) continue;
    if (query.interface && state_.networks.InterfaceOf(path.network) != *query.interface) continue;
    if (auto target = Describe(path, now); IsKnown(target)) targets.push_back(std::move(target));
  }
  return targets;
}

std::vector<TargetReachability> BrokerHistory::Reachability(const ReachabilityQuery& query) const {
  auto targets = Known(PathsOf(query.host), query);
  return targets.empty() ? Known(NeighboursOf(query), query) : targets;
}

Forgotten BrokerHistory::ForgetAll() {
  return state_.history.ForgetAll(clock_.Now());
}

Forgotten BrokerHistory::Forget(const IpPrefix& prefix) {
  return state_.history.Forget(prefix, clock_.Now());
}

Forgotten BrokerHistory::Forget(const Host& host) {
  const TimePoint now = clock_.Now();
  Forgotten forgotten;
  for (const IpAddress& address : AddressesOf(host)) forgotten += state_.history.Forget(address, now);
  return forgotten;
}

std::unique_ptr<EventSubscription> BrokerHistory::WatchPreferences(std::optional<std::uint64_t> after_sequence,
                                                                   PreferenceSink sink) {
  const auto id = state_.preference_events.Subscribe(after_sequence, std::nullopt, std::move(sink));
  if (!id) return nullptr;
  return std::make_unique<LogSubscription<PreferenceEvent>>(state_.preference_events, *id);
}

}  // namespace flowbroker::engine
