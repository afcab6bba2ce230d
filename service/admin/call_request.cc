#include "service/admin/call_request.h"

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

}  // namespace flowbroker::admin
