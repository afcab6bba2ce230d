#include "broker/history/snapshot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "broker/base/crc32.h"

namespace flowbroker::history {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::HasSubstr;

const TimePoint kTaken{hours(50)};
const WallTime kWritten{hours(24 * 365 * 56)};

IpAddress Address(std::string_view text) {
  return IpAddress::Parse(text).value();
}

KnownNetwork Network(std::uint32_t id, std::string name, std::string_view address) {
  return {{id}, {.name = std::move(name), .addresses = {{Address(address), 24}, {Address("2001:db8::1"), 64}}}};
}

Target Tls(std::string_view address) {
  return {.endpoint = {Address(address), 5061}, .transport = Transport::kTls};
}

StageRecords Measured(AttemptStage stage) {
  StageRecords stages;
  stages[IndexOf(stage)] = {RttEstimate(milliseconds(21), milliseconds(4), 17), kTaken - minutes(4)};
  return stages;
}

Hold ExampleHold() {
  return {.since = kTaken - minutes(5),
          .latest = kTaken - minutes(1),
          .head_start = kTaken + minutes(5),
          .next_reprobe = kTaken + seconds(7),
          .limit = milliseconds(200),
          .reason = FailureReason::kOvertaken,
          .reprobes = 5,
          .slow = true};
}

TargetRecordData HeldTarget() {
  return {{{3}, Tls("2001:db8:1::10")},
          {.evidence = {1.5F, 2.25F, kTaken - minutes(1)},
           .stages = Measured(AttemptStage::kTls),
           .hold = ExampleHold(),
           .last_success = kTaken - minutes(6),
           .last_failure = kTaken - minutes(1),
           .last_reason = FailureReason::kTlsTimedOut,
           .unavailable_once = true,
           .unavailable_until = kTaken + minutes(3)}};
}

PrefixRecordData HeldPrefix() {
  return {{{9}, Address("192.0.2.0"), Transport::kTcp},
          {.evidence = {0.5F, 4, kTaken - seconds(2)},
           .stages = Measured(AttemptStage::kTcp),
           .hold = ExampleHold(),
           .suspect = Suspect{Address("192.0.2.7"), kTaken - minutes(2)},
           .last_success = kTaken - minutes(9),
           .races = {2, 3, kTaken - minutes(3)},
           .wins = 70,
           .losses = 30,
           .lost_race = kTaken - minutes(3),
           .preferred_since = kTaken - hours(1),
           .other_preferred = true,
           .told_other_preferred = true,
           .told_reachability = Reachability::kSlow}};
}

FamilyRecordData HeldFamily() {
  return {{{9}, AddressFamily::kIpv6},
          {.evidence = {0, 3, kTaken - seconds(1)},
           .hold = ExampleHold(),
           .suspects = {{Address("2001:db8:1::"), kTaken - minutes(1)}, {Address("2001:db8:2::"), kTaken}}}};
}

Snapshot Example() {
  return {.taken = kTaken,
          .ipv4_prefix_bits = 20,
          .ipv6_prefix_bits = 56,
          .networks = {Network(3, "eth0", "192.0.2.1"), Network(9, "wlan0", "198.51.100.1")},
          .records = {.targets = {HeldTarget(), {{{9}, Tls("192.0.2.9")}, {}}},
                      .prefixes = {HeldPrefix(), {{{3}, Address("2001:db8::"), Transport::kUdp}, {}}}},
          .families = {HeldFamily()}};
}

std::vector<std::uint8_t> EncodedExample() {
  return Encode(Example(), kWritten);
}

/// The same octets with `change` applied and a checksum that fits again: what a defect of a writer would leave.
template <typename Change>
std::vector<std::uint8_t> Resealed(Change change) {
  std::vector<std::uint8_t> octets = EncodedExample();
  octets.resize(octets.size() - 4);
  change(octets);
  const std::uint32_t crc = Crc32(octets);
  for (int i = 0; i < 4; ++i) octets.push_back(static_cast<std::uint8_t>(crc >> (8 * i)));
  return octets;
}

std::string WhyRefused(const std::vector<std::uint8_t>& octets) {
  const auto decoded = Decode(octets, kTaken, kWritten);
  return decoded ? "" : decoded.error().detail;
}

void ExpectSame(const Evidence& got, const Evidence& wanted) {
  EXPECT_EQ(got.successes, wanted.successes);
  EXPECT_EQ(got.failures, wanted.failures);
  EXPECT_EQ(got.at, wanted.at);
}

void ExpectSame(const StageRecords& got, const StageRecords& wanted) {
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    EXPECT_EQ(got[i].estimate.smoothed(), wanted[i].estimate.smoothed());
    EXPECT_EQ(got[i].estimate.variation(), wanted[i].estimate.variation());
    EXPECT_EQ(got[i].estimate.samples(), wanted[i].estimate.samples());
    EXPECT_EQ(got[i].at, wanted[i].at);
  }
}

