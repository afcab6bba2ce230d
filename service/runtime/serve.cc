#include "service/runtime/serve.h"

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "service/runtime/daemon.h"
#include "service/runtime/heap_trim.h"
#include "service/runtime/process_setup.h"
#include "service/runtime/service_notifier.h"

namespace flowbroker::runtime {
namespace {

constexpr int kCannotStart = 1;

/// How often memory is looked at: long against a burst, short against what an operator waits before he worries.
constexpr Duration kTrimInterval = std::chrono::seconds(10);

void ServeUntilStopped(Daemon& daemon, const config::ConfigSources& sources, const ServiceNotifier& notifier) {
  HeapTrim trim;
  auto checked = std::chrono::steady_clock::now();
  while (true) {
    const auto check_interval = daemon.CertificateCheckInterval();
    const auto signal = WaitForSignal(std::min(check_interval.value_or(kTrimInterval), kTrimInterval));
    if (signal == ProcessSignal::kStop) return;
    if (signal == ProcessSignal::kReload) {
      notifier.Reloading();
      daemon.Reload(config::LoadConfig(sources));
      notifier.Ready();
      continue;
    }
    TrimHeap(trim);
    if (const auto now = std::chrono::steady_clock::now(); check_interval && now - checked >= *check_interval) {
      daemon.CheckCertificates();
      checked = now;
    }
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
