#include "service/runtime/file_watch.h"

#include <sys/stat.h>

namespace flowbroker::runtime {

FileWatch::FileWatch(const std::vector<std::string>& paths) {
  for (const std::string& path : paths) {
    if (!path.empty()) files_.push_back({path, VersionOf(path)});
  }
}

bool FileWatch::Changed() {
  bool changed = false;
  for (Watched& file : files_) {
    const std::optional<Version> now = VersionOf(file.path);
    if (now == file.seen) continue;
    file.seen = now;
    changed = true;
  }
  return changed;
}

std::optional<FileWatch::Version> FileWatch::VersionOf(const std::string& path) {
  struct stat status{};
  if (stat(path.c_str(), &status) != 0) return std::nullopt;
  return Version{.device = status.st_dev,
                 .inode = status.st_ino,
                 .size = status.st_size,
                 .modified = std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec};
}

}  // namespace flowbroker::runtime
