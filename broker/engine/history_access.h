#pragma once

#include <string>
#include <vector>

#include "broker/engine/broker_state.h"

namespace flowbroker::engine {

/// What others may ask and order of the broker's memory. Thread-safe; lives as long as its broker.
class HistoryAccess {
 public:
  HistoryAccess(BrokerState& state, const Clock& clock) : state_(state), clock_(clock) {}

  /// What is known of each prefix, in order of network, prefix and transport.
  std::vector<history::FamilyPreference> Preferences() const { return state_.history.Preferences(clock_.Now()); }

  /// Name of the interface behind `id`; empty where it is not known.
  std::string InterfaceOf(history::NetworkId id) const { return state_.networks.InterfaceOf(id); }

  /// Forgets everything that was learned of any target.
  void ForgetAll() { state_.history.ForgetAll(); }

 private:
  BrokerState& state_;
  const Clock& clock_;
};

}  // namespace flowbroker::engine