void ExpectSame(const std::optional<Hold>& got, const std::optional<Hold>& wanted) {
  ASSERT_EQ(got.has_value(), wanted.has_value());
  if (!got) return;
  EXPECT_EQ(got->since, wanted->since);
  EXPECT_EQ(got->latest, wanted->latest);
  EXPECT_EQ(got->head_start, wanted->head_start);
  EXPECT_EQ(got->next_reprobe, wanted->next_reprobe);
  EXPECT_EQ(got->limit, wanted->limit);
  EXPECT_EQ(got->reason, wanted->reason);
  EXPECT_EQ(got->reprobes, wanted->reprobes);
  EXPECT_EQ(got->slow, wanted->slow);
}

void ExpectSame(const Suspect& got, const Suspect& wanted) {
  EXPECT_EQ(got.address, wanted.address);
  EXPECT_EQ(got.at, wanted.at);
}

void ExpectSame(const KnownNetwork& got, const KnownNetwork& wanted) {
  EXPECT_EQ(got.id, wanted.id);
  EXPECT_EQ(got.seen_as, wanted.seen_as);
}

void ExpectSame(const TargetRecordData& got, const TargetRecordData& wanted) {
  EXPECT_EQ(got.path, wanted.path);
  ExpectSame(got.record.evidence, wanted.record.evidence);
  ExpectSame(got.record.stages, wanted.record.stages);
  ExpectSame(got.record.hold, wanted.record.hold);
  EXPECT_EQ(got.record.last_success, wanted.record.last_success);
  EXPECT_EQ(got.record.last_failure, wanted.record.last_failure);
  EXPECT_EQ(got.record.last_reason, wanted.record.last_reason);
  EXPECT_EQ(got.record.unavailable_once, wanted.record.unavailable_once);
  EXPECT_EQ(got.record.unavailable_until, wanted.record.unavailable_until);
}

void ExpectSame(const PrefixRecordData& got, const PrefixRecordData& wanted) {
  EXPECT_EQ(got.key, wanted.key);
  ExpectSame(got.record.evidence, wanted.record.evidence);
  ExpectSame(got.record.stages, wanted.record.stages);
  ExpectSame(got.record.hold, wanted.record.hold);
  ASSERT_EQ(got.record.suspect.has_value(), wanted.record.suspect.has_value());
  if (wanted.record.suspect) ExpectSame(*got.record.suspect, *wanted.record.suspect);
  EXPECT_EQ(got.record.last_success, wanted.record.last_success);
  ExpectSame(got.record.races, wanted.record.races);
  EXPECT_EQ(got.record.wins, wanted.record.wins);
  EXPECT_EQ(got.record.losses, wanted.record.losses);
  EXPECT_EQ(got.record.lost_race, wanted.record.lost_race);
  EXPECT_EQ(got.record.preferred_since, wanted.record.preferred_since);
  EXPECT_EQ(got.record.other_preferred, wanted.record.other_preferred);
  EXPECT_EQ(got.record.told_other_preferred, wanted.record.told_other_preferred);
  EXPECT_EQ(got.record.told_reachability, wanted.record.told_reachability);
}

