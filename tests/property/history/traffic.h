#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "broker/history/reachability_history.h"
#include "tests/property/history/breakages.h"
#include "tests/support/seeded_random.h"

namespace flowbroker::history {

/// One request, as memory saw it.
struct RacedRequest {
  TimePoint at;
  const Host& host;
  std::vector<Verdict> before;  ///< of each IPv6 address, asked without consequences
  std::vector<Verdict> judged;  ///< of each IPv6 address, for this race
  Path first;                   ///< what the race began with
};

/// Requests, their races and background attempts on a scheduled network, in virtual time: a model of what the engine
/// does with memory, without connections.
class Traffic {
 public:
  Traffic(const Schedule& schedule, ReachabilityHistory& history) : schedule_(schedule), history_(history) {}

  /// Runs to the end of the schedule. `on_request` is called for each, before its attempts are made.
  void Run(const std::function<void(const RacedRequest&)>& on_request);

  TimePoint now() const { return now_; }

 private:
  struct Started {
    Path path;
    TimePoint at;
    TimePoint ends;                        ///< kNever: silent
    std::optional<FailureReason> failure;  ///< how it ends, if it ends
  };
  Started Start(const Path& path, TimePoint at) const;
  void Request(const Host& host, const std::function<void(const RacedRequest&)>& on_request);
  void Race(const std::vector<Path>& order);
  void Reprobe(const Path& path);
  void Later(TimePoint at, const Path& path, std::optional<FailureReason> failure, Duration took);

  const Schedule& schedule_;
  ReachabilityHistory& history_;
  testing::SeededRandom random_{7};
  TimePoint now_{};
  std::multimap<TimePoint, std::function<void()>> agenda_;
};

}  // namespace flowbroker::history
