#pragma once

#include <compare>
#include <cstdint>

namespace flowbroker::outbound {

/// Tells the flows of one instance apart (O2, RFC 5626 s.4.2.1). Here 1 to 4: the place of the URI in its set.
struct RegId {
  std::uint32_t value;
  friend auto operator<=>(const RegId&, const RegId&) = default;
};

}  // namespace flowbroker::outbound
