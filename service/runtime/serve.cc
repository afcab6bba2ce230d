#include "service/runtime/serve.h"

#include <cstdio>

#include "service/runtime/daemon.h"
#include "service/runtime/process_setup.h"
#include "service/runtime/service_notifier.h"

namespace flowbroker::runtime {
namespace {

constexpr int kCannotStart = 1;

void ServeUntilStopped(Daemon& daemon, const config::ConfigSources& sources, const ServiceNotifier& notifier) {
  while (true) {
    const auto signal = WaitForSignal(daemon.CertificateCheckInterval());
    if (signal == ProcessSignal::kStop) return;
    if (signal == ProcessSignal::kReload) {
      notifier.Reloading();
      daemon.Reload(config::LoadConfig(sources));
      notifier.Ready();
    } else {
      daemon.CheckCertificates();
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
