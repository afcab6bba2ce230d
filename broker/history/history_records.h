#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "broker/base/failure.h"
#include "broker/base/ip_address.h"
#include "broker/base/target.h"
#include "broker/base/time.h"
#include "broker/history/evidence.h"
#include "broker/history/family_preference.h"
#include "broker/history/hold.h"
#include "broker/history/path.h"
#include "broker/history/rtt_estimate.h"

namespace flowbroker::history {

// What memory keeps at each of its levels: plain data, which a snapshot may write and read. kNever as the time of
// something: it has not happened.

/// Round-trip time of one stage.
struct StageRecord {
  RttEstimate estimate;
  TimePoint at{};  ///< of the newest sample; without meaning where there is none
};

using StageRecords = std::array<StageRecord, 3>;  // by AttemptStage

constexpr std::size_t IndexOf(AttemptStage stage) {
  return static_cast<std::size_t>(stage);
}

/// Of an address, port and transport on one network.
struct TargetRecord {
  Evidence evidence;
  StageRecords stages;
  std::optional<Hold> hold;
  TimePoint last_success = kNever;
  TimePoint last_failure = kNever;
  FailureReason last_reason{};           ///< of the last failure; meaningful where there was one
  bool unavailable_once = false;         ///< 503 without a time: of the next race only
  TimePoint unavailable_until = kNever;  ///< its server said 503; kNever: it did not
};

/// An address, or prefix, that failed and makes the level above suspicious.
struct Suspect {
  IpAddress address;
  TimePoint at;
};

/// Of the addresses that share a path (PrefixKey).
struct PrefixRecord {
  Evidence evidence;
  StageRecords stages;
  std::optional<Hold> hold;
  std::optional<Suspect> suspect;  ///< the last address that failed since the last success
  TimePoint last_success = kNever;
  Evidence races;                ///< between both families; a success: this one's won
  std::uint32_t wins = 0;        ///< as in FamilyPreference
  std::uint32_t losses = 0;      ///< as in FamilyPreference
  TimePoint lost_race = kNever;  ///< the last race was lost then, and there was no success since
  TimePoint preferred_since{};   ///< what is preferred now has been since then
  bool other_preferred = false;  ///< the other family is preferred
  /// What was told last by TakeChanges.
  bool told_other_preferred = false;
  Reachability told_reachability = Reachability::kUnknown;
};

/// One address family on one network.
struct FamilyKey {
  NetworkId network;
  AddressFamily family;
  friend bool operator==(const FamilyKey&, const FamilyKey&) = default;
};

/// Of a whole family.
struct FamilyRecord {
  Evidence evidence;
  std::optional<Hold> hold;
  std::vector<Suspect> suspects;  ///< prefixes that are held, with no success between; at most two
};

struct TargetRecordData {
  Path path;
  TargetRecord record;
};

struct PrefixRecordData {
  PrefixKey key;
  PrefixRecord record;
};

struct FamilyRecordData {
  FamilyKey key;
  FamilyRecord record;
};

/// Targets and prefixes, each the one recorded least recently first.
struct HistoryRecords {
  std::vector<TargetRecordData> targets;
  std::vector<PrefixRecordData> prefixes;
};

}  // namespace flowbroker::history

template <>
struct std::hash<flowbroker::history::FamilyKey> {
  std::size_t operator()(const flowbroker::history::FamilyKey& key) const noexcept {
    return key.network.value * std::size_t{2} + static_cast<std::size_t>(key.family);
  }
};
