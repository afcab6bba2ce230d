#include "broker/history/snapshot.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "broker/base/crc32.h"
#include "broker/history/snapshot_fields.h"
#include "broker/history/snapshot_reader.h"
#include "broker/history/snapshot_writer.h"

namespace flowbroker::history {
namespace {

constexpr std::string_view kMagic = "FLOWMEM\n";  // the line break shows a transfer that "translates" text
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kHeadOctets = 8 + 4 + 8;  // magic, version, wall clock
constexpr std::size_t kCrcOctets = 4;

Unexpected Refused(const std::string& why) {
  return Unexpected({FailureReason::kInvalidArgument, why});
}

/// What has to hold before anything is believed: the octets without their checksum.
Expected<std::span<const std::uint8_t>> Checked(std::span<const std::uint8_t> octets) {
  const auto is_magic = [](std::uint8_t octet, char letter) { return octet == static_cast<std::uint8_t>(letter); };
  if (octets.size() < kHeadOctets + kCrcOctets || !std::ranges::equal(octets.first(kMagic.size()), kMagic, is_magic)) {
    return Refused("it is no snapshot of flowbroker's memory");
  }
  std::uint32_t version = 0;
  SnapshotReader(octets, kMagic.size())(version);
  if (version != kVersion) {
    return Refused("its format has version " + std::to_string(version) + ", this broker reads version " +
                   std::to_string(kVersion));
  }
  std::uint32_t crc = 0;
  SnapshotReader(octets, octets.size() - kCrcOctets)(crc);
  const auto covered = octets.first(octets.size() - kCrcOctets);
  if (crc != Crc32(covered)) {
    return Refused("the checksum does not fit its " + std::to_string(octets.size()) + " octets: it is damaged");
  }
  return covered;
}

/// How much time has passed since the snapshot, as far as the wall clock can be believed.
Expected<Duration> TimeSince(std::span<const std::uint8_t> octets, WallTime wall_now) {
  SnapshotReader in(octets, kMagic.size() + sizeof kVersion);
  std::int64_t written = 0;
  in(written);
  if (written < 0) in.Refuse("written before 1970");
  if (!in.ok()) return Refused(in.failure());
  return std::clamp(wall_now.since_epoch - Duration(written), Duration::zero(), SnapshotWriter::kMaxAge);
}

}  // namespace

std::vector<std::uint8_t> Encode(const Snapshot& snapshot, WallTime written) {
  SnapshotWriter out(snapshot.taken);
  for (const char letter : kMagic) out(static_cast<std::uint8_t>(letter));
  out(kVersion);
  out(std::int64_t{written.since_epoch.count()});
  Fields(out, snapshot);
  out(Crc32(out.octets()));
  return out.Take();
}

Expected<Snapshot> Decode(std::span<const std::uint8_t> octets, TimePoint now, WallTime wall_now) {
  const auto covered = Checked(octets);
  if (!covered) return Unexpected(covered.error());
  const auto passed = TimeSince(*covered, wall_now);
  if (!passed) return Unexpected(passed.error());
  SnapshotReader in(*covered, kHeadOctets, now - *passed);
  Snapshot snapshot{.taken = now - *passed};
  Fields(in, snapshot);
  if (in.ok() && in.left() > 0) in.Refuse("more octets than records");
  if (!in.ok()) return Refused(in.failure());
  return snapshot;
}

}  // namespace flowbroker::history
