#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>

#include "broker/engine/acquire.h"
#include "broker/engine/questions.h"
#include "broker/engine/shard_context.h"

namespace flowbroker::engine {

/// Resolve calls of one shard: location without a race.
class Resolutions {
 public:
  Resolutions(ShardContext& context, Questions& questions) : context_(context), questions_(questions) {}

  void Start(const Destination& destination, TimePoint deadline, ResolveCallback done, TimePoint now);

  /// False where `number` is no resolution's.
  bool OnAnswer(std::uint64_t number, const dns::Question& question, const SharedResolver::Answer& answer,
                TimePoint now);
  bool OnTimer(std::uint64_t number);
  void Stop(const Failure& failure);

 private:
  struct Running {
    std::uint64_t number;
    location::ServerLocator locator;
    TimePoint started;
    ResolveCallback done;
    TimePoint scheduled = kNever;
  };

  void EndIfDone(Running& running);
  void End(Running& running, std::optional<Failure> failure);

  ShardContext& context_;
  Questions& questions_;
  std::unordered_map<std::uint64_t, Running> running_;
};

}  // namespace flowbroker::engine
