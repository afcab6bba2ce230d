#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "broker/sip/message_framer.h"
#include "broker/sip/message_head.h"
#include "broker/sip/stun_message.h"
#include "tests/fuzz/require.h"

using flowbroker::Expected;
using flowbroker::fuzz::Require;
using flowbroker::sip::FramerLimits;
using flowbroker::sip::MessageFramer;
using flowbroker::sip::MessageHead;
using flowbroker::sip::ReadMessageHead;

namespace {

// Small, so that the limits are met with inputs of a few hundred octets.
constexpr FramerLimits kLimits{.max_header_bytes = 400, .max_body_bytes = 100};
constexpr FramerLimits kLimitsWithStun{.max_header_bytes = 400, .max_body_bytes = 100, .stun = true};

struct Result {
  std::vector<std::string> messages;
  std::string all_items;  // octets of all items, in order
  std::string failure;
};

void CheckMessage(std::string_view message) {
  const Expected<MessageHead> head = ReadMessageHead(message);
  if (!head) return;  // lacks a Via or the like, which is not the framer's business
  Require(head->content_length.has_value(), "messages of a stream have a Content-Length");
  Require(head->header_bytes + *head->content_length == message.size(), "framer and head reader agree on the length");
}

void CheckStun(std::string_view message) {
  Require(flowbroker::sip::StunLength(message) == message.size(), "STUN is cut by its length");
  (void)flowbroker::sip::ReadStun(message);
}

void Drain(MessageFramer& framer, Result& result) {
  while (const auto item = framer.Next()) {
    result.all_items += item->bytes;
    if (item->kind == MessageFramer::Kind::kStun) CheckStun(item->bytes);
    if (item->kind != MessageFramer::Kind::kMessage) continue;
    CheckMessage(item->bytes);
    result.messages.emplace_back(item->bytes);
  }
}

/// Frames `stream` in pieces whose lengths come from `cuts`, again and again; one piece where that is empty.
Result Frame(std::string_view stream, std::string_view cuts, const FramerLimits& limits) {
  Result result;
  MessageFramer framer(limits);
  for (std::size_t i = 0; !stream.empty(); ++i) {
    const auto cut = cuts.empty() ? stream.size() : static_cast<std::size_t>(cuts[i % cuts.size()]) % 64 + 1;
    std::string piece(stream.substr(0, cut));  // its own memory, freed below: nothing may look at it any more
    stream.remove_prefix(piece.size());
    framer.Append(piece);
    if (piece.size() % 3 == 0) framer.Compact();
    Drain(framer, result);
    if (piece.size() % 3 == 1) framer.Compact();
  }
  if (framer.failure()) result.failure = framer.failure()->ToString();
  const std::size_t longest_stun = limits.stun ? flowbroker::sip::kMaxStunOctets : 0;
  Require(framer.buffered() <= std::max(limits.max_header_bytes + limits.max_body_bytes, longest_stun),
          "memory is limited");
  return result;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t cuts = std::min<std::size_t>(size, 4);
  const std::string_view stream = input.substr(cuts);
  const FramerLimits& limits = size % 2 == 0 ? kLimits : kLimitsWithStun;
  const Result whole = Frame(stream, {}, limits);
  const Result split = Frame(stream, input.substr(0, cuts), limits);
  Require(whole.messages == split.messages, "messages do not depend on how the stream was cut");
  Require(whole.failure == split.failure, "failures do not depend on how the stream was cut");
  Require(stream.starts_with(whole.all_items) && stream.starts_with(split.all_items), "items are the stream, in order");
  return 0;
}
