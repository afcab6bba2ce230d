// The invariants of racing and memory over many random scenarios. FLOWBROKER_SCENARIOS and FLOWBROKER_FIRST_SEED in the
// environment change how many and which; `explore` runs as many as one likes.

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "tests/simulation/scenario.h"

namespace flowbroker::simulation {
namespace {

std::uint64_t FromEnvironment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::stoull(text);
}

TEST(RandomScenariosTest, InvariantsHold) {
  const std::uint64_t count = FromEnvironment("FLOWBROKER_SCENARIOS", 10'000);
  const std::uint64_t first = FromEnvironment("FLOWBROKER_FIRST_SEED", 1);
  int requests = 0;
  int answered = 0;
  int returns = 0;
  for (std::uint64_t seed = first; seed < first + count && !HasFailure(); ++seed) {
    const Verdict verdict = Scenario(seed).Run();
    EXPECT_TRUE(verdict.complaints.empty()) << "seed " << seed << ": " << verdict.complaints.front() << " and "
                                            << verdict.complaints.size() - 1 << " more complaints";
    requests += verdict.requests;
    answered += verdict.answered;
    if (verdict.preferred_back_after) ++returns;
  }
  if (count < 100) return;
  EXPECT_GT(answered, requests / 4) << "the networks are not so bad that nothing is tested";
  EXPECT_LT(answered, requests * 9 / 10) << "nor so good";
  EXPECT_GT(returns, static_cast<int>(count / 2));
}

}  // namespace
}  // namespace flowbroker::simulation
