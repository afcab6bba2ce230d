#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

// Text for a terminal: what comes from peers and DNS must not be able to control it.
namespace flowbroker::cli {

enum class Colour { kNone, kBold, kDim, kRed, kGreen, kYellow, kCyan };

/// `text` between the escape codes of `colour`; unchanged where `enabled` is false, or for kNone and empty text.
std::string Paint(std::string_view text, Colour colour, bool enabled);

/// Valid UTF-8 without control characters: each octet or character that is not becomes "?". `keep_lines` leaves TAB, CR
/// and LF as they are.
std::string Clean(std::string_view text, bool keep_lines = false);

/// `text` with its ASCII letters in lower case.
std::string Lower(std::string_view text);

/// Columns of cleaned text: its characters.
std::size_t Columns(std::string_view text);

/// Exactly `columns` wide: padded with spaces or cut with an ellipsis.
std::string Fit(std::string_view text, std::size_t columns);

/// `left` and `right` at the two ends of a line of `columns`, at least two spaces between them.
std::string Justify(std::string_view left, std::string_view right, std::size_t columns);

/// Lines of at most `columns`, broken between words where possible.
std::vector<std::string> Wrap(std::string_view text, std::size_t columns);

/// "38 us", "1.2 ms", "500 ms", "31.98 s", "5 min": the digits that matter.
std::string FormatDuration(std::chrono::nanoseconds duration);

}  // namespace flowbroker::cli
