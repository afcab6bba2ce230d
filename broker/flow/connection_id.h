#pragma once

#include <compare>
#include <cstdint>
#include <functional>

namespace flowbroker::flow {

/// Names one socket of one shard, from the start of its connection attempt to its close. Never reused, so that a late
/// event of a closed socket hits nothing.
struct ConnectionId {
  std::uint64_t value;
  friend auto operator<=>(const ConnectionId&, const ConnectionId&) = default;
};

}  // namespace flowbroker::flow

template <>
struct std::hash<flowbroker::flow::ConnectionId> {
  std::size_t operator()(flowbroker::flow::ConnectionId id) const noexcept { return id.value; }
};
