// The yardstick for Relay: a gRPC server that does nothing but send the messages of a stream back. Same method, same
// messages as flowbrokerd, so the same load program drives both. Completion queue, one thread, a read and a write in
// flight at once, one stream after another. MESSAGES_PER_FRAME bounds its frames: 1 is the plainest echo, more lets
// messages that wait for a write share the next frame, as flowbrokerd does.

#include <grpcpp/grpcpp.h>

#include <deque>
#include <memory>
#include <string>
#include <utility>

#include "flowbroker/v1/flow_service.grpc.pb.h"
#include "tests/bench/programs/arguments.h"

namespace flowbroker::bench {
namespace {

class Echo {
 public:
  Echo(const std::string& address, std::size_t messages_per_frame) : messages_per_frame_(messages_per_frame) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort(address, grpc::InsecureServerCredentials());
    builder.RegisterService(&service_);
    queue_ = builder.AddCompletionQueue();
    server_ = builder.BuildAndStart();
    if (server_ == nullptr) Die("cannot listen on " + address);
  }

  void Serve() {
    Say("ready");
    AcceptStream();
    void* tag = nullptr;
    bool ok = false;
    while (queue_->Next(&tag, &ok)) (this->*static_cast<Event*>(tag)->then)(ok);
  }

 private:
  using Stream = grpc::ServerAsyncReaderWriter<v1::RelayResponse, v1::RelayRequest>;
  struct Event {
    void (Echo::*then)(bool ok);
  };

  void AcceptStream() {
    stream_.reset();
    context_ = std::make_unique<grpc::ServerContext>();
    stream_ = std::make_unique<Stream>(context_.get());
    waiting_.clear();
    reads_over_ = false;
    service_.RequestRelay(context_.get(), stream_.get(), queue_.get(), queue_.get(), &arrived_);
  }

  void OnArrived(bool ok) {
    if (ok) stream_->Read(&request_, &read_);
  }

  void OnRead(bool ok) {
    reads_over_ = !ok;
    if (ok) {
      for (auto& message : *request_.mutable_messages()) waiting_.push_back(std::move(message));
      stream_->Read(&request_, &read_);
    }
    WriteNext();
  }

  void WriteNext() {
    if (writing_) return;
    if (!waiting_.empty()) {
      writing_ = true;
      FillFrame();
      stream_->Write(frame_, &written_);
    } else if (reads_over_) {
      writing_ = true;
      stream_->Finish(grpc::Status::OK, &finished_);
    }
  }

  void FillFrame() {
    frame_.Clear();
    for (std::size_t n = 0; n < messages_per_frame_ && !waiting_.empty(); ++n) {
      v1::IncomingMessage& back = *frame_.add_messages();
      back.set_flow_id(std::move(*waiting_.front().mutable_flow_id()));
      back.set_message(std::move(*waiting_.front().mutable_message()));
      waiting_.pop_front();
    }
  }

  void OnWritten(bool ok) {
    writing_ = false;
    if (!ok) waiting_.clear();
    WriteNext();
  }

  void OnFinished(bool /*ok*/) {
    writing_ = false;
    AcceptStream();
  }

  const std::size_t messages_per_frame_;
  v1::FlowService::AsyncService service_;
  std::unique_ptr<grpc::ServerCompletionQueue> queue_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<grpc::ServerContext> context_;
  std::unique_ptr<Stream> stream_;
  v1::RelayRequest request_;
  std::deque<v1::OutgoingMessage> waiting_;
  v1::RelayResponse frame_;
  bool writing_ = false;
  bool reads_over_ = false;
  Event arrived_{&Echo::OnArrived};
  Event read_{&Echo::OnRead};
  Event written_{&Echo::OnWritten};
  Event finished_{&Echo::OnFinished};
};

}  // namespace
}  // namespace flowbroker::bench

int main(int argc, char** argv) {
  const auto arguments = flowbroker::bench::Arguments(argc, argv, 2, "ADDRESS MESSAGES_PER_FRAME");
  flowbroker::bench::Echo(arguments[0], std::stoul(arguments[1])).Serve();
}
