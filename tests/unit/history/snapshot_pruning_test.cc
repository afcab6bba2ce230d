#include "broker/history/snapshot_pruning.h"

#include <gtest/gtest.h>

#include <string_view>
#include <utility>
#include <vector>

namespace flowbroker::history {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

const TimePoint kNow{hours(100)};
const HistoryOptions kOptions;

IpAddress Address(std::string_view text) {
  return IpAddress::Parse(text).value();
}

Path PathOn(std::uint32_t network) {
  return {{network}, {{Address("192.0.2.1"), 5060}, Transport::kTcp}};
}

TargetRecord SucceededAt(TimePoint at) {
  TargetRecord record;
  record.evidence = {1, 0, at};
  record.last_success = at;
  return record;
}

TargetRecord UnavailableUntil(TimePoint until) {
  TargetRecord record;
  record.unavailable_until = until;
  return record;
}

Snapshot WithTargets(std::vector<TargetRecordData> targets) {
  Snapshot snapshot;
  snapshot.networks = {{{1}, {"eth0", {{Address("192.0.2.100"), 24}}}}};
  snapshot.records.targets = std::move(targets);
  return snapshot;
}

std::size_t TargetsLeft(std::vector<TargetRecordData> targets) {
  Snapshot snapshot = WithTargets(std::move(targets));
  Prune(snapshot, kNow, kOptions);
  return snapshot.records.targets.size();
}

TEST(SnapshotPruningTest, WhatIsOlderThanALifetimeIsLeftOut) {  // S6
  EXPECT_EQ(TargetsLeft({{PathOn(1), SucceededAt(kNow - minutes(59))}}), 1U);
  EXPECT_EQ(TargetsLeft({{PathOn(1), SucceededAt(kNow - minutes(60))}}), 0U);
  EXPECT_EQ(TargetsLeft({{PathOn(1), {}}}), 0U);
}

TEST(SnapshotPruningTest, A503OutlivesTheRestOfItsTarget) {  // D6
  EXPECT_EQ(TargetsLeft({{PathOn(1), UnavailableUntil(kNow + minutes(1))}}), 1U);
  EXPECT_EQ(TargetsLeft({{PathOn(1), UnavailableUntil(kNow)}}), 0U);
}

TEST(SnapshotPruningTest, RecordsOfANetworkThatIsNotNamedAreLeftOut) {  // H5: its id may become another network's
  EXPECT_EQ(TargetsLeft({{PathOn(2), SucceededAt(kNow)}}), 0U);
  EXPECT_EQ(TargetsLeft({{PathOn(0), SucceededAt(kNow)}}), 1U);
}

Snapshot WithPrefix(TimePoint at) {
  Snapshot snapshot = WithTargets({{PathOn(1), SucceededAt(at)}});
  snapshot.records.prefixes = {{{{1}, Address("192.0.2.0"), Transport::kTcp}, {}}};
  snapshot.records.prefixes[0].record.last_success = at;
  snapshot.families = {{{{1}, AddressFamily::kIpv4}, {{1, 0, at}, {}, {}}}};
  return snapshot;
}

TEST(SnapshotPruningTest, PrefixesAndFamiliesFadeLikeTargets) {
  Snapshot young = WithPrefix(kNow);
  Prune(young, kNow, kOptions);
  EXPECT_EQ(young.records.prefixes.size(), 1U);
  EXPECT_EQ(young.families.size(), 1U);
  Snapshot old = WithPrefix(kNow - hours(2));
  Prune(old, kNow, kOptions);
  EXPECT_TRUE(old.records.prefixes.empty());
  EXPECT_TRUE(old.families.empty());
}

TEST(SnapshotPruningTest, PrefixesOfAnotherLengthAreLeftOut) {
  HistoryOptions longer = kOptions;
  longer.ipv4_prefix_bits = 28;
  Snapshot snapshot = WithPrefix(kNow);
  Prune(snapshot, kNow, longer);
  EXPECT_TRUE(snapshot.records.prefixes.empty());
  EXPECT_TRUE(snapshot.families.empty());
  EXPECT_EQ(snapshot.records.targets.size(), 1U);
}

Hold HoldAt(TimePoint at) {
  return {.since = at, .latest = at, .head_start = at, .next_reprobe = at, .limit = {}, .reason = {}};
}

StageRecords StagesAt(TimePoint at) {
  StageRecords stages;
  stages[0] = {RttEstimate(minutes(0), minutes(0), 1), at};
  return stages;
}

/// Every time in it is years ahead.
Snapshot FromTheFuture() {
  const TimePoint future = kNow + hours(24 * 365 * 9);
  Snapshot snapshot = WithPrefix(future);
  TargetRecord& target = snapshot.records.targets[0].record;
  target.stages = StagesAt(future);
  target.hold = HoldAt(future);
  target.last_failure = future;
  target.unavailable_until = future;
  PrefixRecord& prefix = snapshot.records.prefixes[0].record;
  prefix.evidence = prefix.races = {1, 1, future};
  prefix.stages = StagesAt(future);
  prefix.hold = HoldAt(future);
  prefix.suspect = Suspect{Address("192.0.2.1"), future};
  prefix.lost_race = prefix.preferred_since = future;
  snapshot.families[0].record.hold = HoldAt(future);
  snapshot.families[0].record.suspects = {{Address("192.0.2.0"), future}};
  return snapshot;
}

void ExpectBounded(const std::optional<Hold>& hold) {
  ASSERT_TRUE(hold);
  EXPECT_EQ(hold->since, kNow);
  EXPECT_EQ(hold->latest, kNow);
  EXPECT_EQ(hold->head_start, kNow + kOptions.max_hold);
  EXPECT_EQ(hold->next_reprobe, kNow + kOptions.longest_reprobe * 11 / 10);
}

TEST(SnapshotPruningTest, NothingLiesFurtherInTheFutureThanMemoryWouldPutIt) {  // H3: holds end
  Snapshot snapshot = FromTheFuture();
  Prune(snapshot, kNow, kOptions);
  ASSERT_EQ(snapshot.records.targets.size(), 1U);
  const TargetRecord& target = snapshot.records.targets[0].record;
  for (const TimePoint at : {target.evidence.at, target.stages[0].at, target.last_success, target.last_failure}) {
    EXPECT_EQ(at, kNow);
  }
  EXPECT_EQ(target.unavailable_until, kNow + kOptions.lifetime);
  ExpectBounded(target.hold);
}

TEST(SnapshotPruningTest, PrefixesAndFamiliesFromTheFutureAreBoundedToo) {
  Snapshot snapshot = FromTheFuture();
  Prune(snapshot, kNow, kOptions);
  ASSERT_EQ(snapshot.records.prefixes.size(), 1U);
  const PrefixRecord& prefix = snapshot.records.prefixes[0].record;
  for (const TimePoint at : {prefix.evidence.at, prefix.races.at, prefix.stages[0].at, prefix.suspect->at,
                             prefix.last_success, prefix.lost_race, prefix.preferred_since}) {
    EXPECT_EQ(at, kNow);
  }
  ExpectBounded(prefix.hold);
  ASSERT_EQ(snapshot.families.size(), 1U);
  const FamilyRecord& family = snapshot.families[0].record;
  EXPECT_EQ(family.evidence.at, kNow);
  EXPECT_EQ(family.suspects[0].at, kNow);
  ExpectBounded(family.hold);
}

TEST(SnapshotPruningTest, WhatHasNotHappenedHasNotHappenedNow) {
  Snapshot snapshot = WithTargets({{PathOn(1), SucceededAt(kNow)}});
  Prune(snapshot, kNow, kOptions);
  EXPECT_EQ(snapshot.records.targets[0].record.last_failure, kNever);
  EXPECT_EQ(snapshot.records.targets[0].record.unavailable_until, kNever);
}

}  // namespace
}  // namespace flowbroker::history
