#pragma once

#include <chrono>
#include <thread>

#include "clients/cpp/flowbroker_client.h"
#include "tests/bench/programs/arguments.h"

namespace flowbroker::bench {

/// Returns once the client's channel stands and has carried a call; patient, since the machine may be busy.
inline void AwaitConnection(client::Client& client) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  auto answer = client.GetFlow("none");
  while (!answer && answer.error().failure == client::kBrokerUnreachable) {
    if (std::chrono::steady_clock::now() > deadline) Die(answer.error().ToString());
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    answer = client.GetFlow("none");
  }
}

}  // namespace flowbroker::bench
