// The floor for Relay: a gRPC server that sends each frame of the Relay stream straight back, on one completion queue
// with one thread.  stream_echo ADDRESS
#include <deque>

#include "tests/bench/caller.h"

namespace {

using namespace flowbroker;

class Stream;
// What a completion on the queue is about.
struct Tag {
  enum class Kind { kStarted, kRead, kWritten, kFinished } kind;
  Stream* stream;
};

class Stream {
 public:
  Stream(v1::FlowService::AsyncService& service, grpc::ServerCompletionQueue& queue)
      : service_(service), queue_(queue) {
    service_.RequestRelay(&context_, &stream_, &queue_, &queue_, &started_);
  }

  void On(Tag::Kind kind, bool ok) {
    switch (kind) {
      case Tag::Kind::kStarted:
        new Stream(service_, queue_);  // The next caller's; lives until the process ends, as this one.
        if (ok) stream_.Read(&request_, &read_);
        return;
      case Tag::Kind::kRead:
        ok ? OnRead() : stream_.Finish(grpc::Status::OK, &finished_);
        return;
      case Tag::Kind::kWritten:
        writing_ = false;
        if (ok) WriteNext();
        return;
      case Tag::Kind::kFinished:
        return;
    }
  }

 private:
  void OnRead() {
    v1::RelayResponse& response = waiting_.emplace_back();
    for (v1::OutgoingMessage& out : *request_.mutable_messages()) {
      v1::IncomingMessage& in = *response.add_messages();
      in.set_flow_id(std::move(*out.mutable_flow_id()));
      in.set_message(std::move(*out.mutable_message()));
    }
    WriteNext();
    stream_.Read(&request_, &read_);
  }

  void WriteNext() {
    if (writing_ || waiting_.empty()) return;
    writing_ = true;
    stream_.Write(waiting_.front(), &written_);
    waiting_.pop_front();
  }

  v1::FlowService::AsyncService& service_;
  grpc::ServerCompletionQueue& queue_;
  grpc::ServerContext context_;
  grpc::ServerAsyncReaderWriter<v1::RelayResponse, v1::RelayRequest> stream_{&context_};
  v1::RelayRequest request_;
  std::deque<v1::RelayResponse> waiting_;
  bool writing_ = false;
  Tag started_{Tag::Kind::kStarted, this};
  Tag read_{Tag::Kind::kRead, this};
  Tag written_{Tag::Kind::kWritten, this};
  Tag finished_{Tag::Kind::kFinished, this};
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  v1::FlowService::AsyncService service;
  grpc::ServerBuilder builder;
  builder.AddListeningPort(argv[1], grpc::InsecureServerCredentials());
  builder.RegisterService(&service);
  const auto queue = builder.AddCompletionQueue();
  const auto server = builder.BuildAndStart();
  if (server == nullptr) return 1;
  new Stream(service, *queue);
  void* tag = nullptr;
  bool ok = false;
  while (queue->Next(&tag, &ok)) {
    const Tag& done = *static_cast<const Tag*>(tag);
    done.stream->On(done.kind, ok);
  }
}
