#include "clients/cpp/edge.h"

namespace flowbroker::client {

std::string_view ToString(TokenState state) {
  switch (state) {
    case TokenState::kUnknown:
      return "?";
    case TokenState::kLive:
      return "live";
    case TokenState::kGone:
      return "gone";
    case TokenState::kForged:
      return "forged";
  }
  __builtin_unreachable();
}

std::string_view ToString(BindingChange change) {
  switch (change) {
    case BindingChange::kUnknown:
      return "?";
    case BindingChange::kBound:
      return "bound";
    case BindingChange::kRefreshed:
      return "refreshed";
    case BindingChange::kReplaced:
      return "replaced";
    case BindingChange::kUnbound:
      return "unbound";
    case BindingChange::kExpired:
      return "expired";
    case BindingChange::kFlowEnded:
      return "flow ended";
  }
  __builtin_unreachable();
}

}  // namespace flowbroker::client
