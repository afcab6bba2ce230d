#pragma once

#include <cstdint>

namespace flowbroker::bindings {

/// Place of a binding in all tables about bindings: half of a pointer, and it survives a growing table.
using RecordIndex = std::uint32_t;
inline constexpr RecordIndex kNoRecord = UINT32_MAX;

}  // namespace flowbroker::bindings
