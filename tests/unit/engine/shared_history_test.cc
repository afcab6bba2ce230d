#include "broker/engine/shared_history.h"

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

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

void Answers(SharedHistory& history, const Path& path) {
  history.Record({path, AttemptStage::kTcp, std::nullopt, std::chrono::milliseconds(5)}, {});
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

// A stream of events whose reader is slow must not stop the shards.
TEST(SharedHistoryTest, ASinkRunsWhileOthersReadTheSamePrefix) {
  EventLog<PreferenceEvent> events(10);
  SharedHistory history({}, events);
  const Path path = Tcp("2001:db8::1");
  std::vector<std::future<Reachability>> judged;
  bool waited_in_vain = false;
  events.Subscribe(std::nullopt, std::nullopt, [&](const PreferenceEvent&) {
    judged.push_back(std::async(std::launch::async, [&] { return history.Judge(path, {}).reachability; }));
    judged.push_back(std::async(std::launch::async, [&] { return history.Preferences({}).at(0).reachability; }));
    for (auto& one : judged) waited_in_vain |= one.wait_for(std::chrono::seconds(10)) != std::future_status::ready;
  });
  Fails(history, path);
  EXPECT_EQ(judged.size(), 2U);
  EXPECT_FALSE(waited_in_vain);
  for (auto& one : judged) EXPECT_EQ(one.get(), Reachability::kUnreachable);
}

TEST(SharedHistoryTest, EventsOfAPrefixComeInTheOrderOfItsChanges) {
  constexpr int kRounds = 2000;
  EventLog<PreferenceEvent> events(10);
  std::vector<Reachability> told;
  events.Subscribe(std::nullopt, std::nullopt, [&](const PreferenceEvent& event) {
    told.push_back(std::get<history::FamilyPreference>(event.what).reachability);
  });
  SharedHistory history({}, events);
  const Path path = Tcp("2001:db8::1");
  const auto change = [&] {
    for (int i = 0; i < kRounds; ++i) {
      Fails(history, path);
      Answers(history, path);
    }
  };
  {
    const std::jthread other(change);
    change();
  }
  ASSERT_GE(told.size(), 2U);
  for (std::size_t i = 1; i < told.size(); ++i) ASSERT_NE(told[i], told[i - 1]) << "event " << i;
  EXPECT_EQ(told.back(), history.Judge(path, {}).reachability);
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
