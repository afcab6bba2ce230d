#pragma once

#include <string_view>

namespace flowbroker::sip {

/// The topmost `via-parm` of a Via header field (RFC 3261 s.20.42); views into the field.
struct ViaHeader {
  std::string_view text;    ///< up to the first comma outside quotes, trimmed
  std::string_view branch;  ///< empty when absent (RFC 2543 peers)
};

/// Reads the first `via-parm` of a Via field's value; the others, after a comma, belong to earlier hops. Total: any
/// text gives a result, since whoever owns the transaction judges the Via. One pass, no allocation.
ViaHeader ReadTopVia(std::string_view value);

}  // namespace flowbroker::sip
