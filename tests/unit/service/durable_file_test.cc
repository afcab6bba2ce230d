#include "service/runtime/durable_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "tests/unit/service/scratch_directory.h"

namespace flowbroker::runtime {
namespace {

using testing::HasSubstr;
using Octets = std::vector<std::uint8_t>;

TEST(DurableFileTest, GivesBackWhatWasPutInItsPlace) {
  const ScratchDirectory directory;
  const DurableFile file(directory / "memory");
  for (const Octets& octets : {Octets{1, 2, 3}, Octets{}, Octets(100'000, 7)}) {
    ASSERT_TRUE(file.Replace(octets));
    const auto read = file.Read();
    ASSERT_TRUE(read) << read.error().detail;
    EXPECT_EQ(*read, octets);
  }
  EXPECT_EQ(directory.files(), 1U);
}

TEST(DurableFileTest, WhereThereIsNoFileThereIsNothing) {
  const ScratchDirectory directory;
  const auto read = DurableFile(directory / "memory").Read();
  ASSERT_TRUE(read);
  EXPECT_FALSE(*read);
}

TEST(DurableFileTest, IsForItsOwnerOnly) {
  const ScratchDirectory directory;
  const DurableFile file(directory / "memory");
  const mode_t before = umask(0);
  ASSERT_TRUE(file.Replace(Octets{1}));
  umask(before);
  struct stat status{};
  ASSERT_EQ(stat(file.path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST(DurableFileTest, WhatAKilledWriterLeftIsInNobodysWay) {
  const ScratchDirectory directory;
  const DurableFile file(directory / "memory");
  std::ofstream(file.path() + ".new") << "half";
  EXPECT_TRUE(file.CheckWritable());
  std::ofstream(file.path() + ".new") << "half";
  ASSERT_TRUE(file.Replace(Octets{1}));
  EXPECT_EQ(*file.Read(), Octets{1});
  EXPECT_EQ(directory.files(), 1U);
}

TEST(DurableFileTest, AFailureNamesThePathAndTheReason) {
  const ScratchDirectory directory;
  const DurableFile file(directory / "absent/memory");
  for (const auto& done : {file.CheckWritable(), file.Replace(Octets{1}), file.SetAside()}) {
    ASSERT_FALSE(done);
    EXPECT_THAT(done.error().detail, HasSubstr(file.path()));
    EXPECT_THAT(done.error().detail, HasSubstr("No such file or directory"));
  }
}

TEST(DurableFileTest, AFailedReplacementLeavesNothingBehind) {
  const ScratchDirectory directory;
  const DurableFile file(directory / "memory");
  std::filesystem::create_directory(file.path());  // cannot be replaced by a file
  EXPECT_FALSE(file.Replace(Octets{1}));
  EXPECT_EQ(directory.files(), 1U);
}

TEST(DurableFileTest, ReadsNothingButRegularFiles) {
  const ScratchDirectory directory;
  ASSERT_EQ(mkfifo((directory / "pipe").c_str(), 0600), 0);
  for (const std::string& path : {directory / "", directory / "pipe"}) {  // would block, or has no end
    const auto read = DurableFile(path).Read();
    ASSERT_FALSE(read) << path;
    EXPECT_THAT(read.error().detail, HasSubstr("is not a regular file"));
  }
}

TEST(DurableFileTest, NothingButARegularFileIsReplacedOrRenamed) {
  const ScratchDirectory directory;
  ASSERT_EQ(mkfifo((directory / "pipe").c_str(), 0600), 0);
  std::filesystem::create_directory(directory / "directory");
  std::filesystem::create_symlink("pipe", directory / "link");
  for (const std::string& path : {directory / "pipe", directory / "directory", directory / "link"}) {
    const DurableFile file(path);
    for (const auto& done : {file.CheckWritable(), file.SetAside()}) {
      ASSERT_FALSE(done) << path;
      EXPECT_EQ(done.error().detail, path + " is not a regular file");
    }
  }
  EXPECT_EQ(directory.files(), 3U);
}

}  // namespace
}  // namespace flowbroker::runtime
