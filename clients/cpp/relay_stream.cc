#include "clients/cpp/relay_stream.h"

#include <utility>

#include "clients/cpp/relay_state.h"
#include "clients/cpp/wire.h"

namespace flowbroker::client {
namespace {

// Far more than any SIP message, and small enough to stay under gRPC's limit of 4 MiB per frame.
constexpr std::size_t kMaxMessageBytes = std::size_t{1024} * 1024;

tl::unexpected<Error> Refusal(Code code, std::string_view failure, std::string message) {
  return tl::unexpected(Error{.code = code, .failure = std::string(failure), .message = std::move(message)});
}

IncomingMessage MessageFrom(v1::IncomingMessage& message) {
  IncomingMessage to{.flow_id = std::move(*message.mutable_flow_id()),
                     .message = std::move(*message.mutable_message())};
  if (message.has_origin()) to.origin = FromProto(message.origin());
  return to;
}

}  // namespace

RelayStream::State::State(RelayOptions options, RelayHandlers handlers)
    : options_(std::move(options)), handlers_(std::move(handlers)) {}

void RelayStream::State::Open(v1::FlowService::StubInterface& stub, grpc::CompletionQueue* queue) {
  const std::lock_guard lock(mutex_);
  if (ended_) return;
  call_ = stub.PrepareAsyncRelay(&context_, queue);
  call_->StartCall(start_.Start(shared_from_this()));
}

Result<bool> RelayStream::State::Queue(std::string_view flow_id, std::string_view message, std::uint64_t tag) {
  if (message.size() > kMaxMessageBytes) {
    return Refusal(Code::kInvalidArgument, "message_too_large", "a SIP message of more than 1 MiB; not sent");
  }
  v1::OutgoingMessage outgoing;
  outgoing.set_flow_id(flow_id.data(), flow_id.size());
  outgoing.set_message(message.data(), message.size());
  outgoing.set_tag(tag);

  const std::lock_guard lock(mutex_);
  if (ended_ || closing_)
    return Refusal(Code::kFailedPrecondition, kStreamClosed, "the stream has ended; open a new one");
  if (Refuses(message.size())) {
    refused_ = true;
    return Refusal(Code::kResourceExhausted, kQueueFull, "too much waits to be sent; try again after on_writable");
  }
  queue_.push_back(std::move(outgoing));
  queued_bytes_ += message.size();
  return queue_.size() == 1 && !writing_;
}

bool RelayStream::State::Refuses(std::size_t bytes) const {
  if (queue_.empty()) return false;
  return queue_.size() >= options_.max_queued_messages || queued_bytes_ + bytes > options_.max_queued_bytes;
}

void RelayStream::State::CloseWhenSent() {
  const std::lock_guard lock(mutex_);
  closing_ = true;
}

void RelayStream::State::WriteNext() {
  const std::lock_guard lock(mutex_);
  if (writing_ || ended_ || writes_done_) return;
  if (!greeted_ || !queue_.empty()) {
    writing_ = true;
    call_->Write(TakeFrame(), write_.Start(shared_from_this()));
    greeted_ = true;
  } else if (closing_) {
    writing_ = true;
    writes_done_ = true;
    call_->WritesDone(write_.Start(shared_from_this()));
  }
}

v1::RelayRequest RelayStream::State::TakeFrame() {
  v1::RelayRequest frame;
  if (!greeted_) frame.set_client_group(options_.client_group);
  std::size_t bytes = 0;
  for (std::size_t n = 0; n < options_.max_messages_per_frame && bytes < options_.max_bytes_per_frame; ++n) {
    if (queue_.empty()) break;
    bytes += queue_.front().message().size();
    *frame.add_messages() = std::move(queue_.front());
    queue_.pop_front();
  }
  queued_bytes_ -= bytes;
  return frame;
}

void RelayStream::State::OnStarted(bool ok) {
  {
    const std::lock_guard lock(mutex_);
    writing_ = false;
    if (ended_) return;
    if (!ok) return Finish();
    call_->Read(&response_, read_.Start(shared_from_this()));
  }
  WriteNext();
}

void RelayStream::State::OnWritten(bool ok) {
  bool writable = false;
  {
    const std::lock_guard lock(mutex_);
    writing_ = !ok;  // a broken stream takes no more; the read that fails too ends it
    writable = HasRoomAgain();
  }
  WriteNext();
  if (writable) gate_.Run(handlers_.on_writable);
}

bool RelayStream::State::HasRoomAgain() {
  if (!refused_ || ended_ || queue_.size() > options_.max_queued_messages / 2 ||
      queued_bytes_ > options_.max_queued_bytes / 2) {
    return false;
  }
  refused_ = false;
  return true;
}

void RelayStream::State::OnRead(bool ok) {
  if (ok) {
    for (auto& message : *response_.mutable_messages()) {
      gate_.Run(handlers_.on_message, MessageFrom(message));
    }
    if (response_.has_draining()) gate_.Run(handlers_.on_draining, FromProto(response_.draining()));
    for (const auto& failure : response_.failures()) {
      gate_.Run(handlers_.on_send_failure, SendFailure{.flow_id = failure.flow_id(),
                                                       .tag = failure.tag(),
                                                       .failure = failure.failure(),
                                                       .detail = failure.detail()});
    }
  }
  const std::lock_guard lock(mutex_);
  if (ended_) return;
  if (!ok) return Finish();
  call_->Read(&response_, read_.Start(shared_from_this()));
}

void RelayStream::State::Finish() {
  ended_ = true;
  call_->Finish(&status_, finish_.Start(shared_from_this()));
}

void RelayStream::State::OnFinished(bool /*ok*/) {
  gate_.Run(handlers_.on_closed, status_.ok() ? Result<void>{} : tl::unexpected(ErrorFrom(status_)));
}

void RelayStream::State::Abandon(bool inside) {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    queue_.clear();
    context_.TryCancel();
  }
  gate_.Close(inside);
}

RelayStream::RelayStream(std::shared_ptr<EventLoop> loop, std::shared_ptr<State> state)
    : loop_(std::move(loop)), state_(std::move(state)) {}

RelayStream::~RelayStream() {
  state_->Abandon(loop_->OnThread());
}

Result<void> RelayStream::Send(std::string_view flow_id, std::string_view message, std::uint64_t tag) {
  const auto idle = state_->Queue(flow_id, message, tag);
  if (!idle) return tl::unexpected(idle.error());
  if (*idle) loop_->Post([state = state_] { state->WriteNext(); });
  return {};
}

void RelayStream::CloseWhenSent() {
  state_->CloseWhenSent();
  loop_->Post([state = state_] { state->WriteNext(); });
}

}  // namespace flowbroker::client
