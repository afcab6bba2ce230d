#include "service/rpc/relay_outbox.h"

#include <utility>

#include "service/rpc/proto_conversion.h"

namespace flowbroker::rpc {

bool RelayOutbox::Offer(engine::InboundMessage& message) {
  const bool full = messages_.size() >= limits_.messages || bytes_ + message.bytes.size() > limits_.bytes;
  if (full && !messages_.empty()) {
    turned_away_ = true;
    return false;
  }
  bytes_ += message.bytes.size();
  messages_.push_back(std::move(message));
  return true;
}

void RelayOutbox::AddFailure(const std::string& flow_id, std::uint64_t tag, const Failure& failure) {
  v1::SendFailure& entry = failures_.emplace_back();
  entry.set_flow_id(flow_id);
  entry.set_tag(tag);
  entry.set_failure(std::string(ToString(failure.reason)));
  entry.set_detail(Printable(failure.detail.empty() ? std::string(Explain(failure.reason)) : failure.detail));
}

bool RelayOutbox::Fill(v1::RelayResponse& frame) {
  std::size_t size = 0;
  for (std::size_t n = 0; n < kFrameMessages && !failures_.empty(); ++n) {
    *frame.add_failures() = std::move(failures_.front());
    failures_.pop_front();
  }
  for (std::size_t n = 0; n < kFrameMessages && size < kFrameBytes && !messages_.empty(); ++n) {
    engine::InboundMessage& message = messages_.front();
    size += message.bytes.size();
    v1::IncomingMessage& out = *frame.add_messages();
    out.set_flow_id(message.flow.ToString());
    out.set_message(std::move(message.bytes));
    if (message.origin) rpc::Fill(*message.origin, *out.mutable_origin());
    messages_.pop_front();
  }
  bytes_ -= size;
  return frame.messages_size() + frame.failures_size() > 0;
}

bool RelayOutbox::TakeResume() {
  const bool half_free = messages_.size() <= limits_.messages / 2 && bytes_ <= limits_.bytes / 2;
  return half_free && std::exchange(turned_away_, false);
}

}  // namespace flowbroker::rpc
