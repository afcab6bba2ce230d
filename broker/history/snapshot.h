#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <vector>

#include "broker/base/expected.h"
#include "broker/base/time.h"
#include "broker/history/history_records.h"
#include "broker/history/network_registry.h"

namespace flowbroker::history {

/// What the wall clock shows: the time line of the broker begins anew with the machine, so a file needs another one.
struct WallTime {
  std::chrono::nanoseconds since_epoch;  ///< of 1970-01-01 UTC
};

/// All that memory holds at one moment, as plain records: what outlives a restart of the process.
struct Snapshot {
  TimePoint taken{};          ///< the moment that the records are about
  int ipv4_prefix_bits = 24;  ///< of the prefixes; they mean nothing to a memory that divides addresses otherwise
  int ipv6_prefix_bits = 48;  ///< the same
  std::vector<KnownNetwork> networks = {};  ///< at most kMaxNetworks are read
  HistoryRecords records = {};
  std::vector<FamilyRecordData> families = {};
};

/// In a file. Far more than NetworkRegistry remembers and a host has interfaces.
inline constexpr std::uint32_t kMaxNetworks = 65'536;

/// The snapshot as octets: magic, version, when it was written, the records, and a CRC-32 over all of it.
/// Little-endian. Points in time are written as ages. `written` is the wall clock's time of `snapshot.taken`.
std::vector<std::uint8_t> Encode(const Snapshot& snapshot, WallTime written);

/// The snapshot on today's time line: `now` on the broker's and `wall_now` on the wall clock are the same moment. What
/// lies between writing and reading by the wall clock counts as time that has passed; where that went backwards, none.
/// A format of a newer version and any damage is a failure that says what and where; never half a snapshot. Hostile
/// octets cost no more than time and memory in proportion to their number.
Expected<Snapshot> Decode(std::span<const std::uint8_t> octets, TimePoint now, WallTime wall_now);

}  // namespace flowbroker::history
