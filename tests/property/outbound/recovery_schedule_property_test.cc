#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>

#include "broker/outbound/recovery_schedule.h"
#include "tests/support/seeded_random.h"

namespace flowbroker::outbound {
namespace {

RecoverySchedule AnySchedule() {
  const auto any = [] { return Duration(*rc::gen::inRange<std::int64_t>(1, 10'000'000'000'000)); };
  return {any(), any(), any()};
}

std::uint32_t AnyFailures() {
  return *rc::gen::oneOf(rc::gen::inRange<std::uint32_t>(0, 70), rc::gen::arbitrary<std::uint32_t>());
}

RC_GTEST_PROP(RecoveryScheduleProperty, O7_IsTheFormulaOfTheSpecification, ()) {
  const RecoverySchedule schedule = AnySchedule();
  const bool all_down = *rc::gen::arbitrary<bool>();
  const std::uint32_t failures = AnyFailures();
  const Duration base = all_down ? schedule.base_all_failed : schedule.base_not_failed;
  const long double wanted = std::min(static_cast<long double>(schedule.longest_wait.count()),
                                      static_cast<long double>(base.count()) * std::pow(2.0L, failures));
  RC_ASSERT(static_cast<long double>(RecoveryWait(schedule, all_down, failures).count()) == wanted);
}

RC_GTEST_PROP(RecoveryScheduleProperty, O7_MoreFailuresNeverMakeTheWaitShorter, ()) {
  const RecoverySchedule schedule = AnySchedule();
  const bool all_down = *rc::gen::arbitrary<bool>();
  const std::uint32_t failures = std::min(AnyFailures(), UINT32_MAX - 1);
  RC_ASSERT(RecoveryWait(schedule, all_down, failures) <= RecoveryWait(schedule, all_down, failures + 1));
}

RC_GTEST_PROP(RecoveryScheduleProperty, O7_TheDelayIsFiftyToAHundredPercent, ()) {
  const Duration wait(*rc::gen::inRange<std::int64_t>(1, 10'000'000'000'000));
  testing::SeededRandom random(*rc::gen::arbitrary<std::uint64_t>());
  const Duration delay = RecoveryDelay(wait, random);
  RC_ASSERT(2 * delay + Duration(1) >= wait);
  RC_ASSERT(delay <= wait);
}

}  // namespace
}  // namespace flowbroker::outbound
