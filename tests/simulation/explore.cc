// explore [--seed N] [--count M]: random scenarios by hand, as many as one likes; what fails is named by its seed.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "tests/simulation/scenario.h"

namespace flowbroker::simulation {
namespace {

struct Totals {
  std::uint64_t failed = 0;
  std::uint64_t requests = 0;
  std::uint64_t answered = 0;
  std::uint64_t attempts = 0;
  std::vector<double> seconds_until_back;
  double longest = 0;
  std::uint64_t seed_of_longest = 0;

  void NoteReturn(std::uint64_t seed, double seconds) {
    if (seconds_until_back.empty() || seconds > longest) {
      longest = seconds;
      seed_of_longest = seed;
    }
    seconds_until_back.push_back(seconds);
  }

  void Add(std::uint64_t seed, const Verdict& verdict) {
    requests += static_cast<std::uint64_t>(verdict.requests);
    answered += static_cast<std::uint64_t>(verdict.answered);
    attempts += static_cast<std::uint64_t>(verdict.attempts);
    if (verdict.preferred_back_after) NoteReturn(seed, ToMilliseconds(*verdict.preferred_back_after) / 1000);
    if (verdict.complaints.empty()) return;
    ++failed;
    for (const std::string& complaint : verdict.complaints) {
      std::printf("seed %llu: %s\n", static_cast<unsigned long long>(seed), complaint.c_str());
    }
  }

  void Print() {
    std::printf("%llu requests, %llu answered with a flow, %llu attempts\n", static_cast<unsigned long long>(requests),
                static_cast<unsigned long long>(answered), static_cast<unsigned long long>(attempts));
    if (!seconds_until_back.empty()) {
      std::ranges::sort(seconds_until_back);
      const std::size_t count = seconds_until_back.size();
      std::printf("preferred family in use after its repair: median %.1f s, p99 %.1f s, at most %.1f s (seed %llu)\n",
                  seconds_until_back[count / 2], seconds_until_back[count * 99 / 100], longest,
                  static_cast<unsigned long long>(seed_of_longest));
    }
    std::printf("%llu scenarios failed\n", static_cast<unsigned long long>(failed));
  }
};

std::uint64_t Option(int argc, char** argv, const char* name, std::uint64_t otherwise) {
  for (int i = 1; i + 1 < argc; ++i) {
    if (std::strcmp(argv[i], name) == 0) return std::stoull(argv[i + 1]);
  }
  return otherwise;
}

int Explore(int argc, char** argv) {
  const std::uint64_t first = Option(argc, argv, "--seed", 1);
  const std::uint64_t count = Option(argc, argv, "--count", 100'000);
  Totals totals;
  for (std::uint64_t seed = first; seed < first + count; ++seed) totals.Add(seed, Scenario(seed).Run());
  totals.Print();
  return totals.failed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace flowbroker::simulation

int main(int argc, char** argv) {
  return flowbroker::simulation::Explore(argc, argv);
}
