#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace flowbroker::engine {

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};

/// A map by text in which a view can be looked up without making a string of it.
template <typename T>
using TextMap = std::unordered_map<std::string, T, TextHash, std::equal_to<>>;

}  // namespace flowbroker::engine
