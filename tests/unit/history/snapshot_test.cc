#include "broker/history/snapshot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "broker/history/crc32.h"

namespace flowbroker::history {
namespace {

using std::chrono::hours;
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

Snapshot Example() {
  return {.taken = kTaken,
          .ipv4_prefix_bits = 24,
          .ipv6_prefix_bits = 48,
          .networks = {Network(3, "eth0", "192.0.2.1"), Network(9, "wlan0", "198.51.100.1")}};
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

void ExpectSame(const Snapshot& got, const Snapshot& wanted) {
  EXPECT_EQ(got.ipv4_prefix_bits, wanted.ipv4_prefix_bits);
  EXPECT_EQ(got.ipv6_prefix_bits, wanted.ipv6_prefix_bits);
  ASSERT_EQ(got.networks.size(), wanted.networks.size());
  for (std::size_t i = 0; i < wanted.networks.size(); ++i) {
    EXPECT_EQ(got.networks[i].id, wanted.networks[i].id);
    EXPECT_EQ(got.networks[i].seen_as, wanted.networks[i].seen_as);
  }
}

TEST(Crc32Test, GivesTheWellKnownCheckValue) {
  const std::string digits = "123456789";
  EXPECT_EQ(Crc32(std::vector<std::uint8_t>(digits.begin(), digits.end())), 0xCBF43926U);
  EXPECT_EQ(Crc32({}), 0U);
}

TEST(SnapshotTest, ComesBackAsItWas) {
  const auto decoded = Decode(EncodedExample(), kTaken, kWritten);
  ASSERT_TRUE(decoded) << decoded.error().detail;
  EXPECT_EQ(decoded->taken, kTaken);
  ExpectSame(*decoded, Example());
}

TEST(SnapshotTest, AnEmptyMemoryIsASnapshotToo) {
  const Snapshot empty{.taken = kTaken, .ipv4_prefix_bits = 24, .ipv6_prefix_bits = 48, .networks = {}};
  const auto decoded = Decode(Encode(empty, kWritten), kTaken, kWritten);
  ASSERT_TRUE(decoded) << decoded.error().detail;
  ExpectSame(*decoded, empty);
}

TEST(SnapshotTest, CountsTheTimeTheProcessWasDown) {
  const TimePoint now{minutes(3)};  // the machine was started anew
  const auto decoded = Decode(EncodedExample(), now, {kWritten.since_epoch + hours(2)});
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->taken, now - hours(2));
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
