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
  const auto nanoseconds = [](const timespec& time) {
    return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
  };
  return Version{.device = status.st_dev,
                 .inode = status.st_ino,
                 .size = status.st_size,
                 .modified = nanoseconds(status.st_mtim),
                 .changed = nanoseconds(status.st_ctim)};
}

}  // namespace flowbroker::runtime
