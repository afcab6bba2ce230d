#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "broker/base/crc32.h"
#include "broker/history/family_history.h"
#include "broker/history/reachability_history.h"
#include "broker/history/snapshot.h"
#include "broker/history/snapshot_pruning.h"
#include "tests/fuzz/require.h"

using flowbroker::TimePoint;
using flowbroker::fuzz::Require;
using flowbroker::history::Snapshot;
namespace history = flowbroker::history;

namespace {

const TimePoint kNow{std::chrono::hours(30)};
const history::WallTime kWallNow{std::chrono::hours(500'000)};

/// What a fuzzer cannot guess: a head and a checksum around its octets.
std::vector<std::uint8_t> Sealed(std::span<const std::uint8_t> body) {
  std::vector<std::uint8_t> octets = history::Encode(Snapshot{.taken = kNow}, kWallNow);
  octets.resize(20);  // magic, version, wall clock
  octets.insert(octets.end(), body.begin(), body.end());
  const std::uint32_t crc = flowbroker::Crc32(octets);
  for (int i = 0; i < 4; ++i) octets.push_back(static_cast<std::uint8_t>(crc >> (8 * i)));
  return octets;
}

/// A memory that took the snapshot in answers about it, whatever it says.
void Live(Snapshot snapshot) {
  const history::HistoryOptions options;
  history::Prune(snapshot, kNow, options);
  history::FamilyHistory families(options);
  history::ReachabilityHistory memory(options, families);
  families.Import(snapshot.families);
  memory.Import(snapshot.records);
  for (const auto& target : snapshot.records.targets) {
    memory.JudgeForRace(target.path, kNow);
    memory.NextReprobe(target.path, kNow);
    memory.Expect(target.path, flowbroker::AttemptStage::kTcp, kNow);
    memory.Record({.path = target.path, .stage = flowbroker::AttemptStage::kTcp, .failure = {}, .rtt = {}}, kNow);
    memory.Record({.path = target.path,
                   .stage = flowbroker::AttemptStage::kTcp,
                   .failure = flowbroker::FailureReason::kTimedOut,
                   .rtt = {}},
                  kNow);
  }
  for (const auto& preference : memory.Preferences(kNow)) {
    Require(preference.confidence >= 0 && preference.confidence <= 1, "a confidence is a probability");
  }
}

}  // namespace

/// The input as a file, and as what follows the head of a file whose checksum fits.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span input(data, size);
  if (size < 24) Require(!history::Decode(input, kNow, kWallNow), "a file has a head and a checksum");
  (void)history::Decode(input, kNow, kWallNow);
  const auto decoded = history::Decode(Sealed(input), kNow, kWallNow);
  if (!decoded) {
    Require(!decoded.error().detail.empty(), "a refusal says why");
    return 0;
  }
  const auto again = history::Decode(history::Encode(*decoded, kWallNow), kNow, kWallNow);
  Require(again.has_value(), "what was read can be written and read again");
  Require(again->records.targets.size() == decoded->records.targets.size(), "nothing is lost on the way");
  Live(*decoded);
  return 0;
}
