// What a C++ SIP server does with clients/cpp: takes a flow as a descriptor, asks OPTIONS on it, and prints the status
// line of the answer; or, on stderr, why there is no descriptor.
//
//   handoff_client BROKER SIP-URI

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <iostream>
#include <string>
#include <string_view>

#include "clients/cpp/flowbroker_client.h"

namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kPatience = 10s;

constexpr std::string_view kOptions =
    "OPTIONS sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\n"
    "To: <sip:a@b>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n";

/// What is read until `end`; less where the peer says no more.
std::string ReadUntil(std::string_view end, int socket) {
  std::string text;
  pollfd readable{.fd = socket, .events = POLLIN, .revents = 0};
  while (text.find(end) == std::string::npos) {
    if (poll(&readable, 1, static_cast<int>(kPatience.count())) != 1) return text;
    std::array<char, 4096> octets{};
    const ssize_t count = recv(socket, octets.data(), octets.size(), 0);
    if (count <= 0) return text;
    text.append(octets.data(), static_cast<std::size_t>(count));
  }
  return text;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return std::cerr << "handoff_client BROKER SIP-URI\n", 2;
  flowbroker::client::Client broker({.address = argv[1]});
  const auto handed = broker.AcquireHandoff({.destination = {.to = argv[2]}}, kPatience);
  if (!handed) return std::cerr << handed.error().ToString() << "\n", 1;
  const int socket = handed->descriptor.get();
  if (send(socket, kOptions.data(), kOptions.size(), MSG_NOSIGNAL) < 0) return std::cerr << "cannot send\n", 1;
  const std::string answer = ReadUntil("\r\n\r\n", socket);
  std::cout << answer.substr(0, answer.find("\r\n")) << "\n";
}
