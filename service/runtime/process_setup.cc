#include "service/runtime/process_setup.h"

#include <pthread.h>
#include <sys/resource.h>

#include <chrono>
#include <csignal>
#include <ctime>
#include <initializer_list>

namespace flowbroker::runtime {
namespace {

sigset_t SetOf(std::initializer_list<int> numbers) {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : numbers) sigaddset(&signals, number);
  return signals;
}

timespec ToTimespec(Duration duration) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(duration);
  return {.tv_sec = static_cast<std::time_t>(seconds.count()), .tv_nsec = (duration - seconds).count()};
}

}  // namespace

void PrepareSignals() {
  const sigset_t signals = SetOf({SIGTERM, SIGINT, SIGHUP});
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

std::size_t RaiseDescriptorLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  getrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

std::optional<ProcessSignal> WaitForSignal(std::optional<Duration> patience) {
  const sigset_t signals = SetOf({SIGTERM, SIGINT, SIGHUP});
  const timespec timeout = ToTimespec(patience.value_or(Duration::zero()));
  const int number = patience ? sigtimedwait(&signals, nullptr, &timeout) : sigwaitinfo(&signals, nullptr);
  if (number < 0) return std::nullopt;  // the time is over, or the process was stopped and goes on
  if (number == SIGHUP) return ProcessSignal::kReload;
  const sigset_t stop = SetOf({SIGTERM, SIGINT});
  pthread_sigmask(SIG_UNBLOCK, &stop, nullptr);
  return ProcessSignal::kStop;
}

}  // namespace flowbroker::runtime
