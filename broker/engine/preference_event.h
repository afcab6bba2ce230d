#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "broker/base/ip_prefix.h"
#include "broker/base/time.h"
#include "broker/history/family_preference.h"

namespace flowbroker::engine {

/// Everything about the prefix was forgotten because someone asked for it; absent: about all of them.
struct PreferencesForgotten {
  std::optional<IpPrefix> prefix;
};

/// What memory thinks of a prefix has changed.
struct PreferenceEvent {
  std::uint64_t sequence;  ///< rises by one per event of the process, from 1
  TimePoint time;
  std::variant<history::FamilyPreference, PreferencesForgotten> what;
};

/// For EventLog: memory is everybody's.
inline const std::string& TenantOf(const PreferenceEvent& /*event*/) {
  static const std::string nobody;
  return nobody;
}

}  // namespace flowbroker::engine
