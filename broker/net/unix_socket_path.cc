#include "broker/net/unix_socket_path.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "broker/net/owned_descriptor.h"

namespace flowbroker::net {
namespace {

Unexpected Impossible(std::string why) {
  return Unexpected({FailureReason::kInvalidArgument, std::move(why)});
}

std::string ErrorText(int error) {
  const std::string what = std::generic_category().message(error);
  if (error == EACCES) return what + "; choose a place that this user may use, or start it as one who may";
  return what;
}

Expected<void> MakeDirectoryOf(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos || slash == 0) return {};
  const std::string directory = path.substr(0, slash);
  struct stat status{};
  if (mkdir(directory.c_str(), 0700) == 0) return {};
  if (errno != EEXIST) return Impossible(directory + ": " + ErrorText(errno));
  if (stat(directory.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) {
    return Impossible(directory + " is not a directory");
  }
  // In /tmp anyone could have made it; root's and our own are fine.
  if (status.st_uid != geteuid() && status.st_uid != 0) return Impossible(directory + " belongs to another user");
  return {};
}

}  // namespace

Expected<void> PrepareUnixSocketPath(const std::string& path) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(name.sun_path)) return Impossible("path empty or too long");
  std::memcpy(name.sun_path, path.data(), path.size());
  if (auto made = MakeDirectoryOf(path); !made) return made;

  struct stat status{};
  if (lstat(path.c_str(), &status) != 0) return {};  // nothing there
  if (!S_ISSOCK(status.st_mode)) return Impossible("a file that is not a socket is there");
  const OwnedDescriptor probe(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (connect(probe.get(), reinterpret_cast<const sockaddr*>(&name), sizeof(name)) == 0) {
    return Impossible("another process is listening there");
  }
  if (unlink(path.c_str()) != 0) return Impossible(ErrorText(errno));
  return {};
}

}  // namespace flowbroker::net
