#include <iostream>

#include "clients/cpp/flowbroker_client.h"

int main(int argc, char** argv) {
  namespace fb = flowbroker::client;
  fb::Client broker;
  const auto relay =
      broker.OpenRelay({}, {.on_message = [](const fb::IncomingMessage& in) { std::cout << in.message; }});
  const auto flow = broker.Acquire(argc > 1 ? argv[1] : "sip:alice@example.org", std::chrono::seconds(5));
  if (!flow) return std::cerr << flow.error().ToString() << "\n", 1;
  const auto sent = relay->Send(flow->flow_id, "OPTIONS sip:alice@example.org SIP/2.0\r\n...");  // your message
  if (!sent) return std::cerr << sent.error().ToString() << "\n", 1;
  std::cin.get();
}
