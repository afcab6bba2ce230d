// Prints the microseconds one Acquire takes on a channel that is already connected, or "- REASON".

#include <chrono>
#include <string>

#include "clients/cpp/flowbroker_client.h"
#include "tests/bench/programs/arguments.h"
#include "tests/bench/programs/broker_connection.h"

int main(int argc, char** argv) {
  using namespace flowbroker;
  const auto arguments = bench::Arguments(argc, argv, 2, "BROKER_ADDRESS URI");
  client::Client client({.address = arguments[0]});
  bench::AwaitConnection(client);

  const auto start = std::chrono::steady_clock::now();
  const auto flow = client.Acquire(arguments[1]);
  const auto took = std::chrono::steady_clock::now() - start;
  if (!flow) {
    bench::Say("- " + flow.error().ToString());
    return 0;
  }
  bench::Say(std::to_string(std::chrono::duration_cast<std::chrono::microseconds>(took).count()) + " " +
             flow->remote.ToString());
  return 0;
}
