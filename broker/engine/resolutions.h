#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

#include "broker/base/fair_slots.h"
#include "broker/engine/acquire.h"
#include "broker/engine/questions.h"
#include "broker/engine/shard_context.h"

namespace flowbroker::engine {

/// Resolve calls of one shard: location without a race.
class Resolutions {
 public:
  Resolutions(ShardContext& context, Questions& questions)
      : context_(context), questions_(questions), slots_(context.SlotsOf(context.state.options.max_requests)) {}

  void Start(const std::string& tenant, const Destination& destination, TimePoint deadline, ResolveCallback done,
             TimePoint now);

  /// False where `number` is no resolution's.
  bool OnAnswer(std::uint64_t number, const dns::Question& question, const SharedResolver::Answer& answer,
                TimePoint now);
  bool OnTimer(std::uint64_t number, TimePoint now);
  void Stop(const Failure& failure, TimePoint now);

 private:
  struct Running {
    std::uint64_t number;
    std::string tenant;
    Destination destination;
    location::ServerLocator locator;
    TimePoint started;
    ResolveCallback done;
    TimePoint scheduled = kNever;
  };

  void EndIfDone(Running& running, TimePoint now);
  void End(Running& running, std::optional<Failure> failure, TimePoint now);

  ShardContext& context_;
  Questions& questions_;
  FairSlots slots_;  // as many as Acquires: they go on to their deadline, whoever still waits
  std::unordered_map<std::uint64_t, Running> running_;
};

}  // namespace flowbroker::engine
