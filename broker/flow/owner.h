#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>

namespace flowbroker::flow {

/// Whose a flow is. Flows, races, request ids and messages of one owner are never those of another.
struct Owner {
  std::string tenant = {};        ///< identity the caller has proved; empty: a caller of this host, who need not
  std::string client_group = {};  ///< whom of the tenant's servers inbound messages go to

  friend bool operator==(const Owner&, const Owner&) = default;
};

/// What a call may see and use of what others own.
struct Scope {
  std::optional<std::string> tenant = std::nullopt;        ///< absent: every tenant's, for the operator
  std::optional<std::string> client_group = std::nullopt;  ///< absent: every group's

  bool Covers(const Owner& owner) const {
    return (!tenant || *tenant == owner.tenant) && (!client_group || *client_group == owner.client_group);
  }
};

}  // namespace flowbroker::flow

template <>
struct std::hash<flowbroker::flow::Owner> {
  std::size_t operator()(const flowbroker::flow::Owner& owner) const noexcept {
    return std::hash<std::string>{}(owner.client_group) ^ (std::hash<std::string>{}(owner.tenant) * 31);
  }
};
