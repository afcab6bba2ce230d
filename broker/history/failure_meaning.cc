#include "broker/history/failure_meaning.h"

namespace flowbroker::history {

FailureMeaning MeaningOf(FailureReason reason) {
  switch (reason) {
    case FailureReason::kTimedOut:
    case FailureReason::kTlsTimedOut:
    case FailureReason::kProbeTimedOut:
    case FailureReason::kKeepAliveTimedOut:
    case FailureReason::kOvertaken:  // the loser of a race seldom lives to see its own time-out
      return FailureMeaning::kSilence;

    case FailureReason::kNetworkUnreachable:
      return FailureMeaning::kPrefixUnreachable;

    case FailureReason::kHostUnreachable:
      return FailureMeaning::kHostMissing;

    case FailureReason::kRefused:
    case FailureReason::kReset:
    case FailureReason::kClosedByPeer:
    case FailureReason::kTlsHandshakeFailed:
      return FailureMeaning::kTargetFails;

    case FailureReason::kCertificateUntrusted:
    case FailureReason::kCertificateMismatch:
      return FailureMeaning::kPathWorks;

    case FailureReason::kInvalidArgument:
    case FailureReason::kUnknownFlow:
    case FailureReason::kAlreadyInUse:
    case FailureReason::kCancelled:
    case FailureReason::kForbidden:
    case FailureReason::kDeadlineExceeded:
    case FailureReason::kLimitReached:
    case FailureReason::kNoSuchName:
    case FailureReason::kNoRecords:
    case FailureReason::kDnsTimedOut:
    case FailureReason::kDnsServerFailure:
    case FailureReason::kDnsMalformed:
    case FailureReason::kNoLocalAddress:
    case FailureReason::kLocalAddressLost:
    case FailureReason::kMappedAddressChanged:
    case FailureReason::kMalformedMessage:
    case FailureReason::kMessageTooLarge:
    case FailureReason::kLostRace:
    case FailureReason::kIdle:
    case FailureReason::kClosedByOwner:
    case FailureReason::kHandedOff:
    case FailureReason::kShuttingDown:
    case FailureReason::kOutOfDescriptors:
    case FailureReason::kInternal:
      return FailureMeaning::kNothing;
  }
  __builtin_unreachable();
}

}  // namespace flowbroker::history
