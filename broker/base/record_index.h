#pragma once

#include <cstdint>

namespace flowbroker {

/// Place of a record in all tables about records of its kind: half of a pointer, and it survives a growing table.
using RecordIndex = std::uint32_t;
inline constexpr RecordIndex kNoRecord = UINT32_MAX;

}  // namespace flowbroker
