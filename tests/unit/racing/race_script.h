#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "broker/racing/race.h"

namespace flowbroker::racing {

/// Targets for people: "6a" is TCP [2001:db8::a]:5060, "4b" is TCP 192.0.2.11:5060; a prefix "tls " or "udp " changes
/// the transport.
Target TargetNamed(std::string_view name);

/// Candidates of one group, best first.
std::vector<Candidate> Group(const std::vector<std::string_view>& names, std::size_t group = 0);

/// The same group after group.
std::vector<Candidate> Groups(const std::vector<std::vector<std::string_view>>& groups);

/// All candidates at once and no more to come.
CandidatesChanged All(std::vector<Candidate> candidates);

/// "start 0 6a", "cancel 0 lost_race", "won 1 4a", "lost refused"; names as in TargetNamed.
std::vector<std::string> Describe(const std::vector<RaceAction>& actions);

constexpr TimePoint At(int milliseconds) {
  return TimePoint{} + std::chrono::hours(1) + std::chrono::milliseconds(milliseconds);
}

constexpr AttemptId kFirst{0};
constexpr AttemptId kSecond{1};
constexpr AttemptId kThird{2};

}  // namespace flowbroker::racing
