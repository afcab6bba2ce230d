#include <cstddef>
#include <cstdint>

#include "broker/sip/message_head.h"
#include "tests/fuzz/require.h"

using flowbroker::Expected;
using flowbroker::FailureReason;
using flowbroker::fuzz::Require;
using flowbroker::sip::MessageHead;
using flowbroker::sip::ReadMessageHead;

namespace {

bool LiesIn(std::string_view part, std::string_view whole) {
  return part.empty() || (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

bool Agree(const MessageHead& a, const MessageHead& b) {
  return a.is_request == b.is_request && a.status_code == b.status_code && a.method == b.method &&
         a.request_uri == b.request_uri && a.call_id == b.call_id && a.top_via == b.top_via &&
         a.top_via_branch == b.top_via_branch && a.header_bytes == b.header_bytes &&
         a.content_length == b.content_length;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view message(reinterpret_cast<const char*>(data), size);
  const Expected<MessageHead> head = ReadMessageHead(message);
  if (!head) {
    Require(head.error().reason == FailureReason::kMalformedMessage, "failures are the peer's");
    return 0;
  }
  Require(head->header_bytes <= size, "the head is part of the message");
  const std::string_view section = message.substr(0, head->header_bytes);
  Require(section.ends_with("\r\n\r\n"), "the head ends with the empty line");
  for (const std::string_view part : {head->method, head->call_id, head->top_via}) {
    Require(!part.empty() && LiesIn(part, section), "fields lie in the head");
  }
  Require(LiesIn(head->top_via_branch, head->top_via), "the branch lies in the Via");
  Require(LiesIn(head->request_uri, section) && head->request_uri.empty() != head->is_request, "requests have a URI");
  Require(head->is_request == (head->status_code == 0), "responses have a code");
  const Expected<MessageHead> alone = ReadMessageHead(section);
  Require(alone && Agree(*alone, *head), "the body does not matter");
  return 0;
}
