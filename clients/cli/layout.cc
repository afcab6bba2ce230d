#include "clients/cli/layout.h"

#include <algorithm>
#include <array>
#include <ctime>

#include "clients/cli/text.h"

namespace flowbroker::cli {

std::string Headline(std::string_view left, std::string_view right, Colour colour, const Canvas& canvas) {
  const std::string line = Justify(left, right, canvas.columns);
  const std::size_t split = line.size() - right.size();
  return Paint(line.substr(0, split), Colour::kBold, canvas.colour) + Paint(right, colour, canvas.colour) + "\n";
}

std::string LocalTime(std::chrono::system_clock::time_point time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count() % 1000;
  std::tm local{};
  localtime_r(&seconds, &local);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%H:%M:%S", &local);
  std::string fraction = std::to_string(1000 + ms).substr(1);
  return std::string(text.data()) + "." + fraction;
}

std::string Table(const std::vector<std::vector<std::string>>& rows, const Canvas& canvas) {
  std::vector<std::size_t> widths(rows.front().size());
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], Columns(row[i]));
  }
  std::string out;
  for (std::size_t n = 0; n < rows.size(); ++n) {
    std::string line = "  ";
    for (std::size_t i = 0; i < widths.size(); ++i) line += Fit(rows[n][i], widths[i]) + "  ";
    line.erase(line.find_last_not_of(' ') + 1);
    out += Paint(line, n == 0 ? Colour::kDim : Colour::kNone, canvas.colour) + "\n";
  }
  return out;
}

}  // namespace flowbroker::cli
