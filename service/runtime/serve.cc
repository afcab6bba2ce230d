#include "service/runtime/serve.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <optional>

#include "service/runtime/daemon.h"
#include "service/runtime/heap_trim.h"
#include "service/runtime/process_setup.h"
#include "service/runtime/service_notifier.h"

namespace flowbroker::runtime {
namespace {

using std::chrono::steady_clock;

constexpr int kCannotStart = 1;

/// How often memory is looked at: long against a burst, short against what an operator waits before he worries.
constexpr Duration kTrimInterval = std::chrono::seconds(10);

/// Something that is done every so often, first after one interval.
class Chore {
 public:
  /// Whether it is time; then the next interval begins. Never without an interval.
  bool IsDue(std::optional<Duration> interval) {
    const auto now = steady_clock::now();
    if (!interval || now - last_ < *interval) return false;
    last_ = now;
    return true;
  }

 private:
  steady_clock::time_point last_ = steady_clock::now();
};

void Reload(Daemon& daemon, const config::ConfigSources& sources, const ServiceNotifier& notifier) {
  notifier.Reloading();
  daemon.Reload(config::LoadConfig(sources));
  notifier.Ready();
}

void ServeUntilStopped(Daemon& daemon, const config::ConfigSources& sources, const ServiceNotifier& notifier) {
  HeapTrim trim;
  Chore trimming;
  Chore key_files;
  Chore watchdog;
  // Half of what is allowed, as sd_watchdog_enabled(3) recommends.
  const auto beat = notifier.watchdog() ? std::optional(*notifier.watchdog() / 2) : std::nullopt;
  while (true) {
    const auto check = daemon.CertificateCheckInterval();
    const auto signal =
        WaitForSignal(std::min({kTrimInterval, check.value_or(kTrimInterval), beat.value_or(kTrimInterval)}));
    if (signal == ProcessSignal::kStop) return;
    if (signal == ProcessSignal::kReload) Reload(daemon, sources, notifier);
    if (trimming.IsDue(kTrimInterval)) TrimHeap(trim);
    if (key_files.IsDue(check)) daemon.CheckKeyFiles();
    if (watchdog.IsDue(beat) && daemon.IsAlive()) notifier.Alive();
  }
}

}  // namespace

int Serve(const config::ServiceConfig& settings, const config::ConfigSources& sources) {
  const ServiceNotifier notifier = ServiceNotifier::FromEnvironment();
  auto daemon = Daemon::Start(settings);
  if (!daemon) {
    std::fprintf(stderr, "flowbrokerd: %s\n", daemon.error().detail.c_str());
    return kCannotStart;
  }
  std::printf("%s\n", (*daemon)->ReadyLine().c_str());
  std::fflush(stdout);
  notifier.Ready();
  ServeUntilStopped(**daemon, sources, notifier);
  notifier.Stopping();
  (*daemon)->Stop();
  return 0;
}

}  // namespace flowbroker::runtime
