#include "broker/history/snapshot.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "broker/history/crc32.h"
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

// A value for every record to read into; IpAddress has no empty one.
IpAddress NoAddress() {
  return IpAddress::FromIpv4({});
}

template <typename Records, typename WriteOne>
void WriteAll(SnapshotWriter& out, const Records& records, WriteOne write) {
  out(static_cast<std::uint32_t>(records.size()));
  for (const auto& record : records) write(record);
}

/// Reads as many records as the count before them says. Every record has at least one octet, which bounds the count.
template <typename Record, typename ReadOne>
void ReadAll(SnapshotReader& in, const char* what, std::vector<Record>& records, ReadOne read) {
  std::uint32_t count = 0;
  in(count);
  if (count > in.left()) return in.Refuse(std::to_string(count) + " " + what + " cannot be in what follows");
  for (std::uint32_t n = 0; n < count && in.ok(); ++n) records.push_back(read());
}

void Write(SnapshotWriter& out, const KnownNetwork& network) {
  out(network.id.value);
  out(network.seen_as.name);
  WriteAll(out, network.seen_as.addresses, [&](const InterfaceAddress& own) { Fields(out, own); });
}

KnownNetwork ReadNetwork(SnapshotReader& in) {
  KnownNetwork network{};
  in(network.id.value);
  if (network.id.value == 0 || network.id.value > INT32_MAX) in.Refuse("no id of a network");
  in(network.seen_as.name);
  ReadAll(in, "addresses", network.seen_as.addresses, [&] {
    InterfaceAddress own{NoAddress(), 0};
    Fields(in, own);
    return own;
  });
  return network;
}

void WriteRecords(SnapshotWriter& out, const Snapshot& snapshot) {
  out(snapshot.ipv4_prefix_bits);
  out(snapshot.ipv6_prefix_bits);
  WriteAll(out, snapshot.networks, [&](const KnownNetwork& network) { Write(out, network); });
}

Snapshot ReadRecords(SnapshotReader& in, TimePoint taken) {
  Snapshot snapshot{.taken = taken, .ipv4_prefix_bits = 0, .ipv6_prefix_bits = 0, .networks = {}};
  in(snapshot.ipv4_prefix_bits);
  in(snapshot.ipv6_prefix_bits);
  ReadAll(in, "networks", snapshot.networks, [&] { return ReadNetwork(in); });
  if (in.ok() && in.left() > 0) in.Refuse("more octets than records");
  return snapshot;
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
  Duration written{};
  in(written);
  if (written < Duration::zero()) in.Refuse("written before 1970");
  if (!in.ok()) return Refused(in.failure());
  return std::clamp(wall_now.since_epoch - written, Duration::zero(), SnapshotWriter::kMaxAge);
}

}  // namespace

std::vector<std::uint8_t> Encode(const Snapshot& snapshot, WallTime written) {
  SnapshotWriter out(snapshot.taken);
  for (const char letter : kMagic) out(static_cast<std::uint8_t>(letter));
  out(kVersion);
  out(written.since_epoch);
  WriteRecords(out, snapshot);
  out(Crc32(out.octets()));
  return out.Take();
}

Expected<Snapshot> Decode(std::span<const std::uint8_t> octets, TimePoint now, WallTime wall_now) {
  const auto covered = Checked(octets);
  if (!covered) return Unexpected(covered.error());
  const auto passed = TimeSince(*covered, wall_now);
  if (!passed) return Unexpected(passed.error());
  SnapshotReader in(*covered, kHeadOctets, now - *passed);
  Snapshot snapshot = ReadRecords(in, now - *passed);
  if (!in.ok()) return Refused(in.failure());
  return snapshot;
}

}  // namespace flowbroker::history
