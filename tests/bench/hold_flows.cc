// Acquires exclusive flows and keeps them:  hold_flows BROKER URI COUNT
// Prints a line when all are there; ends with its standard input.
#include <atomic>
#include <thread>
#include <vector>

#include "tests/bench/caller.h"

int main(int argc, char** argv) {
  using namespace flowbroker;
  if (argc != 4) return 2;
  const auto channel = bench::Connect(argv[1]);
  const auto broker = v1::BrokerService::NewStub(channel);
  std::atomic<int> left = std::atoi(argv[3]);
  const auto acquire = [&] {
    while (left-- > 0) {
      v1::AcquireRequest request;
      request.mutable_destination()->set_uri(argv[2]);
      request.set_exclusive(true);
      request.set_want_trace(false);
      v1::AcquireResponse response;
      grpc::ClientContext context;
      context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
      bench::Require(broker->Acquire(&context, request, &response), "Acquire");
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 16; ++i) threads.emplace_back(acquire);
  for (std::thread& one : threads) one.join();
  std::puts("ready");
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
}
