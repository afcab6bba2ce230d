#include "service/runtime/durable_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

namespace flowbroker::runtime {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  bool is_open() const { return number_ >= 0; }
  int number() const { return number_; }

 private:
  int number_;
};

/// What errno says about `path`.
Unexpected CannotDo(const std::string& what, const std::string& path) {
  const std::string why = std::generic_category().message(errno);
  return Unexpected({FailureReason::kInvalidArgument, "cannot " + what + " " + path + ": " + why});
}

Unexpected NoRegularFile(const std::string& path) {
  return Unexpected({FailureReason::kInvalidArgument, path + " is not a regular file"});
}

/// Whether it is there and something else, such as a device. What symbolic links lead to counts.
bool IsOther(const std::string& path) {
  struct stat status{};
  return stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode);
}

int OpenNew(const std::string& path) {
  unlink(path.c_str());  // left by a process that was killed while it wrote
  return open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
}

bool WriteAll(int descriptor, std::span<const std::uint8_t> octets) {
  while (!octets.empty()) {
    const ssize_t written = write(descriptor, octets.data(), octets.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    octets = octets.subspan(static_cast<std::size_t>(written));
  }
  return true;
}

/// False with errno where the system says no; stops at the size the file had when it was opened.
bool ReadAll(int descriptor, std::vector<std::uint8_t>& octets) {
  std::size_t filled = 0;
  while (filled < octets.size()) {
    const ssize_t got = read(descriptor, octets.data() + filled, octets.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return false;
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  octets.resize(filled);
  return true;
}

bool IsFlushed(const std::string& directory) {
  const Descriptor opened(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return opened.is_open() && fsync(opened.number()) == 0;
}

}  // namespace

Expected<std::optional<std::vector<std::uint8_t>>> DurableFile::Read() const {
  // Not blocking: a pipe of that name must not keep the process from starting.
  const Descriptor file(open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.is_open() && errno == ENOENT) return std::nullopt;
  struct stat status{};
  if (!file.is_open() || fstat(file.number(), &status) != 0) return CannotDo("read", path_);
  if (!S_ISREG(status.st_mode)) return NoRegularFile(path_);
  if (std::cmp_greater(status.st_size, kMaxOctets)) {
    return Unexpected({FailureReason::kInvalidArgument, path_ + " has " + std::to_string(status.st_size) + " octets"});
  }
  std::vector<std::uint8_t> octets(static_cast<std::size_t>(status.st_size));
  if (!ReadAll(file.number(), octets)) return CannotDo("read", path_);
  return octets;
}

Expected<void> DurableFile::Replace(std::span<const std::uint8_t> octets) const {
  const std::string temporary = TemporaryPath();
  {
    const Descriptor file(OpenNew(temporary));
    if (!file.is_open()) return CannotDo("create", temporary);
    if (!WriteAll(file.number(), octets) || fsync(file.number()) != 0) {
      auto why = CannotDo("write", temporary);
      unlink(temporary.c_str());
      return why;
    }
  }
  if (rename(temporary.c_str(), path_.c_str()) != 0) {
    auto why = CannotDo("replace", path_);
    unlink(temporary.c_str());
    return why;
  }
  if (!IsFlushed(Directory())) return CannotDo("flush", Directory());  // without this a crash may undo the rename
  return {};
}

Expected<void> DurableFile::CheckWritable() const {
  if (IsOther(path_)) return NoRegularFile(path_);
  // A name of its own: a running process may be writing the other one.
  const std::string probe = TemporaryPath() + "." + std::to_string(getpid());
  const Descriptor file(OpenNew(probe));
  if (!file.is_open()) return CannotDo("create", probe);
  unlink(probe.c_str());
  return {};
}

Expected<void> DurableFile::SetAside() const {
  if (IsOther(path_)) return NoRegularFile(path_);
  if (rename(path_.c_str(), (path_ + ".bad").c_str()) != 0) return CannotDo("rename", path_);
  return {};
}

std::string DurableFile::Directory() const {
  const std::size_t slash = path_.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path_.substr(0, slash);
}

}  // namespace flowbroker::runtime
