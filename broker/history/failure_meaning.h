#pragma once

#include <cstdint>

#include "broker/base/failure.h"

namespace flowbroker::history {

/// What a failed attempt says about the path it was made on.
enum class FailureMeaning : std::uint8_t {
  kNothing,            ///< it ended for reasons of our own: the path may be fine
  kPathWorks,          ///< the peer answered as far as the path is concerned; only its certificate is no good
  kTargetFails,        ///< an answer, quickly: about this target only, and for a minute at most
  kHostMissing,        ///< quick as well, but two such addresses say that the prefix has lost its way
  kPrefixUnreachable,  ///< quick, and said of the whole prefix
  kSilence,            ///< no answer in time: slow to find out, and two such addresses speak against the prefix
};

/// The one table of what each failure means to memory.
FailureMeaning MeaningOf(FailureReason reason);

/// Whether the failure came as an answer: trying again soon costs a race little. Meaningful for failures that hold.
constexpr bool IsQuick(FailureMeaning meaning) {
  return meaning != FailureMeaning::kSilence;
}

/// Whether it makes the target's neighbours suspicious.
constexpr bool SuspectsPrefix(FailureMeaning meaning) {
  return meaning == FailureMeaning::kHostMissing || meaning == FailureMeaning::kSilence ||
         meaning == FailureMeaning::kPrefixUnreachable;
}

}  // namespace flowbroker::history
