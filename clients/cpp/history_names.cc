#include "clients/cpp/history.h"

namespace flowbroker::client {

std::string_view ToString(Reachability reachability) {
  switch (reachability) {
    case Reachability::kUnspecified:
      return "?";
    case Reachability::kUnknown:
      return "unknown";
    case Reachability::kReachable:
      return "reachable";
    case Reachability::kSlow:
      return "slow";
    case Reachability::kUnreachable:
      return "unreachable";
  }
  __builtin_unreachable();
}

std::string_view ToString(MemoryLevel level) {
  switch (level) {
    case MemoryLevel::kUnspecified:
      return "?";
    case MemoryLevel::kTarget:
      return "target";
    case MemoryLevel::kPrefix:
      return "prefix";
    case MemoryLevel::kFamily:
      return "family";
  }
  __builtin_unreachable();
}

std::string_view ToString(AttemptStage stage) {
  switch (stage) {
    case AttemptStage::kUnknown:
      return "?";
    case AttemptStage::kTcp:
      return "TCP";
    case AttemptStage::kTls:
      return "TLS";
    case AttemptStage::kProbe:
      return "probe";
  }
  __builtin_unreachable();
}

}  // namespace flowbroker::client
