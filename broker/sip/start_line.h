#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace flowbroker::sip {

/// A method longer than this is not one; the longest registered has 9 letters.
inline constexpr std::size_t kMaxMethodOctets = 64;

/// Request-Line or Status-Line (RFC 3261 s.7.1, s.7.2); views into the line.
struct StartLine {
  std::uint16_t status_code = 0;  ///< 100..699; 0 for a request
  std::string_view method;        ///< requests only
  std::string_view request_uri;   ///< requests only
};

/// Reads a start line without its CRLF. Nothing where it is not one of SIP/2.0.
std::optional<StartLine> ReadStartLine(std::string_view line);

/// Whether `bytes` (without line end), of which the first `checked` passed before, may be the beginning of a start
/// line. Looks at a bounded number of octets and at those not yet checked. True for every prefix of what ReadStartLine
/// accepts.
bool MayBeginStartLine(std::string_view bytes, std::size_t checked);

}  // namespace flowbroker::sip
