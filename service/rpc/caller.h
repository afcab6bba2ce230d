#pragma once

#include <string>
#include <utility>

#include "broker/flow/owner.h"

namespace flowbroker::rpc {

/// Who makes a call. Comes from the connection alone; nothing in a request changes it.
struct Caller {
  std::string tenant = {};   ///< identity proved by certificate; empty: a caller of this host
  bool is_operator = false;  ///< sees and does everything

  /// What it sees and uses of what there is.
  flow::Scope Sees() const {
    if (is_operator) return {};
    return {.tenant = tenant};
  }

  /// Whose is what it asks for.
  flow::Owner Owner(std::string client_group) const {
    return {.tenant = tenant, .client_group = std::move(client_group)};
  }
};

}  // namespace flowbroker::rpc
