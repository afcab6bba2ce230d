#include "service/telemetry/attempt_metrics.h"

#include <algorithm>

namespace flowbroker::telemetry {

AttemptMetrics::AttemptMetrics(prometheus::Registry& registry)
    : reprobes_(Counters(registry, "flowbroker_reprobes_total",
                         "Background attempts on what is held, by their end: ok, or why they failed."),
                {}) {
  auto& attempts =
      Counters(registry, "flowbroker_attempts_total",
               "Stages of connection attempts, and probes of flows, by their end: ok, or why they failed.");
  auto& times = Histograms(registry, "flowbroker_rtt_seconds",
                           "Round-trip times of exchanges in which nothing was sent twice, by family and stage.");
  auto& wins = Counters(registry, "flowbroker_race_wins_total",
                        "Races won, by the winner's family and its place among the attempts that the race started.");
  constexpr std::array kPlaces = {"1", "2", "3", "4+"};
  for (const AddressFamily family : kAllFamilies) {
    for (const AttemptStage stage : kAllStages) {
      round_trips_[Index(family)][Index(stage)] =
          &times.Add({{"family", LabelOf(family)}, {"stage", std::string(NameOf(stage))}}, kRoundTripBounds);
      for (const Transport transport : kAllTransports) {
        if (!HasStage(transport, stage)) continue;
        attempts_[Index(family)][Index(transport)][Index(stage)] = OutcomeCounters(
            attempts,
            {{"family", LabelOf(family)}, {"transport", LabelOf(transport)}, {"stage", std::string(NameOf(stage))}});
      }
    }
    for (std::size_t i = 0; i < kPositions; ++i) {
      wins_[Index(family)][i] = &wins.Add({{"family", LabelOf(family)}, {"position", kPlaces[i]}});
    }
  }
}

void AttemptMetrics::Count(const history::AttemptOutcome& outcome) {
  const Target& target = outcome.path.target;
  attempts_[Index(target.family())][Index(target.transport)][Index(outcome.stage)].Count(outcome.failure);
  if (outcome.rtt) round_trips_[Index(target.family())][Index(outcome.stage)]->Observe(Seconds(*outcome.rtt));
}

void AttemptMetrics::CountWin(AddressFamily family, std::size_t position) {
  wins_[Index(family)][std::clamp<std::size_t>(position, 1, kPositions) - 1]->Increment();
}

}  // namespace flowbroker::telemetry
