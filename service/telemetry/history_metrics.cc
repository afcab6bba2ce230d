#include "service/telemetry/history_metrics.h"

#include <string>

#include "service/telemetry/series.h"

namespace flowbroker::telemetry {
namespace {

using Outcome = engine::TransactionReport::Outcome;

constexpr std::array kAllOutcomes = {Outcome::kAnswered, Outcome::kTimedOut, Outcome::kServiceUnavailable,
                                     Outcome::kTransportError};

}  // namespace

HistoryMetrics::HistoryMetrics(prometheus::Registry& registry) {
  auto& changes = prometheus::BuildCounter()
                      .Name("flowbroker_preference_changes_total")
                      .Help("Changes of what is thought of a prefix, by its family and the one preferred since.")
                      .Register(registry);
  for (const AddressFamily family : kAllFamilies) {
    for (const AddressFamily preferred : kAllFamilies) {
      changes_[Index(family)][Index(preferred)] =
          &changes.Add({{"family", std::string(ToString(family))}, {"preferred", std::string(ToString(preferred))}});
    }
  }
  resets_ = &prometheus::BuildCounter()
                 .Name("flowbroker_history_resets_total")
                 .Help("Times that memory was made to forget prefixes.")
                 .Register(registry)
                 .Add({});
  auto& entries =
      prometheus::BuildGauge().Name("flowbroker_history_entries").Help("What memory holds now.").Register(registry);
  auto& evicted = prometheus::BuildCounter()
                      .Name("flowbroker_history_evicted_total")
                      .Help("What memory forgot because it was full.")
                      .Register(registry);
  for (const std::size_t i : {0U, 1U}) {
    const prometheus::Labels labels = {{"level", i == 0 ? "target" : "prefix"}};
    entries_[i] = &entries.Add(labels);
    evicted_[i] = &evicted.Add(labels);
  }
  auto& restorations = Counters(registry, "flowbroker_restorations_total",
                                "Targets, prefixes and families that were held until a success released them.");
  constexpr std::array kLevels = {"target", "prefix", "family"};
  for (std::size_t i = 0; i < kLevels.size(); ++i) restored_[i] = &restorations.Add({{"level", kLevels[i]}});
  auto& reports = prometheus::BuildCounter()
                      .Name("flowbroker_outcome_reports_total")
                      .Help("Reported transactions, by how they ended and whether their flow was open.")
                      .Register(registry);
  for (const Outcome outcome : kAllOutcomes) {
    for (const bool known : {false, true}) {
      reports_[known ? 1 : 0][Index(outcome)] =
          &reports.Add({{"outcome", std::string(NameOf(outcome))}, {"flow", known ? "known" : "unknown"}});
    }
  }
}

void HistoryMetrics::CountPreferenceEvent(const engine::PreferenceEvent& event) {
  const auto* changed = std::get_if<history::FamilyPreference>(&event.what);
  if (changed == nullptr) return resets_->Increment();
  changes_[Index(changed->key.prefix.family())][Index(changed->preferred)]->Increment();
}

void HistoryMetrics::ShowOccupancy(const engine::HistoryOccupancy& occupancy) {
  const std::lock_guard lock(shown_mutex_);  // two scrapes at once must not both add the difference
  entries_[0]->Set(static_cast<double>(occupancy.targets));
  entries_[1]->Set(static_cast<double>(occupancy.prefixes));
  const auto raise = [](prometheus::Counter& counter, std::uint64_t to) {
    counter.Increment(static_cast<double>(to) - counter.Value());
  };
  raise(*evicted_[0], occupancy.evicted_targets);
  raise(*evicted_[1], occupancy.evicted_prefixes);
  raise(*restored_[0], occupancy.restored.targets);
  raise(*restored_[1], occupancy.restored.prefixes);
  raise(*restored_[2], occupancy.restored.families);
}

void HistoryMetrics::CountReport(Outcome outcome, bool known_flow) {
  reports_[known_flow ? 1 : 0][Index(outcome)]->Increment();
}

}  // namespace flowbroker::telemetry
