#pragma once

#include <array>
#include <cstdint>

namespace flowbroker::net {

/// How an attempt to exchange a ticket for a descriptor ended, or a ticket that nobody presented.
enum class HandoffOutcome : std::uint8_t {
  kHandedOff,      ///< the caller has the descriptor
  kForeignUser,    ///< refused: its user may not
  kTooMany,        ///< refused: too many connections at once
  kMalformed,      ///< refused: it sent no ticket
  kTooSlow,        ///< refused: no whole ticket came in time
  kUnknownTicket,  ///< refused: forged, used before, or late
  kFlowEnded,      ///< the flow had ended meanwhile
  kCallerGone,     ///< the caller did not wait for the descriptor
  kUnused,         ///< nobody presented the ticket in time: its flow was closed
};

inline constexpr std::array kAllHandoffOutcomes = {
    HandoffOutcome::kHandedOff, HandoffOutcome::kForeignUser, HandoffOutcome::kTooMany,
    HandoffOutcome::kMalformed, HandoffOutcome::kTooSlow,     HandoffOutcome::kUnknownTicket,
    HandoffOutcome::kFlowEnded, HandoffOutcome::kCallerGone,  HandoffOutcome::kUnused};

}  // namespace flowbroker::net
