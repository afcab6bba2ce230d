#pragma once

#include <optional>

#include "broker/base/failure.h"
#include "broker/base/time.h"
#include "broker/history/path.h"

namespace flowbroker::history {

/// How one stage of an attempt, a probe or a transaction on a path ended; every attempt ends exactly once.
struct AttemptOutcome {
  Path path;
  AttemptStage stage;
  std::optional<FailureReason> failure;  ///< absent: the stage succeeded
  std::optional<Duration> rtt;           ///< of the stage, from an unretransmitted exchange; absent when unknown
  /// Since the attempt began, all stages together; absent where something was retransmitted or the beginning is
  /// unknown.
  std::optional<Duration> took = std::nullopt;
};

/// Whether SIP can be sent after this stage: TCP connected, TLS verified, a probe answered.
constexpr bool ProvesPath(const AttemptOutcome& outcome) {
  if (outcome.failure) return false;
  return outcome.stage != AttemptStage::kTcp || outcome.path.target.transport == Transport::kTcp;
}

}  // namespace flowbroker::history
