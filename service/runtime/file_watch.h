#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace flowbroker::runtime {

/// Notices that files are not what they were: written anew, replaced, there or gone. Symbolic links are followed, since
/// Kubernetes swaps the one that leads to a directory. One thread.
class FileWatch {
 public:
  /// Empty paths are left out. What is there now is not news.
  explicit FileWatch(const std::vector<std::string>& paths);

  /// Whether one of them is another than at the last call.
  bool Changed();

 private:
  struct Version {
    dev_t device;
    ino_t inode;
    off_t size;
    std::int64_t modified;  // in nanoseconds
    std::int64_t changed;   // the same of owner and mode: a file may have become readable
    friend bool operator==(const Version&, const Version&) = default;
  };
  static std::optional<Version> VersionOf(const std::string& path);

  struct Watched {
    std::string path;
    std::optional<Version> seen;  // nothing where there is no such file
  };
  std::vector<Watched> files_;
};

}  // namespace flowbroker::runtime
