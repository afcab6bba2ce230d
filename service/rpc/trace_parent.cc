#include "service/rpc/trace_parent.h"

#include <algorithm>
#include <iterator>

namespace flowbroker::rpc {
namespace {

constexpr std::size_t kLength = 55;      // of version 00, and of what later versions begin with
constexpr std::size_t kMaxLength = 256;  // of what gets into a log

bool IsHex(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool IsZero(std::string_view text) {
  return text.find_first_not_of('0') == std::string_view::npos;
}

}  // namespace

bool IsTraceParent(std::string_view text) {
  if (text.size() < kLength || text.size() > kMaxLength) return false;
  if (text[2] != '-' || text[35] != '-' || text[52] != '-') return false;
  const std::string_view version = text.substr(0, 2);
  const std::string_view trace = text.substr(3, 32);
  const std::string_view parent = text.substr(36, 16);
  if (!IsHex(version) || !IsHex(trace) || !IsHex(parent) || !IsHex(text.substr(53, 2))) return false;
  if (version == "ff" || IsZero(trace) || IsZero(parent)) return false;
  if (text.size() == kLength) return true;
  return version != "00" && text[kLength] == '-';
}

std::string TraceParentOf(const grpc::ServerContext& context) {
  const auto& metadata = context.client_metadata();
  const auto [first, end] = metadata.equal_range("traceparent");
  if (first == end || std::next(first) != end) return {};
  const std::string_view text(first->second.data(), first->second.size());
  return IsTraceParent(text) ? std::string(text.substr(0, kLength)) : std::string();
}

}  // namespace flowbroker::rpc
