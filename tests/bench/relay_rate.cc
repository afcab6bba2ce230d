// Messages per second through a Relay stream and back:  relay_rate BROKER URI|- SECONDS
// With `-` no flow is acquired: for the bare echo (stream_echo). Messages of 500 octets, one per frame, 64 under way.
#include <condition_variable>
#include <mutex>
#include <thread>

#include "tests/bench/caller.h"

namespace {

using namespace flowbroker;

constexpr int kUnderWay = 64;
constexpr std::size_t kSize = 500;

// A SIP request of kSize octets; the branch is unique. sip_peer turns it into the response.
std::string Message(unsigned serial) {
  char branch[16];
  std::snprintf(branch, sizeof branch, "%010u", serial);
  std::string text =
      "MESSAGE sip:bench@192.0.2.14 SIP/2.0\r\nVia: SIP/2.0/TCP bench.example.test;branch=z9hG4bK" +
      std::string(branch) +
      "\r\nFrom: <sip:a@example.test>;tag=1\r\nTo: <sip:bench@192.0.2.14>\r\nCall-ID: bench\r\nCSeq: 1 MESSAGE\r\n"
      "Max-Forwards: 70\r\nContent-Length: ";
  const std::size_t body = kSize - text.size() - 3 - 4;
  text += std::to_string(body) + "\r\n\r\n";
  text.append(kSize - text.size(), 'x');
  return text;
}

std::string AcquireFlow(const std::shared_ptr<grpc::Channel>& channel, const char* uri) {
  v1::AcquireRequest request;
  request.mutable_destination()->set_uri(uri);
  v1::AcquireResponse response;
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
  bench::Require(v1::BrokerService::NewStub(channel)->Acquire(&context, request, &response), "Acquire");
  return response.flow_id();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const auto channel = bench::Connect(argv[1]);
  const std::string flow_id = argv[2][0] == '-' ? "flow" : AcquireFlow(channel, argv[2]);
  const auto relay = v1::FlowService::NewStub(channel);
  grpc::ClientContext context;
  const auto stream = relay->Relay(&context);

  std::mutex mutex;
  std::condition_variable room;
  int under_way = 0;
  bool over = false;
  std::uint64_t returned = 0;
  std::thread reader([&] {
    v1::RelayResponse response;
    while (stream->Read(&response)) {
      if (response.failures_size() > 0) {
        std::fprintf(stderr, "not sent: %s\n", response.failures(0).detail().c_str());
        std::exit(1);
      }
      const std::lock_guard lock(mutex);
      returned += static_cast<std::uint64_t>(response.messages_size());
      under_way -= response.messages_size();
      room.notify_one();
    }
  });

  const auto start = bench::Clock::now();
  const auto end = start + std::chrono::seconds(std::atoi(argv[3]));
  v1::RelayRequest frame;
  for (unsigned serial = 0; bench::Clock::now() < end; ++serial) {
    {
      std::unique_lock lock(mutex);
      room.wait(lock, [&] { return under_way < kUnderWay; });
      ++under_way;
    }
    frame.clear_messages();
    v1::OutgoingMessage& message = *frame.add_messages();
    message.set_flow_id(flow_id);
    message.set_message(Message(serial));
    if (!stream->Write(frame)) break;
  }
  {
    std::unique_lock lock(mutex);
    over = room.wait_for(lock, std::chrono::seconds(2), [&] { return under_way == 0; });
  }
  const std::chrono::duration<double> time = bench::Clock::now() - start;
  stream->WritesDone();
  context.TryCancel();
  reader.join();
  std::printf("%.0f%s\n", static_cast<double>(returned) / time.count(), over ? "" : " (some did not come back)");
}
