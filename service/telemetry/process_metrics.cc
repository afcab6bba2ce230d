#include "service/telemetry/process_metrics.h"

#include <prometheus/metric_family.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

namespace flowbroker::telemetry {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

MetricFamily Single(const char* name, const char* help, MetricType type, double value) {
  ClientMetric metric;
  (type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
  return {name, help, type, {std::move(metric)}};
}

struct Memory {
  double resident = 0;
  double all = 0;  // mapped, used or not
};

Memory MemoryUsed() {
  std::ifstream statm("/proc/self/statm");
  Memory pages;
  statm >> pages.all >> pages.resident;
  const auto page = static_cast<double>(sysconf(_SC_PAGESIZE));
  return {.resident = pages.resident * page, .all = pages.all * page};
}

double OpenDescriptors() {
  std::error_code error;
  const std::filesystem::directory_iterator descriptors("/proc/self/fd", error);
  if (error) return 0;
  return static_cast<double>(std::distance(begin(descriptors), end(descriptors))) - 1;  // without that of this look
}

double MaxDescriptors() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  return static_cast<double>(limit.rlim_cur);
}

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// Since 1970; 0 where /proc does not tell. proc(5): the 22nd field of stat, in ticks after the boot.
double StartTime() {
  std::ifstream stat("/proc/self/stat");
  const std::string text{std::istreambuf_iterator<char>(stat), {}};
  std::size_t at = text.rfind(')');  // the name before it may hold anything
  for (int field = 2; field < 22 && at != std::string::npos; ++field) at = text.find(' ', at + 1);
  if (at == std::string::npos) return 0;
  const double ticks = std::strtod(text.c_str() + at, nullptr);
  std::ifstream system("/proc/stat");
  for (std::string key; system >> key;) {
    if (double boot = 0; key == "btime" && system >> boot)
      return boot + ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
  }
  return 0;
}

MetricFamily BuildFamily(const BuildInfo& build) {
  MetricFamily family =
      Single("flowbroker_build_info", "What this process was built from; always 1.", MetricType::Gauge, 1);
  family.metric.front().label = {
      {"version", build.version}, {"compiler", build.compiler}, {"grpc", build.grpc}, {"openssl", build.openssl}};
  return family;
}

void AppendUsage(std::vector<MetricFamily>& families) {
  const Memory memory = MemoryUsed();
  const auto add = [&families](const char* name, const char* help, MetricType type, double value) {
    families.push_back(Single(name, help, type, value));
  };
  add("process_resident_memory_bytes", "Resident memory size.", MetricType::Gauge, memory.resident);
  add("process_virtual_memory_bytes", "Virtual memory size.", MetricType::Gauge, memory.all);
  add("process_open_fds", "Open file descriptors.", MetricType::Gauge, OpenDescriptors());
  add("process_max_fds", "Most file descriptors that may be open.", MetricType::Gauge, MaxDescriptors());
  add("process_cpu_seconds_total", "User and system CPU time spent.", MetricType::Counter, CpuSeconds());
  static const double start = StartTime();
  add("process_start_time_seconds", "Start of the process since 1970.", MetricType::Gauge, start);
}

}  // namespace

void ProcessMetrics::SetBuild(BuildInfo build) {
  const std::lock_guard lock(mutex_);
  build_ = std::move(build);
}

void ProcessMetrics::WatchCertificate(const std::string& certificate, Expiry expiry) {
  const std::lock_guard lock(mutex_);
  std::erase_if(certificates_, [&](const Certificate& one) { return one.name == certificate; });
  if (expiry) certificates_.push_back({certificate, std::move(expiry)});
}

std::vector<MetricFamily> ProcessMetrics::Collect() const {
  std::vector<MetricFamily> families;
  families.push_back(Single("flowbroker_draining", "1 from the first sign of the end: no new Acquires are taken.",
                            MetricType::Gauge, draining_ ? 1 : 0));
  MetricFamily expiries{"flowbroker_certificate_expiry_timestamp_seconds",
                        "When the certificate in use for gRPC or SIP ends, since 1970; none: no certificate.",
                        MetricType::Gauge,
                        {}};
  {
    const std::lock_guard lock(mutex_);
    families.push_back(BuildFamily(build_));
    for (const Certificate& one : certificates_) {
      const auto expiry = one.expiry();
      if (!expiry) continue;
      ClientMetric metric;
      metric.label = {{"certificate", one.name}};
      metric.gauge.value = std::chrono::duration<double>(expiry->time_since_epoch()).count();
      expiries.metric.push_back(std::move(metric));
    }
  }
  families.push_back(std::move(expiries));
  AppendUsage(families);
  return families;
}

}  // namespace flowbroker::telemetry
