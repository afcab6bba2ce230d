#include "service/runtime/history_file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>
#include <optional>
#include <string>

#include "service/telemetry/log_writer.h"
#include "tests/unit/service/scratch_directory.h"

namespace flowbroker::runtime {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::AllOf;
using testing::HasSubstr;

/// A broker's memory of one network and how often it was asked for.
class FakeMemory {
 public:
  HistoryFile::Memory Access() {
    return {.now = [] { return TimePoint(hours(10)); },
            .save = [this] { return Save(); },
            .restore = [this](history::Snapshot snapshot) { restored = std::move(snapshot); }};
  }

  /// Returns when memory was written at least once from begin to end since the call.
  void AwaitWrite() {
    std::unique_lock lock(mutex_);
    const int next_but_one = saves_ + 2;
    changed_.wait(lock, [&] { return saves_ >= next_but_one; });
  }

  std::optional<history::Snapshot> restored;

 private:
  history::Snapshot Save() {
    const std::lock_guard lock(mutex_);
    ++saves_;
    changed_.notify_all();
    history::Snapshot snapshot{.taken = TimePoint(hours(10))};
    snapshot.networks = {{{4}, {"eth0", {{IpAddress::FromIpv4({192, 0, 2, 1}), 24}}}}};
    return snapshot;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  int saves_ = 0;
};

class HistoryFileTest : public testing::Test {
 protected:
  std::string path() const { return directory_ / "memory"; }

  Expected<std::unique_ptr<HistoryFile>> Open(FakeMemory& memory, Duration interval = hours(1)) {
    return HistoryFile::Open(path(), interval, memory.Access(), *log_, metrics_);
  }

  /// A file as an earlier process left it.
  void WriteOnce() {
    FakeMemory memory;
    (*Open(memory))->Close();
  }

  /// Opens a file that is expected to be refused, and says what was logged.
  std::string Refusal() {
    FakeMemory memory;
    {
      const auto opened = Open(memory);
      EXPECT_TRUE(opened) << opened.error().detail;
    }
    EXPECT_FALSE(memory.restored);
    return Logged();
  }

  std::string Logged() {
    log_.reset();
    writer_.reset();
    std::ifstream file(directory_ / "log");
    return {std::istreambuf_iterator<char>(file), {}};
  }

  std::string Content(const std::string& of) const {
    std::ifstream file(of, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  void TearDown() override {
    log_.reset();
    writer_.reset();  // its thread uses the descriptor
    close(descriptor_);
  }

  ScratchDirectory directory_;
  int descriptor_ = open((directory_ / "log").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  std::optional<telemetry::LogWriter> writer_{descriptor_};
  std::optional<telemetry::JsonLog> log_{std::in_place, *writer_, config::LogLevel::kInfo};
  telemetry::BrokerMetrics metrics_;
};

TEST_F(HistoryFileTest, MemorySurvivesARestart) {
  WriteOnce();
  FakeMemory memory;
  const auto opened = Open(memory);
  ASSERT_TRUE(opened) << opened.error().detail;
  ASSERT_TRUE(memory.restored);
  ASSERT_EQ(memory.restored->networks.size(), 1U);
  EXPECT_EQ(memory.restored->networks[0].seen_as.name, "eth0");
  EXPECT_LE(memory.restored->taken, TimePoint(hours(10)));
  EXPECT_GT(memory.restored->taken, TimePoint(hours(9)));
}

TEST_F(HistoryFileTest, TheFirstStartIsAnEmptyOne) {
  FakeMemory memory;
  {
    ASSERT_TRUE(Open(memory));
  }
  EXPECT_FALSE(memory.restored);
  EXPECT_THAT(Logged(), AllOf(HasSubstr("history_empty"), testing::Not(HasSubstr("warn"))));
}

TEST_F(HistoryFileTest, IsWrittenInEveryInterval) {
  FakeMemory memory;
  const auto opened = Open(memory, milliseconds(1));
  ASSERT_TRUE(opened);
  memory.AwaitWrite();
  EXPECT_TRUE(std::filesystem::exists(path()));
}

TEST_F(HistoryFileTest, IsWrittenAtTheEndWithoutWaitingForTheInterval) {
  WriteOnce();
  EXPECT_TRUE(std::filesystem::exists(path()));
  EXPECT_THAT(metrics_.Text(),
              AllOf(HasSubstr("flowbroker_history_file_writes_total{outcome=\"ok\"} 1"),
                    HasSubstr("flowbroker_history_file_bytes " + std::to_string(Content(path()).size())),
                    testing::Not(HasSubstr("last_write_timestamp_seconds 0\n"))));
}

TEST_F(HistoryFileTest, ADamagedFileIsKeptAsideAndMemoryBeginsEmpty) {
  WriteOnce();
  std::string content = Content(path());
  content[content.size() / 2] ^= 1;
  std::ofstream(path(), std::ios::binary) << content;
  const std::string logged = Refusal();
  EXPECT_THAT(logged, AllOf(HasSubstr("\"warn\""), HasSubstr("history_refused"), HasSubstr("checksum"),
                            HasSubstr("memory.bad")));
  EXPECT_EQ(Content(path() + ".bad"), content);
}

TEST_F(HistoryFileTest, AFileOfANewerVersionIsKeptAside) {
  WriteOnce();
  std::string content = Content(path());
  content[8] = 9;
  std::ofstream(path(), std::ios::binary) << content;
  EXPECT_THAT(Refusal(), HasSubstr("version 9"));
  EXPECT_EQ(Content(path() + ".bad"), content);
}

TEST_F(HistoryFileTest, DoesNotOpenWhatIsNoRegularFileAndLeavesItInPlace) {
  std::filesystem::create_directory(path());
  FakeMemory memory;
  const auto opened = Open(memory);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().detail, "history-file: " + path() + " is not a regular file");
  EXPECT_TRUE(std::filesystem::is_directory(path()));
  EXPECT_FALSE(std::filesystem::exists(path() + ".bad"));
}

TEST_F(HistoryFileTest, DoesNotOpenWhereNoFileCanBeMade) {
  FakeMemory memory;
  const auto opened = HistoryFile::Open(directory_ / "absent/memory", seconds(1), memory.Access(), *log_, metrics_);
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().detail, AllOf(HasSubstr("history-file: "), HasSubstr("absent/memory")));
}

TEST_F(HistoryFileTest, ADiskThatSaysNoIsCountedAndTriedAgain) {
  FakeMemory memory;
  const std::string inner = directory_ / "inner";
  std::filesystem::create_directory(inner);
  auto opened = HistoryFile::Open(inner + "/memory", milliseconds(1), memory.Access(), *log_, metrics_);
  ASSERT_TRUE(opened);
  std::filesystem::rename(inner, inner + ".gone");
  memory.AwaitWrite();
  EXPECT_THAT(metrics_.Text(), testing::ContainsRegex("history_file_writes_total.outcome=\"failed\". [1-9]"));
  std::filesystem::rename(inner + ".gone", inner);
  memory.AwaitWrite();
  (*opened)->Close();
  EXPECT_TRUE(std::filesystem::exists(inner + "/memory"));
  EXPECT_THAT(Logged(), AllOf(HasSubstr("history_not_written"), HasSubstr("No such file or directory")));
}

}  // namespace
}  // namespace flowbroker::runtime
