#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "broker/base/expected.h"

namespace flowbroker::runtime {

/// A file that is read and written whole and survives a crash at any moment: whoever reads it sees the old octets or
/// the new ones. One thread at a time; two processes must not share one. Failures name the path and what the system
/// said.
class DurableFile {
 public:
  /// Larger ones are refused: more than a million targets would need.
  static constexpr std::size_t kMaxOctets = std::size_t{1024} * 1024 * 1024;

  explicit DurableFile(std::string path) : path_(std::move(path)) {}

  const std::string& path() const { return path_; }

  /// Its octets; nothing where there is no such file. Only regular files are read.
  Expected<std::optional<std::vector<std::uint8_t>>> Read() const;

  /// Puts `octets` in its place: a new file beside it, readable by its owner only, flushed to the disk and renamed.
  Expected<void> Replace(std::span<const std::uint8_t> octets) const;

  /// Whether Replace can be expected to work: makes and removes a file beside it. Fails where something is in its place
  /// that is not a regular file: a rename would put a file where /dev/null was. Disturbs nobody who writes the file.
  Expected<void> CheckWritable() const;

  /// Renames it to `path` + ".bad", in place of an earlier one. Only a regular file.
  Expected<void> SetAside() const;

 private:
  std::string TemporaryPath() const { return path_ + ".new"; }
  std::string Directory() const;

  std::string path_;
};

}  // namespace flowbroker::runtime
