#include "broker/outbound/recovery_schedule.h"

namespace flowbroker::outbound {

Duration RecoveryWait(const RecoverySchedule& schedule, bool all_flows_down, std::uint32_t consecutive_failures) {
  constexpr std::uint32_t kBits = 63;  // of a duration: shifting by more is undefined
  const Duration base = all_flows_down ? schedule.base_all_failed : schedule.base_not_failed;
  const bool capped =
      consecutive_failures >= kBits || base.count() > schedule.longest_wait.count() >> consecutive_failures;
  return capped ? schedule.longest_wait : Duration(base.count() << consecutive_failures);
}

Duration RecoveryDelay(Duration wait, RandomSource& random) {
  const Duration shortest = wait / 2;
  return shortest + Duration(UniformUpTo(random, static_cast<std::uint64_t>((wait - shortest).count())));
}

}  // namespace flowbroker::outbound
