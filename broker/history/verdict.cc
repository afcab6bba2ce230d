#include "broker/history/verdict.h"

namespace flowbroker::history {

std::string_view ToString(Reachability reachability) {
  switch (reachability) {
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

std::string_view ToString(Level level) {
  switch (level) {
    case Level::kTarget:
      return "target";
    case Level::kPrefix:
      return "prefix";
    case Level::kFamily:
      return "family";
  }
  __builtin_unreachable();
}

}  // namespace flowbroker::history