void ExpectSame(const FamilyRecordData& got, const FamilyRecordData& wanted);

template <typename Record>
void ExpectSame(const std::vector<Record>& got, const std::vector<Record>& wanted) {
  ASSERT_EQ(got.size(), wanted.size());
  for (std::size_t i = 0; i < wanted.size(); ++i) ExpectSame(got[i], wanted[i]);
}

void ExpectSame(const FamilyRecordData& got, const FamilyRecordData& wanted) {
  EXPECT_EQ(got.key, wanted.key);
  ExpectSame(got.record.evidence, wanted.record.evidence);
  ExpectSame(got.record.hold, wanted.record.hold);
  ExpectSame(got.record.suspects, wanted.record.suspects);
}

void ExpectSame(const Snapshot& got, const Snapshot& wanted) {
  EXPECT_EQ(got.ipv4_prefix_bits, wanted.ipv4_prefix_bits);
  EXPECT_EQ(got.ipv6_prefix_bits, wanted.ipv6_prefix_bits);
  ExpectSame(got.networks, wanted.networks);
  ExpectSame(got.records.targets, wanted.records.targets);
  ExpectSame(got.records.prefixes, wanted.records.prefixes);
  ExpectSame(got.families, wanted.families);
}

TEST(SnapshotTest, ComesBackAsItWas) {
  const auto decoded = Decode(EncodedExample(), kTaken, kWritten);
  ASSERT_TRUE(decoded) << decoded.error().detail;
  EXPECT_EQ(decoded->taken, kTaken);
  ExpectSame(*decoded, Example());
}

TEST(SnapshotTest, AnEmptyMemoryIsASnapshotToo) {
  const Snapshot empty{.taken = kTaken};
  const auto decoded = Decode(Encode(empty, kWritten), kTaken, kWritten);
  ASSERT_TRUE(decoded) << decoded.error().detail;
  ExpectSame(*decoded, empty);
}

TEST(SnapshotTest, CountsTheTimeTheProcessWasDown) {
  const TimePoint now{minutes(3)};  // the machine was started anew
  const auto decoded = Decode(EncodedExample(), now, {kWritten.since_epoch + hours(2)});
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->taken, now - hours(2));
  const TargetRecord& held = decoded->records.targets[0].record;
  EXPECT_EQ(held.last_failure, now - hours(2) - minutes(1));
  EXPECT_EQ(held.hold->next_reprobe, now - hours(2) + seconds(7));
  EXPECT_EQ(held.unavailable_until, now - hours(2) + minutes(3));
  EXPECT_EQ(decoded->records.targets[1].record.last_success, kNever);  // whatever the clock says
}

TEST(SnapshotTest, AWallClockThatWentBackIsNoDowntime) {
  const auto decoded = Decode(EncodedExample(), kTaken, {kWritten.since_epoch - hours(2)});
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->taken, kTaken);
}

TEST(SnapshotTest, AWallClockFarAheadOverflowsNothing) {
  const auto decoded = Decode(EncodedExample(), kTaken, {std::chrono::nanoseconds::max()});
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->taken, kTaken - hours(24 * 365 * 10));
}

TEST(SnapshotTest, EveryTruncationIsRefused) {
  const auto octets = EncodedExample();
  for (std::size_t size = 0; size < octets.size(); ++size) {
    EXPECT_NE(WhyRefused({octets.begin(), octets.begin() + static_cast<std::ptrdiff_t>(size)}), "") << size;
  }
}

TEST(SnapshotTest, EveryFlippedBitIsRefused) {
  const auto octets = EncodedExample();
  for (std::size_t at = 0; at < octets.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      auto damaged = octets;
      damaged[at] = static_cast<std::uint8_t>(damaged[at] ^ (1U << bit));
      EXPECT_NE(WhyRefused(damaged), "") << "octet " << at << " bit " << bit;
    }
  }
}

