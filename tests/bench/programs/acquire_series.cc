// Acquires exclusive flows one after another, COUNT of them, and gives each back; one begins every INTERVAL_MS, or when
// the one before is answered if that is later. A line for each: when it was answered (milliseconds of the monotonic
// clock), how many microseconds it took, and the address, or "-" and the reason.

#include <algorithm>
#include <chrono>
#include <string>
#include <thread>

#include "clients/cpp/flowbroker_client.h"
#include "tests/bench/programs/arguments.h"
#include "tests/bench/programs/broker_connection.h"

namespace {

using namespace flowbroker;
using Clock = std::chrono::steady_clock;

template <typename Unit>
std::string In(Clock::duration duration) {
  return std::to_string(std::chrono::duration_cast<Unit>(duration).count());
}

void AcquireOnce(client::Client& client, const client::AcquireRequest& request) {
  const auto start = Clock::now();
  const auto flow = client.Acquire(request);
  const auto end = Clock::now();
  const std::string at = In<std::chrono::milliseconds>(end.time_since_epoch()) + " ";
  if (!flow) return bench::Say(at + "- " + flow.error().ToString());
  bench::Say(at + In<std::chrono::microseconds>(end - start) + " " + flow->remote.ToString());
  if (!client.Release(flow->flow_id)) bench::Die("Release failed");
}

}  // namespace

int main(int argc, char** argv) {
  const auto arguments = bench::Arguments(argc, argv, 4, "BROKER_ADDRESS URI COUNT INTERVAL_MS");
  client::Client client({.address = arguments[0]});
  bench::AwaitConnection(client);

  client::AcquireRequest request{.destination = {.to = arguments[1]}};
  request.exclusive = true;
  const std::chrono::milliseconds interval(std::stoi(arguments[3]));
  auto next = Clock::now();
  for (int left = std::stoi(arguments[2]); left > 0; --left) {
    std::this_thread::sleep_until(next);
    AcquireOnce(client, request);
    next = std::max(next + interval, Clock::now());
  }
  return 0;
}
