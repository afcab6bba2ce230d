#include "broker/sip/message_head.h"

#include "broker/sip/header_fields.h"
#include "broker/sip/start_line.h"
#include "broker/sip/via_header.h"

namespace flowbroker::sip {
namespace {

Unexpected Malformed(const char* what) {
  return Unexpected(Failure{FailureReason::kMalformedMessage, what});
}

/// The method of `CSeq = 1*DIGIT LWS Method`; empty where the value is not that.
std::string_view MethodOfCSeq(std::string_view value) {
  std::size_t digits = 0;
  while (digits < value.size() && IsDigit(value[digits])) ++digits;
  const std::string_view method = TrimLinearWhiteSpace(value.substr(digits));
  const bool separated = digits > 0 && digits + method.size() < value.size();
  return separated && TokenLength(method) == method.size() ? method : std::string_view();
}

/// Takes header fields in, one by one; keeps the first of each kind.
class HeadReader {
 public:
  explicit HeadReader(MessageHead& head) : head_(head) {}

  /// What is wrong with `field`, or null. The length of the name, the cheapest test, tells most other fields apart.
  const char* Take(const HeaderField& field) {
    switch (field.name.size()) {
      case 1:
        return TakeCompact(field);
      case 3:
        return field.Is("via") ? TakeVia(field.value()) : nullptr;
      case 4:
        return field.Is("cseq") ? TakeCSeq(field.value()) : nullptr;
      case 7:
        return field.Is("call-id") ? TakeCallId(field.value()) : nullptr;
      case 14:
        return field.Is("content-length") ? TakeContentLength(field.value()) : nullptr;
      default:
        return nullptr;
    }
  }

  const char* WhatIsMissing() const {
    if (head_.top_via.empty()) return "no Via";
    if (head_.call_id.empty()) return "no Call-ID";
    if (!has_cseq_) return "no CSeq";
    return nullptr;
  }

 private:
  const char* TakeCompact(const HeaderField& field) {
    switch (ToLower(field.name[0])) {
      case 'v':
        return TakeVia(field.value());
      case 'i':
        return TakeCallId(field.value());
      case 'l':
        return TakeContentLength(field.value());
      default:
        return nullptr;
    }
  }

  const char* TakeVia(std::string_view value) {
    if (!head_.top_via.empty()) return nullptr;
    const ViaHeader via = ReadTopVia(value);
    head_.top_via = via.text;
    head_.top_via_branch = via.branch;
    return via.text.empty() ? "empty Via" : nullptr;
  }

  const char* TakeCallId(std::string_view value) {
    if (head_.call_id.empty()) head_.call_id = value;
    return value.empty() ? "empty Call-ID" : nullptr;
  }

  const char* TakeCSeq(std::string_view value) {
    const std::string_view method = MethodOfCSeq(value);
    if (method.empty()) return "CSeq is not a number and a method";
    if (!has_cseq_ && !head_.is_request) head_.method = method;
    has_cseq_ = true;
    return nullptr;
  }

  const char* TakeContentLength(std::string_view value) {
    const std::optional<std::size_t> length = ReadContentLength(value);
    if (!length) return "Content-Length is not a number";
    if (head_.content_length && head_.content_length != length) return "two different Content-Lengths";
    head_.content_length = length;
    return nullptr;
  }

  MessageHead& head_;
  bool has_cseq_ = false;
};

}  // namespace

Expected<MessageHead> ReadMessageHead(std::string_view message) {
  const std::size_t line_end = message.find("\r\n");
  if (line_end == std::string_view::npos) return Malformed("no line end");
  const std::optional<StartLine> start = ReadStartLine(message.substr(0, line_end));
  if (!start) return Malformed("the first line is no start line of SIP/2.0");

  MessageHead head;
  head.is_request = start->status_code == 0;
  head.status_code = start->status_code;
  head.method = start->method;
  head.request_uri = start->request_uri;
  HeadReader reader(head);
  HeaderFields fields(message.substr(line_end + 2));
  while (const std::optional<HeaderField> field = fields.Next()) {
    if (const char* wrong = reader.Take(*field)) return Malformed(wrong);
  }
  if (!fields.complete()) return Malformed("a header line is broken or the empty line is missing");
  if (const char* missing = reader.WhatIsMissing()) return Malformed(missing);
  head.header_bytes = line_end + 2 + fields.consumed();
  return head;
}

}  // namespace flowbroker::sip
