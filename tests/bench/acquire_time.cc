// Time of one Acquire, as its caller sees it:  acquire_time BROKER URI
// Prints microseconds, remote address and flow id.
#include "tests/bench/caller.h"

int main(int argc, char** argv) {
  using namespace flowbroker;
  if (argc != 3) return 2;
  const auto channel = bench::Connect(argv[1]);
  const auto broker = v1::BrokerService::NewStub(channel);
  {
    // The first call of a channel costs more than the later ones.
    grpc::ClientContext context;
    v1::ListFlowsResponse response;
    bench::Require(v1::FlowService::NewStub(channel)->ListFlows(&context, {}, &response), "ListFlows");
  }
  v1::AcquireRequest request;
  request.mutable_destination()->set_uri(argv[2]);
  request.set_want_trace(false);
  v1::AcquireResponse response;
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
  const auto start = bench::Clock::now();
  const grpc::Status status = broker->Acquire(&context, request, &response);
  const auto time = std::chrono::duration_cast<std::chrono::microseconds>(bench::Clock::now() - start);
  bench::Require(status, "Acquire");
  std::printf("%lld %s %s\n", static_cast<long long>(time.count()), response.remote().address().c_str(),
              response.flow_id().c_str());
}
