#include "broker/engine/shared_history.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>

namespace flowbroker::engine {
namespace {

using history::Path;
using history::Reachability;

Path Tcp(std::string_view address) {
  return {{}, {.endpoint = {*IpAddress::Parse(address), 5060}, .transport = Transport::kTcp}};
}

void Fails(SharedHistory& history, const Path& path) {
  history.Record({path, AttemptStage::kTcp, FailureReason::kNetworkUnreachable, std::nullopt}, {});
}

TEST(SharedHistoryTest, FamiliesSpanStripes) {
  EventLog<PreferenceEvent> events(10);
  SharedHistory history({}, events);
  for (const auto* address : {"2001:db8:1::1", "2001:db8:2::1", "2001:db8:3::1"}) Fails(history, Tcp(address));
  for (int i = 10; i < 30; ++i) {
    const Path elsewhere = Tcp("2001:db8:" + std::to_string(i) + "::1");
    EXPECT_EQ(history.Judge(elsewhere, {}).level, history::Level::kFamily) << i;
  }
}

TEST(SharedHistoryTest, ARaceCountsOncePerPrefixAndOnlyBetweenFamilies) {
  EventLog<PreferenceEvent> events(10);
  SharedHistory history({}, events);
  const Path v6 = Tcp("2001:db8::1");
  const std::vector<Path> both{v6, Tcp("2001:db8::2"), Tcp("192.0.2.1"), Tcp("192.0.2.2")};
  history.RecordRace(v6, both, {});
  history.RecordRace(v6, {both.data(), 2}, {});
  const auto preferences = history.Preferences({});
  ASSERT_EQ(preferences.size(), 2U);
  EXPECT_EQ(preferences[0].losses, 1U);  // IPv4 comes first
  EXPECT_EQ(preferences[1].wins, 1U);
  EXPECT_EQ(events.latest(), 1U) << "IPv4 is not preferred there any more";
  history.PublishChanges({});
  EXPECT_EQ(events.latest(), 1U) << "nothing is told twice";
}

TEST(SharedHistoryTest, WhatIsExportedCanBeImported) {
  EventLog<PreferenceEvent> events(10);
  SharedHistory history({}, events);
  for (int i = 0; i < 100; ++i) Fails(history, Tcp("2001:db8:" + std::to_string(i) + "::1"));
  SharedHistory restored({}, events);
  int parts = 0;
  history.Export([&](const history::HistoryRecords& records) {
    ++parts;
    restored.Import(records);
  });
  restored.ImportFamilies(history.ExportFamilies());
  EXPECT_GT(parts, 1) << "stripe by stripe";
  EXPECT_EQ(restored.occupancy().targets, 100U);
  EXPECT_EQ(restored.occupancy().prefixes, 100U);
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(restored.Judge(Tcp("2001:db8:" + std::to_string(i) + "::1"), {}).reachability,
              Reachability::kUnreachable);
  }
  EXPECT_EQ(restored.Judge(Tcp("2001:db8:ffff::1"), {}).level, history::Level::kFamily);
}

TEST(SharedHistoryTest, SaysHowMuchItHasForgottenForWantOfRoom) {
  EventLog<PreferenceEvent> events(10);
  SharedHistory history({.max_targets = 16, .max_prefixes = 16}, events);
  for (int i = 0; i < 200; ++i) Fails(history, Tcp("2001:db8:" + std::to_string(i) + "::1"));
  const auto occupancy = history.occupancy();
  EXPECT_LE(occupancy.targets, 32U);
  EXPECT_EQ(occupancy.targets + occupancy.evicted_targets, 200U);
  EXPECT_EQ(occupancy.prefixes + occupancy.evicted_prefixes, 200U);
}

}  // namespace
}  // namespace flowbroker::engine
