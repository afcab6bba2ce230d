// What a binding costs: resident memory per binding, as growth between two sizes, and the time of the calls at both,
// for plain-UDP user agents with an AOR of 30 octets and a Contact of 60.
//
//     bindings [bindings, 1000000]

#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <random>
#include <vector>

#include "broker/bindings/binding_table.h"

namespace flowbroker::bench {
namespace {

using bindings::BindRequest;

class SeededRandom final : public RandomSource {
 public:
  std::uint64_t NextBits() override { return engine_(); }

 private:
  std::mt19937_64 engine_{1};
};

std::string Printed(const char* format, std::uint32_t number) {
  std::array<char, 128> text{};
  std::snprintf(text.data(), text.size(), format, number);
  return text.data();
}

std::string AorOf(std::uint32_t number) {
  return Printed("sip:+49301%08u@sip.example.com", number);
}

BindRequest RequestOf(std::uint32_t number, const flow::FlowId& flow) {
  const std::string uri = Printed("sip:+49301%08u@192.168.178.23:5060", number);
  BindRequest request{
      .key = {.aor = AorOf(number), .contact_uri = uri}, .flow = flow, .contact = "<" + uri + ";transport=udp>"};
  request.expires = std::chrono::seconds(1800 + number % 1800);
  return request;
}

std::size_t ResidentOctets() {
  malloc_trim(0);
  std::size_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages >> pages;
  return pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

double CpuNanoseconds() {
  timespec spent{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
  return static_cast<double>(spent.tv_sec) * 1e9 + static_cast<double>(spent.tv_nsec);
}

/// CPU time of one call, and the slowest by the clock on the wall.
template <typename Call>
void Time(const char* what, std::uint32_t calls, Call&& call) {
  Duration slowest{};
  const double before = CpuNanoseconds();
  for (std::uint32_t n = 0; n < calls; ++n) {
    const auto start = std::chrono::steady_clock::now();
    call(n);
    slowest = std::max<Duration>(slowest, std::chrono::steady_clock::now() - start);
  }
  std::printf("  %-28s %6.0f ns, slowest %.2f ms\n", what, (CpuNanoseconds() - before) / calls,
              ToMilliseconds(slowest));
}

class Measurement {
 public:
  explicit Measurement(std::uint32_t count) : count_(count) {
    flows_.assign(count, flow::FlowId::Make(0, random_));  // resident before anything is measured
    for (flow::FlowId& flow : flows_) flow = flow::FlowId::Make(0, random_);
  }

  void Run() {
    Fill("bind, the first half", count_ / 2);
    const std::size_t half = ResidentOctets();
    TimeCalls();
    const std::size_t again = ResidentOctets();
    Fill("bind, the second half", count_);
    const std::size_t all = ResidentOctets();
    TimeCalls();
    const std::size_t grown = all - half;
    std::printf(
        "AOR %zu octets, Contact %zu; %zu octets of RSS per binding (from %u to %u; refreshes took %.1f each)\n",
        AorOf(1).size(), RequestOf(1, flows_[1]).contact.size(), grown / (count_ - count_ / 2), count_ / 2, count_,
        (static_cast<double>(again) - static_cast<double>(half)) / count_ * 2);
    Time("close a flow", count_ / 2, [this](std::uint32_t n) { table_.OnFlowClosed(flows_[n]); });
    const TimePoint end = kStart + std::chrono::hours(2);
    Time("expire 100", count_ / 200, [this, end](std::uint32_t) { table_.OnTimer(end, 100); });
    while (table_.NextDeadline() <= end) table_.OnTimer(end, 1000);
    std::printf("%zu left\n", table_.size());
  }

 private:
  static constexpr TimePoint kStart = TimePoint{} + std::chrono::hours(1);

  void Fill(const char* what, std::uint32_t until) {
    const auto first = static_cast<std::uint32_t>(table_.size());
    Time(what, until - first, [&](std::uint32_t n) { Bind(first + n); });
  }

  void Bind(std::uint32_t number) {
    if (!table_.Bind(RequestOf(number, flows_[number]), kStart)) std::abort();
  }

  void TimeCalls() {
    const auto any = [this](std::uint32_t n) {
      return static_cast<std::uint32_t>(std::uint64_t{n} * 7919 % table_.size());
    };
    Time("refresh", 200'000, [&](std::uint32_t n) { Bind(any(n)); });
    Time("look up", 200'000, [&](std::uint32_t n) {
      if (table_.Lookup({}, AorOf(any(n)), kStart).size() != 1) std::abort();
    });
  }

  std::uint32_t count_;
  SeededRandom random_;
  bindings::BindingTable table_{{}, random_};
  std::vector<flow::FlowId> flows_;
};

}  // namespace
}  // namespace flowbroker::bench

int main(int argc, char** argv) {
  const long count = argc > 1 ? std::strtol(argv[1], nullptr, 10) : 1'000'000;
  flowbroker::bench::Measurement(static_cast<std::uint32_t>(std::clamp(count, 1000L, 1'000'000L))).Run();
}
