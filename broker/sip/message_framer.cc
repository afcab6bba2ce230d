#include "broker/sip/message_framer.h"

#include <algorithm>

#include "broker/sip/header_fields.h"
#include "broker/sip/start_line.h"
#include "broker/sip/stun_message.h"

namespace flowbroker::sip {
namespace {

constexpr std::size_t npos = std::string_view::npos;

}  // namespace

// One of these per flow, and most flows are idle.
static_assert(sizeof(MessageFramer) <= 96);

MessageFramer::MessageFramer(const FramerLimits& limits)
    : max_header_bytes_(limits.max_header_bytes),
      max_body_bytes_(std::min(limits.max_body_bytes, SIZE_MAX / 2)),  // so that lengths can be added
      takes_stun_(limits.stun) {}

void MessageFramer::Append(std::string_view bytes) {
  if (defect_ != Defect::kNone) return;
  if (Unread().empty()) {
    Compact();
    borrowed_ = bytes;
    return;
  }
  Hold();
  // Only once half of it is used up, so that many small items do not move the rest each time.
  if (held_consumed_ * 2 >= held_.size()) DropConsumed();
  held_.append(bytes);
}

std::optional<MessageFramer::Item> MessageFramer::Next() {
  std::optional<Item> item;
  if (defect_ == Defect::kNone) item = TakeItem();
  if (!item) Hold();
  return item;
}

void MessageFramer::Compact() {
  if (!Unread().empty()) {
    Hold();
    DropConsumed();
    return;
  }
  std::string().swap(held_);
  held_consumed_ = 0;
  borrowed_ = {};
}

std::string_view MessageFramer::Unread() const {
  return held_.empty() ? borrowed_ : std::string_view(held_).substr(held_consumed_);
}

void MessageFramer::Hold() {
  if (!held_.empty()) return;
  held_.assign(borrowed_);
  borrowed_ = {};
}

void MessageFramer::DropConsumed() {
  held_.erase(0, held_consumed_);
  held_consumed_ = 0;
  if (held_.capacity() / 4 > held_.size()) held_.shrink_to_fit();
}

MessageFramer::Item MessageFramer::Take(Kind kind, std::size_t octets) {
  const Item item{kind, Unread().substr(0, octets)};
  if (held_.empty()) {
    borrowed_.remove_prefix(octets);
  } else {
    held_consumed_ += octets;
  }
  scanned_ = 0;
  message_bytes_ = 0;
  start_line_read_ = false;
  return item;
}

std::optional<MessageFramer::Item> MessageFramer::TakeItem() {
  const std::string_view unread = Unread();
  if (unread.empty()) return std::nullopt;
  if (scanned_ == 0 && unread[0] == '\r') return TakeKeepAlive();
  if (takes_stun_ && IsStun(unread[0])) return TakeStun();  // no SIP message begins so
  if (message_bytes_ == 0 && !ReadHead()) return std::nullopt;
  if (unread.size() < message_bytes_) return std::nullopt;
  return Take(Kind::kMessage, message_bytes_);
}

std::optional<MessageFramer::Item> MessageFramer::TakeKeepAlive() {
  const std::string_view unread = Unread();
  if (unread == "\r" || unread == "\r\n\r") return std::nullopt;  // its end is on the way
  if (unread.starts_with(kPingOctets)) return Take(Kind::kPing, kPingOctets.size());
  if (unread.starts_with("\r\n")) return Take(Kind::kPong, 2);
  Fail(Defect::kNotSip);
  return std::nullopt;
}

std::optional<MessageFramer::Item> MessageFramer::TakeStun() {
  const std::string_view unread = Unread();
  if (unread.size() < kStunPrefixOctets) return std::nullopt;
  const std::optional<std::size_t> length = StunLength(unread);
  if (!length) return Fail(Defect::kBadStun), std::nullopt;
  if (unread.size() < *length) return std::nullopt;
  return Take(Kind::kStun, *length);
}

bool MessageFramer::ReadHead() {
  const std::string_view head = Unread().substr(0, max_header_bytes_);
  if (FindEndOfHead(head)) ReadFields(head.substr(0, scanned_));
  return message_bytes_ != 0;
}

/// Goes on where the last call stopped. With true, `scanned_` is the length of the head.
bool MessageFramer::FindEndOfHead(std::string_view head) {
  for (std::size_t end = head.find('\n', scanned_); end != npos; end = head.find('\n', scanned_)) {
    const bool whole = end > 0 && head[end - 1] == '\r';
    if (!start_line_read_ && !(whole && ReadStartLine(head.substr(0, end - 1)))) return Fail(Defect::kNotSip), false;
    if (!whole) return Fail(Defect::kBrokenHeader), false;
    scanned_ = end + 1;
    if (start_line_read_ && head[end - 2] == '\n') return true;
    start_line_read_ = true;
  }
  const std::size_t ends_in_cr = head.ends_with('\r') ? 1 : 0;
  if (!start_line_read_ && !MayBeginStartLine(head.substr(0, head.size() - ends_in_cr), scanned_)) {
    return Fail(Defect::kNotSip), false;
  }
  if (head.size() == max_header_bytes_) return Fail(Defect::kHeaderTooLarge), false;
  scanned_ = head.size() - ends_in_cr;
  return false;
}

void MessageFramer::ReadFields(std::string_view head) {
  std::optional<std::size_t> content_length;
  HeaderFields fields(head.substr(head.find('\n') + 1));
  while (const std::optional<HeaderField> field = fields.Next()) {
    if (!field->Is("content-length", 'l')) continue;
    const std::optional<std::size_t> length = ReadContentLength(field->value());
    if (!length) return Fail(Defect::kBadContentLength);
    if (content_length && content_length != length) return Fail(Defect::kTwoContentLengths);
    content_length = length;
  }
  if (!fields.complete()) return Fail(Defect::kBrokenHeader);
  if (!content_length) return Fail(Defect::kNoContentLength);
  if (*content_length > max_body_bytes_) return Fail(Defect::kBodyTooLarge);
  message_bytes_ = head.size() + *content_length;
}

void MessageFramer::Fail(Defect defect) {
  defect_ = defect;
  borrowed_ = {};
  held_consumed_ = held_.size();  // kept for items that look into it
}

std::optional<Failure> MessageFramer::failure() const {
  const auto malformed = [](const char* detail) { return Failure{FailureReason::kMalformedMessage, detail}; };
  const auto too_large = [](const char* part, std::size_t limit) {
    return Failure{FailureReason::kMessageTooLarge, part + (" of more than " + std::to_string(limit)) + " octets"};
  };
  switch (defect_) {
    case Defect::kNone:
      return std::nullopt;
    case Defect::kBadStun:
      return malformed("bytes that begin like STUN and are none, or are too long");
    case Defect::kNotSip:
      return malformed("bytes that are no start line of SIP/2.0");
    case Defect::kBrokenHeader:
      return malformed("a broken header line");
    case Defect::kNoContentLength:
      return malformed("no Content-Length, which a stream needs");
    case Defect::kBadContentLength:
      return malformed("a Content-Length that is not a number");
    case Defect::kTwoContentLengths:
      return malformed("two different Content-Lengths");
    case Defect::kHeaderTooLarge:
      return too_large("start line and headers", max_header_bytes_);
    case Defect::kBodyTooLarge:
      return too_large("a body", max_body_bytes_);
  }
  __builtin_unreachable();
}

}  // namespace flowbroker::sip
