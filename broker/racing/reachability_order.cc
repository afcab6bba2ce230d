#include "broker/racing/reachability_order.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

namespace flowbroker::racing {
namespace {

using history::Reachability;

enum class Standing : std::uint8_t {
  kNormal,
  kUnavailable,  ///< its host said 503
  kUnreachable,
};

enum class PlaceInHost : std::uint8_t {
  kByPolicy,       ///< where RFC 6724 put it
  kSuspectFamily,  ///< another target of its family in this host is unreachable
  kSlow,
};

bool IsUnreachable(const JudgedCandidate& judged) {
  return judged.verdict.reachability == Reachability::kUnreachable;
}

/// What is known of whole hosts, from the verdicts on their targets.
class Hosts {
 public:
  explicit Hosts(std::span<const JudgedCandidate> judged) {
    for (const JudgedCandidate& one : judged) {
      if (one.verdict.unavailable) unavailable_.insert(one.candidate.group);
      if (IsUnreachable(one)) suspect_.emplace(one.candidate.group, one.candidate.target.family());
    }
  }

  Standing StandingOf(const JudgedCandidate& one) const {
    if (IsUnreachable(one)) return Standing::kUnreachable;
    return unavailable_.contains(one.candidate.group) ? Standing::kUnavailable : Standing::kNormal;
  }

  PlaceInHost PlaceOf(const JudgedCandidate& one) const {
    if (one.verdict.reachability == Reachability::kSlow) return PlaceInHost::kSlow;
    if (one.verdict.head_start) return PlaceInHost::kByPolicy;
    const bool suspect = suspect_.contains({one.candidate.group, one.candidate.target.family()});
    return suspect && one.verdict.reachability == Reachability::kUnknown ? PlaceInHost::kSuspectFamily
                                                                         : PlaceInHost::kByPolicy;
  }

 private:
  std::set<std::size_t> unavailable_;
  std::set<std::pair<std::size_t, AddressFamily>> suspect_;
};

}  // namespace

std::vector<Candidate> OrderByReachability(std::span<const JudgedCandidate> judged) {
  std::vector<Candidate> ordered;
  ordered.reserve(judged.size());
  if (std::all_of(judged.begin(), judged.end(), IsUnreachable)) {
    for (const JudgedCandidate& one : judged) ordered.push_back(one.candidate);
    return ordered;
  }
  using Place = std::tuple<Standing, std::size_t, PlaceInHost, std::size_t>;  // standing, host, place, given order
  const Hosts hosts(judged);
  std::vector<Place> places;
  std::size_t groups = 0;
  for (std::size_t i = 0; i < judged.size(); ++i) {
    const std::size_t group = judged[i].candidate.group;
    places.emplace_back(hosts.StandingOf(judged[i]), group, hosts.PlaceOf(judged[i]), i);
    groups = std::max(groups, group + 1);
  }
  std::ranges::sort(places);
  for (const auto& [standing, group, place, index] : places) {
    ordered.push_back({judged[index].candidate.target, static_cast<std::size_t>(standing) * groups + group});
  }
  return ordered;
}

}  // namespace flowbroker::racing
