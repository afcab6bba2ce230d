#include "service/runtime/service_notifier.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <utility>

namespace flowbroker::runtime {
namespace {

std::string Environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::optional<Duration> WatchdogTime(const std::string& text) {
  std::int64_t microseconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), microseconds);
  if (error != std::errc{} || microseconds <= 0) return std::nullopt;
  return std::chrono::microseconds(microseconds);
}

}  // namespace

ServiceNotifier ServiceNotifier::FromEnvironment() {
  return {Environment("NOTIFY_SOCKET"), WatchdogTime(Environment("WATCHDOG_USEC"))};
}

ServiceNotifier::ServiceNotifier(std::string socket, std::optional<Duration> watchdog)
    : socket_(std::move(socket)), watchdog_(watchdog) {}

void ServiceNotifier::Ready() const {
  Send("READY=1\nSTATUS=Serving.");
}

void ServiceNotifier::Reloading() const {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);  // what Type=notify-reload compares with
  const auto since = std::chrono::seconds(now.tv_sec) + std::chrono::microseconds(now.tv_nsec / 1000);
  Send("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(std::chrono::microseconds(since).count()));
}

void ServiceNotifier::Stopping() const {
  Send("STOPPING=1\nSTATUS=Draining.");
}

void ServiceNotifier::Alive() const {
  Send("WATCHDOG=1");
}

void ServiceNotifier::Send(std::string_view message) const {
  sockaddr_un to{};
  if (socket_.empty() || socket_.size() >= sizeof(to.sun_path)) return;
  to.sun_family = AF_UNIX;
  std::memcpy(to.sun_path, socket_.data(), socket_.size());
  if (socket_.front() == '@') to.sun_path[0] = '\0';
  const int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (descriptor < 0) return;
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size());
  sendto(descriptor, message.data(), message.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&to), length);
  close(descriptor);
}

}  // namespace flowbroker::runtime
