#include "service/runtime/file_watch.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/unit/service/scratch_directory.h"

namespace flowbroker::runtime {
namespace {

class FileWatchTest : public testing::Test {
 protected:
  void Write(const std::string& name, const std::string& text) const { std::ofstream(directory_ / name) << text; }

  ScratchDirectory directory_;
};

TEST_F(FileWatchTest, WhatWasThereIsNoNews) {
  Write("a", "1");
  FileWatch watch({directory_ / "a", ""});
  EXPECT_FALSE(watch.Changed());
}

TEST_F(FileWatchTest, NoticesOnceThatAFileWasWrittenReplacedRemovedOrMade) {
  Write("a", "1");
  FileWatch watch({directory_ / "a"});
  Write("a", "longer");
  EXPECT_TRUE(watch.Changed());
  EXPECT_FALSE(watch.Changed());
  Write("b", "longer");
  std::filesystem::rename(directory_ / "b", directory_ / "a");
  EXPECT_TRUE(watch.Changed());
  std::filesystem::remove(directory_ / "a");
  EXPECT_TRUE(watch.Changed());
  EXPECT_FALSE(watch.Changed());
  Write("a", "1");
  EXPECT_TRUE(watch.Changed());
}

TEST_F(FileWatchTest, NoticesThatAFileMayBeReadNow) {
  Write("a", "1");
  std::filesystem::permissions(directory_ / "a", std::filesystem::perms::none);
  FileWatch watch({directory_ / "a"});
  std::filesystem::permissions(directory_ / "a", std::filesystem::perms::owner_read);
  EXPECT_TRUE(watch.Changed());
}

TEST_F(FileWatchTest, FollowsALinkToADirectoryThatIsSwapped) {
  for (const char* version : {"v1", "v2"}) {
    std::filesystem::create_directory(directory_ / version);
    Write(std::string(version) + "/a", "same size");
  }
  std::filesystem::create_symlink("v1", directory_ / "..data");
  std::filesystem::create_symlink("..data/a", directory_ / "a");
  FileWatch watch({directory_ / "a"});
  std::filesystem::create_symlink("v2", directory_ / "..data_tmp");
  std::filesystem::rename(directory_ / "..data_tmp", directory_ / "..data");
  EXPECT_TRUE(watch.Changed());
}

}  // namespace
}  // namespace flowbroker::runtime
