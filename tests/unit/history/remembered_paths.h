#pragma once

#include <optional>
#include <string_view>

#include "broker/history/family_history.h"
#include "broker/history/reachability_history.h"
#include "tests/support/seeded_random.h"

namespace flowbroker::history {

/// A memory with a clock beside it, and short words for what happens on a path.
struct RememberedPaths {
  explicit RememberedPaths(HistoryOptions history_options = {})
      : options(history_options), families(options), history(options, families) {}

  static Path Tcp(std::string_view address, std::uint32_t network = 0) {
    return {{network}, {.endpoint = {IpAddress::Parse(address).value(), 5060}, .transport = Transport::kTcp}};
  }
  static Path Tls(std::string_view address) {
    Path path = Tcp(address);
    path.target.transport = Transport::kTls;
    return path;
  }

  void Succeeds(const Path& path, std::optional<Duration> took = std::nullopt) {
    const AttemptStage stage = path.target.transport == Transport::kTls ? AttemptStage::kTls : AttemptStage::kTcp;
    history.Record({path, stage, std::nullopt, std::nullopt, took}, now);
  }
  void Fails(const Path& path, FailureReason reason, std::optional<Duration> took = std::nullopt) {
    history.Record({path, AttemptStage::kTcp, reason, std::nullopt, took}, now);
  }
  Reachability Judged(const Path& path) const { return history.Judge(path, now).reachability; }
  Reachability JudgedForRace(const Path& path) { return history.JudgeForRace(path, now).reachability; }
  bool AvoidedByARequest(const Path& path) {
    const bool unavailable = history.Judge(path, now).unavailable;
    history.TakeUnavailable(path);
    return unavailable;
  }
  bool TakesReprobe(const Path& path) { return history.TakeReprobe(path, now, random); }

  HistoryOptions options;
  FamilyHistory families;
  ReachabilityHistory history;
  testing::SeededRandom random{1};
  TimePoint now{};
};

}  // namespace flowbroker::history
