#include "service/admin/call_request.h"

#include <algorithm>
#include <charconv>

namespace flowbroker::admin {
namespace {

constexpr std::size_t kMaxDigits = 8;
constexpr Duration kLongest = std::chrono::hours(24 * 30);

std::optional<Duration> UnitOf(char letter) {
  switch (letter) {
    case 'H':
      return std::chrono::hours(1);
    case 'M':
      return std::chrono::minutes(1);
    case 'S':
      return std::chrono::seconds(1);
    case 'm':
      return std::chrono::milliseconds(1);
    case 'u':
      return std::chrono::microseconds(1);
    case 'n':
      return std::chrono::nanoseconds(1);
    default:  // any octet
      return std::nullopt;
  }
}

bool IsLowerHex(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool IsZero(std::string_view text) {
  return text.find_first_not_of('0') == std::string_view::npos;
}

}  // namespace

Expected<Duration> ParseGrpcTimeout(std::string_view text) {
  std::int64_t count = 0;
  const char* const end = text.data() + text.size();
  const auto unit = text.empty() ? std::nullopt : UnitOf(text.back());
  if (unit && text.size() >= 2 && text.size() <= kMaxDigits + 1 && text.front() != '-') {
    const auto [stopped, error] = std::from_chars(text.data(), end - 1, count);
    if (error == std::errc() && stopped == end - 1) return count > kLongest / *unit ? kLongest : count * *unit;
  }
  return Unexpected(
      {FailureReason::kInvalidArgument,
       "Grpc-Timeout: expected up to eight digits and one of H M S m u n, such as 500m for half a second"});
}

bool IsTraceParent(std::string_view text) {
  // 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
  if (text.size() != 55 || !text.starts_with("00-") || text[35] != '-' || text[52] != '-') return false;
  const std::string_view trace = text.substr(3, 32);
  const std::string_view parent = text.substr(36, 16);
  return IsLowerHex(trace) && IsLowerHex(parent) && IsLowerHex(text.substr(53)) && !IsZero(trace) && !IsZero(parent);
}

}  // namespace flowbroker::admin