TEST(SnapshotTest, SaysWhatIsWrong) {
  EXPECT_THAT(WhyRefused({}), HasSubstr("no snapshot"));
  EXPECT_THAT(WhyRefused(std::vector<std::uint8_t>(100, 'x')), HasSubstr("no snapshot"));
  auto damaged = EncodedExample();
  damaged[damaged.size() / 2] ^= 1U;
  EXPECT_THAT(WhyRefused(damaged), HasSubstr("checksum"));
}

TEST(SnapshotTest, AFormatOfTheFutureIsRefusedByItsVersion) {
  EXPECT_THAT(WhyRefused(Resealed([](auto& octets) { octets[8] = 2; })),
              testing::AllOf(HasSubstr("version 2"), HasSubstr("version 1")));
}

TEST(SnapshotTest, OctetsAfterTheLastRecordAreRefused) {
  EXPECT_THAT(WhyRefused(Resealed([](auto& octets) { octets.push_back(0); })), HasSubstr("more octets than records"));
}

TEST(SnapshotTest, ACountThatTheOctetsCannotHoldIsRefusedBeforeAnyMemoryIsTaken) {
  const auto refused = WhyRefused(Resealed([](auto& octets) {
    for (std::size_t i = 0; i < 4; ++i) octets[28 + i] = 0xFF;  // the number of networks
  }));
  EXPECT_THAT(refused, HasSubstr("4294967295 networks cannot be"));
  EXPECT_THAT(refused, HasSubstr("octet 32"));
}

TEST(SnapshotTest, MoreNetworksThanAnyHostHasAreRefused) {
  Snapshot snapshot{.taken = kTaken};
  snapshot.networks.resize(kMaxNetworks);
  EXPECT_EQ(WhyRefused(Encode(snapshot, kWritten)), "");
  snapshot.networks.resize(kMaxNetworks + 1);
  EXPECT_THAT(WhyRefused(Encode(snapshot, kWritten)), HasSubstr("65537 networks cannot be"));
}

TEST(SnapshotTest, AHoldThatAnySuccessReleasesStaysOne) {
  Snapshot snapshot = Example();
  snapshot.families[0].record.hold->limit = Duration::max();
  const auto decoded = Decode(Encode(snapshot, kWritten), kTaken, kWritten);
  ASSERT_TRUE(decoded) << decoded.error().detail;
  EXPECT_EQ(decoded->families[0].record.hold->limit, Duration::max());
}

TEST(SnapshotTest, TimesFartherAwayThanTenYearsAreWrittenAsTenYears) {
  Snapshot snapshot = Example();
  snapshot.records.targets[0].record.last_failure = TimePoint::min();
  snapshot.records.targets[0].record.unavailable_until = kNever - Duration(1);
  const auto decoded = Decode(Encode(snapshot, kWritten), kTaken, kWritten);
  ASSERT_TRUE(decoded) << decoded.error().detail;
  EXPECT_EQ(decoded->records.targets[0].record.last_failure, kTaken - hours(24 * 365 * 10));
  EXPECT_EQ(decoded->records.targets[0].record.unavailable_until, kTaken + hours(24 * 365 * 10));
}

// Whatever octet has any value, behind a checksum that fits: read or refused, never a crash (run under ASan and UBSan).
TEST(SnapshotTest, SurvivesAnyValueOfAnyOctet) {
  const std::size_t size = EncodedExample().size() - 4;
  for (std::size_t at = 12; at < size; ++at) {
    for (const int value : {0, 1, 2, 4, 0x7F, 0x80, 0xFF}) {
      const auto octets = Resealed([&](auto& all) { all[at] = static_cast<std::uint8_t>(value); });
      if (const auto decoded = Decode(octets, kTaken, kWritten)) {
        EXPECT_TRUE(Decode(Encode(*decoded, kWritten), kTaken, kWritten)) << "octet " << at << " value " << value;
      }
    }
  }
}

}  // namespace
}  // namespace flowbroker::history
