#include "service/runtime/flow_set_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>
#include <string>

#include "broker/outbound/flow_set_state.h"
#include "service/telemetry/log_writer.h"
#include "tests/unit/service/scratch_directory.h"

namespace flowbroker::runtime {
namespace {

using testing::HasSubstr;

outbound::FlowSetSpec Spec(const std::string& name) {
  return {.name = name,
          .instance = sip::InstanceId::Parse("urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6").value(),
          .uris = {"sip:p1.example.com", "sip:p2.example.com"}};
}

class FlowSetFileTest : public testing::Test {
 protected:
  std::string path() const { return directory_ / "sets"; }

  Expected<std::unique_ptr<FlowSetFile>> Open() {
    return FlowSetFile::Open(path(),
                             {.specs = [this] { return sets_; },
                              .restore = [this](std::vector<outbound::FlowSetSpec> specs) -> Expected<void> {
                                sets_ = {.revision = specs.size(), .specs = std::move(specs)};
                                return {};
                              }},
                             log_, metrics_);
  }
  /// Asks for the sets to be kept, and waits for the answer.
  static Expected<void> Keep(FlowSetFile& file) {
    std::promise<Expected<void>> kept;
    file.Keep([&](const Expected<void>& result) { kept.set_value(result); });
    return kept.get_future().get();
  }
  void Change(const std::string& name) {
    sets_.specs.push_back(Spec(name));
    ++sets_.revision;
  }
  std::string Written() const {
    std::ifstream file(path());
    return {std::istreambuf_iterator<char>(file), {}};
  }

  ScratchDirectory directory_;
  telemetry::LogWriter writer_{STDERR_FILENO};
  telemetry::JsonLog log_{writer_, config::LogLevel::kError};
  telemetry::BrokerMetrics metrics_;
  engine::FlowSetSpecs sets_;
};

TEST_F(FlowSetFileTest, WhatIsKeptIsOnTheDiskWhenItIsSaidToBe) {  // O1
  const auto file = Open();
  ASSERT_TRUE(file) << file.error().detail;
  EXPECT_FALSE(std::filesystem::exists(path())) << "nothing to keep";
  Change("trunk");
  ASSERT_TRUE(Keep(**file));
  EXPECT_EQ(Written(), outbound::EncodeFlowSets(sets_.specs));
}

TEST_F(FlowSetFileTest, TheNextProcessFindsTheSameSets) {  // O1, O2
  Change("trunk");
  Change("other");
  const auto kept = sets_.specs;
  sets_ = {};
  {
    const auto file = Open();
    sets_ = {.revision = 2, .specs = kept};
    ASSERT_TRUE(Keep(**file));
  }
  sets_ = {};
  ASSERT_TRUE(Open());
  EXPECT_EQ(sets_.specs, kept);
}

TEST_F(FlowSetFileTest, WithoutAChangeNothingIsWritten) {
  const auto file = Open();
  Change("trunk");
  ASSERT_TRUE(Keep(**file));
  std::filesystem::remove(path());
  ASSERT_TRUE(Keep(**file));
  EXPECT_FALSE(std::filesystem::exists(path()));
}

TEST_F(FlowSetFileTest, ADamagedFileIsAnErrorThatLeavesItAlone) {
  const std::string damaged = "flowbroker flow sets 1\n\nnonsense\n";
  std::ofstream(path()) << damaged;
  const auto file = Open();
  ASSERT_FALSE(file);
  EXPECT_THAT(file.error().detail, HasSubstr("flow-set-state-file: " + path() + ": "));
  EXPECT_THAT(file.error().detail, HasSubstr("checksum"));
  EXPECT_EQ(Written(), damaged);
}

TEST_F(FlowSetFileTest, APlaceWhereNoFileCanBeMadeIsAnErrorAtTheStart) {
  std::filesystem::create_directory(path());
  const auto file = Open();
  ASSERT_FALSE(file);
  EXPECT_THAT(file.error().detail, HasSubstr("not a regular file"));
}

TEST_F(FlowSetFileTest, AFailedWriteIsToldAndTriedAgainWithTheNext) {
  const auto file = Open();
  Change("trunk");
  std::filesystem::create_directory(path());  // in the way, until it is removed
  const auto kept = Keep(**file);
  ASSERT_FALSE(kept);
  EXPECT_EQ(kept.error().reason, FailureReason::kInternal);
  EXPECT_THAT(metrics_.Text(), HasSubstr("flowbroker_flow_set_file_writes_total{outcome=\"failed\"} 1"));
  std::filesystem::remove(path());
  EXPECT_TRUE(Keep(**file));
  EXPECT_EQ(Written(), outbound::EncodeFlowSets(sets_.specs));
}

}  // namespace
}  // namespace flowbroker::runtime
