#include "service/rpc/relay_stream.h"

#include <memory>
#include <utility>

#include "service/rpc/proto_conversion.h"
#include "service/rpc/status_mapping.h"

namespace flowbroker::rpc {

RelayStream::RelayStream(CallQueue& queue, const Entrance& entrance, v1::FlowService::AsyncService& service,
                         engine::ConnectionBroker& broker, const RpcOptions& options)
    : StreamCall(queue, entrance),
      service_(service),
      broker_(broker),
      outbox_({.messages = options.relay_queue_messages, .bytes = options.relay_queue_bytes}) {}

void RelayStream::Request(void* tag) {
  service_.RequestRelay(&context_, &stream_, queue_.completion_queue(), queue_.completion_queue(), tag);
}

void RelayStream::OnArrived() {
  Read();
}

void RelayStream::Read() {
  if (reading_ || half_closed_ || !BeginOperation()) return;
  reading_ = true;
  stream_.Read(&request_, read_.tag());
}

void RelayStream::OnRead(bool ok) {
  reading_ = false;
  if (ok) {
    if (!relay_) Attach();
    if (relay_) SendMessages();
    Pump();
    bool wait = false;
    {
      const std::lock_guard lock(mutex_);
      wait = outbox_.TooManyFailures() || ending();
    }
    if (!wait) Read();  // else OnWritten reads on
  } else {
    half_closed_ = true;
    Detach();
    End(grpc::Status::OK);
  }
  EndOperation();
}

void RelayStream::Attach() {
  auto group = ClientGroup(request_.client_group());
  if (!group) return End(ToStatus(group.error()));
  auto self = std::static_pointer_cast<RelayStream>(shared_from_this());
  relay_ = broker_.AttachRelay(caller().Owner(*std::move(group)), std::move(self));
}

void RelayStream::SendMessages() {
  batch_.clear();
  batch_places_.clear();
  for (int i = 0; i < request_.messages_size(); ++i) {
    const v1::OutgoingMessage& message = request_.messages(i);
    const auto flow = RequiredFlowId(message.flow_id());
    if (flow) {
      batch_.push_back({*flow, message.message()});
      batch_places_.push_back(i);
    } else {
      const std::lock_guard lock(mutex_);
      outbox_.AddFailure(message.flow_id(), message.tag(), flow.error());
    }
  }
  if (batch_.empty()) return;
  const auto refusals = broker_.Send(*relay_, batch_);
  const std::lock_guard lock(mutex_);
  for (const auto& refusal : refusals) {
    const v1::OutgoingMessage& message = request_.messages(batch_places_[refusal.index]);
    outbox_.AddFailure(message.flow_id(), message.tag(), refusal.failure);
  }
}

bool RelayStream::Offer(engine::InboundMessage& message) {
  {
    const std::lock_guard lock(mutex_);
    if (ending() || !outbox_.Offer(message)) return false;
  }
  Pump();
  return true;
}

bool RelayStream::FillFrame(v1::RelayResponse& frame) {
  const bool draining = draining_.has_value();
  if (draining) Fill(*std::exchange(draining_, std::nullopt), *frame.mutable_draining()->mutable_time_left());
  return outbox_.Fill(frame) || draining;
}

void RelayStream::OnDraining(Duration time_left) {
  {
    const std::lock_guard lock(mutex_);
    draining_ = time_left;
  }
  Pump();
}

void RelayStream::OnWritten() {
  bool resume = false;
  bool read_on = false;
  {
    const std::lock_guard lock(mutex_);
    resume = outbox_.TakeResume();
    read_on = !outbox_.TooManyFailures() && !ending();
  }
  if (resume && relay_) broker_.ResumeRelay(*relay_);
  if (read_on) Read();
}

void RelayStream::Detach() {
  if (const auto relay = std::exchange(relay_, std::nullopt)) broker_.DetachRelay(*relay);
}

void RelayStream::OnEnded() {
  Detach();
}

}  // namespace flowbroker::rpc
