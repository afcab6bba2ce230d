#include "broker/sip/options_template.h"

#include <utility>

#include "broker/sip/options_probe.h"

namespace flowbroker::sip {
namespace {

// Stand for what differs; no part of a probe has control characters but CR and LF.
constexpr std::string_view kRemoteMark = "\x01";
constexpr std::string_view kTokenMark = "\x02";

}  // namespace

OptionsTemplate::OptionsTemplate(const Endpoint& local) {
  const std::string probe = WriteOptionsProbe(
      {.target = {local, Transport::kUdp}, .local = local, .token = kTokenMark, .uri_host = kRemoteMark});
  Piece piece{{}, Gap::kEnd};
  for (const char c : probe) {
    if (c != kRemoteMark.front() && c != kTokenMark.front()) {
      piece.text += c;
      continue;
    }
    piece.then = c == kRemoteMark.front() ? Gap::kRemote : Gap::kToken;
    pieces_.push_back(std::exchange(piece, {{}, Gap::kEnd}));
  }
  pieces_.push_back(std::move(piece));
  constexpr std::size_t kLongestGap = 48;  // "[...]:65535" of an IPv6 address
  for (const Piece& each : pieces_) size_ += each.text.size() + kLongestGap;
}

std::string OptionsTemplate::Write(const Endpoint& remote, std::string_view token) const {
  const std::string host = remote.ToString();
  std::string probe;
  probe.reserve(size_);
  for (const Piece& piece : pieces_) {
    probe += piece.text;
    if (piece.then == Gap::kRemote) probe += host;
    if (piece.then == Gap::kToken) probe += token;
  }
  return probe;
}

}  // namespace flowbroker::sip
