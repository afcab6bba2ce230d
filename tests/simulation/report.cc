// report [--seed N] [--runs M] [--requests R]: what memory is worth. The same requests go through the same weather with
// three policies, all of them configurations of this engine:
//
//   sequential  one target after another, each until its time-out (10 s); nothing is remembered
//   plain HE    Happy Eyeballs with 250 ms between the starts; nothing is remembered
//   ours        the defaults
//
// Every request wants a flow of its own, so that the pool helps nobody. The oracle knows beforehand which target of the
// host will answer soonest, starts this one alone and at once, and has no packet lost. Requests for which no target
// answers count for nobody. A request without a flow counts with the 32 s that its caller waited.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "tests/simulation/weather.h"

namespace flowbroker::simulation {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

enum class Policy { kSequential, kPlain, kOurs };

struct Plan {
  std::uint64_t seed = 1;
  std::uint64_t runs = 10;
  std::uint64_t requests = 500;  // per run
};

/// Times of many requests.
struct Times {
  std::vector<double> ms = {};
  int second_starts = 0;  // requests that began more than one attempt

  double Mean() const {
    double sum = 0;
    for (const double one : ms) sum += one;
    return ms.empty() ? 0 : sum / static_cast<double>(ms.size());
  }
  double Percentile(std::size_t percent) {
    std::ranges::sort(ms);
    return ms.empty() ? 0 : ms[std::min(ms.size() * percent / 100, ms.size() - 1)];
  }
  double SecondStarts() const { return ms.empty() ? 0 : 100.0 * second_starts / static_cast<double>(ms.size()); }
};

engine::BrokerOptions OptionsOf(Policy policy) {
  engine::BrokerOptions options;
  options.racing.parallel = policy != Policy::kSequential;
  if (policy == Policy::kPlain) {
    const Duration fixed = milliseconds(250);  // RFC 8305 s.8
    options.racing.delay = {fixed, fixed, fixed, fixed, fixed};
  }
  return options;
}

std::string UriOf(const std::string& host, Transport transport) {
  return transport == Transport::kTls ? "sips:" + host + ":5061" : "sip:" + host + ":5060;transport=tcp";
}

/// Sends the requests of one run through the weather; adds what counts to `times`, and to `oracle` where given.
class Run {
 public:
  Run(Policy policy, const Climate& climate, std::uint64_t seed, const Plan& plan)
      : policy_(policy), climate_(climate), dice_(seed), shard_(seed, OptionsOf(policy)) {
    const Duration pause = seconds(3);  // on average
    const TimePoint begin = shard_.now();
    climate.make(weather_, dice_, begin, begin + pause * static_cast<int>(plan.requests));
    weather_.BlowOver(shard_);
    TimePoint when = begin;
    for (std::uint64_t i = 0; i < plan.requests; ++i) {
      when += dice_.UpTo(2 * pause);
      moments_.push_back({when, dice_.Of(weather_.hosts())});
    }
  }

  void Go(Times& times, Times* oracle) {
    for (const auto& [when, host] : moments_) {
      shard_.RunUntil(when);
      const auto best = weather_.BestAt(host, when);
      if (policy_ != Policy::kOurs) shard_.state().history.ForgetAll(shard_.now());
      Ask(host, best ? &times : nullptr);
      if (best && oracle != nullptr) oracle->ms.push_back(ToMilliseconds(*best));
    }
    shard_.RunFor(seconds(60));
  }

 private:
  struct Moment {
    TimePoint when;
    std::string host;
  };

  void Ask(const std::string& host, Times* times) {
    engine::AcquireRequest request = ScriptedShard::RequestFor(UriOf(host, climate_.transport));
    request.exclusive = true;
    request.deadline = shard_.now() + seconds(32);
    const TimePoint asked = shard_.now();
    shard_.Ask(request, [this, asked, times](const engine::AcquireResult& result) {
      if (result.flow) shard_.core().flows().Release(result.flow->id, {}, shard_.now());
      if (times == nullptr) return;
      times->ms.push_back(ToMilliseconds(shard_.now() - asked));
      const auto attempts = std::ranges::count(result.trace.steps, TraceWhat::kAttempt, &TraceStep::what);
      if (attempts > 1) ++times->second_starts;
    });
  }

  const Policy policy_;
  const Climate& climate_;
  Dice dice_;
  ScriptedShard shard_;
  Weather weather_;
  std::vector<Moment> moments_;
};

void PrintRow(const Climate& climate, const Plan& plan) {
  Times oracle;
  Times times[3];
  for (std::uint64_t run = 0; run < plan.runs; ++run) {
    for (const Policy policy : {Policy::kSequential, Policy::kPlain, Policy::kOurs}) {
      Run(policy, climate, plan.seed + run, plan)
          .Go(times[static_cast<int>(policy)], policy == Policy::kOurs ? &oracle : nullptr);
    }
  }
  std::printf("| %-35s | %6.1f ", climate.name, oracle.Mean());
  for (Times& one : times) {
    std::printf("| %7.1f %6.2f x %6.0f %6.0f ", one.Mean(), one.Mean() / oracle.Mean(), one.Percentile(50),
                one.Percentile(99));
  }
  std::printf("| %5.1f %5.1f |\n", times[1].SecondStarts(), times[2].SecondStarts());
  std::fflush(stdout);
}

std::uint64_t Option(int argc, char** argv, const char* name, std::uint64_t otherwise) {
  for (int i = 1; i + 1 < argc; ++i) {
    if (std::strcmp(argv[i], name) == 0) return std::stoull(argv[i + 1]);
  }
  return otherwise;
}

int Report(int argc, char** argv) {
  Plan plan;
  plan.seed = Option(argc, argv, "--seed", plan.seed);
  plan.runs = Option(argc, argv, "--runs", plan.runs);
  plan.requests = Option(argc, argv, "--requests", plan.requests);
  std::printf(
      "Time to a new flow in ms: mean, ratio to the oracle's mean, median, 99th percentile. %llu runs of %llu "
      "requests from seed %llu.\n\n",
      static_cast<unsigned long long>(plan.runs), static_cast<unsigned long long>(plan.requests),
      static_cast<unsigned long long>(plan.seed));
  std::printf("| %-35s | %6s | %-31s | %-31s | %-31s | %-11s |\n", "network", "oracle", "sequential, no memory",
              "plain Happy Eyeballs", "ours", "2nd starts %");
  std::printf("|---|---|---|---|---|---|\n");
  for (const Climate& climate : Climates()) PrintRow(climate, plan);
  return 0;
}

}  // namespace
}  // namespace flowbroker::simulation

int main(int argc, char** argv) {
  return flowbroker::simulation::Report(argc, argv);
}
