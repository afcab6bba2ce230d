#pragma once

#include <compare>
#include <cstdint>
#include <functional>

#include "broker/base/target.h"

namespace flowbroker::history {

/// A network as seen through one local interface. An interface that joins another network gets another id, so what was
/// learned elsewhere does not count there (H5, H9). Given out by NetworkRegistry; 0: the interface is not known.
struct NetworkId {
  std::uint32_t value = 0;
  friend auto operator<=>(const NetworkId&, const NetworkId&) = default;
};

/// A target as reached through one network: what memory is about.
struct Path {
  NetworkId network;
  Target target;
  friend bool operator==(const Path&, const Path&) = default;
  friend auto operator<=>(const Path&, const Path&) = default;
};

}  // namespace flowbroker::history

template <>
struct std::hash<flowbroker::history::Path> {
  std::size_t operator()(const flowbroker::history::Path& path) const noexcept {
    return std::hash<flowbroker::Target>{}(path.target) ^ (path.network.value * 0x9E3779B97F4A7C15ULL);
  }
};
