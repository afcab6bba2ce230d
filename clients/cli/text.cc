#include "clients/cli/text.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>

namespace flowbroker::cli {
namespace {

std::string_view CodeOf(Colour colour) {
  switch (colour) {
    case Colour::kNone:
      return "0";
    case Colour::kBold:
      return "1";
    case Colour::kDim:
      return "2";
    case Colour::kRed:
      return "31";
    case Colour::kGreen:
      return "32";
    case Colour::kYellow:
      return "33";
    case Colour::kCyan:
      return "36";
  }
  __builtin_unreachable();
}

bool IsContinuation(char c) {
  return (static_cast<std::uint8_t>(c) & 0xC0U) == 0x80U;
}

// Octets of the printable non-ASCII character that `text` begins with; 0: it begins with none.
std::size_t PrintableLength(std::string_view text) {
  const auto lead = static_cast<std::uint8_t>(text.front());
  const std::size_t length = lead >= 0xF0 && lead <= 0xF4 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC2 ? 2 : 0;
  if (length == 0 || lead > 0xF4 || text.size() < length) return 0;
  if (!std::all_of(text.begin() + 1, text.begin() + static_cast<std::ptrdiff_t>(length), IsContinuation)) return 0;
  const auto second = static_cast<std::uint8_t>(text[1]);
  const bool c1_control = lead == 0xC2 && second < 0xA0;
  const bool overlong = (lead == 0xE0 && second < 0xA0) || (lead == 0xF0 && second < 0x90);
  const bool outside = (lead == 0xED && second >= 0xA0) || (lead == 0xF4 && second >= 0x90);
  const bool bidirectional = lead == 0xE2 && (second == 0x80 || second == 0x81);  // would reorder the line
  return c1_control || overlong || outside || bidirectional ? 0 : length;
}

std::string Printf(const char* format, double value) {
  std::array<char, 64> out{};
  std::snprintf(out.data(), out.size(), format, value);
  return out.data();
}

// Offset of the character after `columns` characters.
std::size_t OffsetOf(std::string_view text, std::size_t columns) {
  std::size_t offset = 0;
  for (; offset < text.size(); ++offset) {
    if (IsContinuation(text[offset])) continue;
    if (columns == 0) break;
    --columns;
  }
  return offset;
}

}  // namespace

std::string Paint(std::string_view text, Colour colour, bool enabled) {
  if (!enabled || colour == Colour::kNone || text.empty()) return std::string(text);
  return "\033[" + std::string(CodeOf(colour)) + "m" + std::string(text) + "\033[0m";
}

std::string Clean(std::string_view text, bool keep_lines) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const char c = text.front();
    const bool line_character = c == '\n' || c == '\r' || c == '\t';
    const bool ascii = c >= ' ' && c < '\x7f';
    const std::size_t length = ascii || (keep_lines && line_character) ? 1 : PrintableLength(text);
    out += length == 0 ? std::string_view("?") : text.substr(0, length);
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out;
}

std::string Lower(std::string_view text) {
  std::string out(text);
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  std::transform(out.begin(), out.end(), out.begin(), lower);
  return out;
}

std::size_t Columns(std::string_view text) {
  return text.size() - static_cast<std::size_t>(std::count_if(text.begin(), text.end(), IsContinuation));
}

std::string Fit(std::string_view text, std::size_t columns) {
  const std::size_t wide = Columns(text);
  if (wide <= columns) return std::string(text) + std::string(columns - wide, ' ');
  if (columns == 0) return {};
  return std::string(text.substr(0, OffsetOf(text, columns - 1))) + "…";
}

std::string Justify(std::string_view left, std::string_view right, std::size_t columns) {
  const std::size_t used = Columns(left) + Columns(right);
  const std::size_t gap = used + 2 <= columns ? columns - used : 2;
  return std::string(left) + std::string(gap, ' ') + std::string(right);
}

std::vector<std::string> Wrap(std::string_view text, std::size_t columns) {
  std::vector<std::string> lines;
  while (Columns(text) > columns) {
    const std::size_t limit = OffsetOf(text, std::max<std::size_t>(columns, 1));
    const std::size_t space = text.rfind(' ', limit);
    const bool broken = space == std::string_view::npos || space == 0;
    lines.emplace_back(text.substr(0, broken ? limit : space));
    text.remove_prefix(broken ? limit : space + 1);
  }
  lines.emplace_back(text);
  return lines;
}

std::string FormatDuration(std::chrono::nanoseconds duration) {
  const std::int64_t count = duration.count();
  const double ns = static_cast<double>(count);
  if (std::abs(ns) < 99.5e3) return Printf("%.0f us", ns / 1e3);
  if (std::abs(ns) < 999.95e6) return Printf(count % 10'000'000 == 0 ? "%.0f ms" : "%.1f ms", ns / 1e6);
  if (std::abs(ns) < 120e9) return Printf(count % 1'000'000'000 == 0 ? "%.0f s" : "%.2f s", ns / 1e9);
  if (std::abs(ns) < 7200e9) return Printf("%.0f min", ns / 60e9);
  return Printf("%.1f h", ns / 3600e9);
}

}  // namespace flowbroker::cli
