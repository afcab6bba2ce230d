#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "clients/cli/text.h"
#include "clients/cli/waterfall.h"

// The shapes of what flowctl prints for people. Texts have to be clean; each ends with a line end but LocalTime.
namespace flowbroker::cli {

/// What something is about, and at the end of the line how it ended.
std::string Headline(std::string_view left, std::string_view right, Colour colour, const Canvas& canvas);

/// Rows under a dim heading, the first row; each column as wide as its widest cell.
std::string Table(const std::vector<std::vector<std::string>>& rows, const Canvas& canvas);

/// "12:05:59.123", where the user is.
std::string LocalTime(std::chrono::system_clock::time_point time);

}  // namespace flowbroker::cli
