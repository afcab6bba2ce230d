// Sends SIP messages of 500 octets on one TCP connection to sip_peer, a fixed number of them outstanding, and prints
// how many were answered: "MESSAGES SECONDS". The connection is handed off by a broker, or, with ADDRESS "-", our own.

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "clients/cpp/flowbroker_client.h"
#include "tests/bench/programs/arguments.h"
#include "tests/bench/programs/broker_connection.h"

namespace flowbroker::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMessageBytes = 500;

std::string Message() {
  const std::string head =
      "MESSAGE sip:bob@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:5060;branch=z9hG4bK-1;rport\r\n"
      "Max-Forwards: 70\r\nFrom: <sip:alice@example.org>;tag=49583\r\nTo: <sip:bob@example.org>\r\n"
      "Call-ID: 843817637684230@198sdasdh09\r\nCSeq: 1 MESSAGE\r\nContent-Type: text/plain\r\nContent-Length: ";
  const std::size_t body = kMessageBytes - head.size() - std::string_view("123\r\n\r\n").size();
  return head + std::to_string(body) + "\r\n\r\n" + std::string(body, 'x');
}

int ConnectItself(std::uint16_t port) {
  const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in peer{
      .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
  if (connect(descriptor, reinterpret_cast<const sockaddr*>(&peer), sizeof(peer)) != 0) Die("cannot connect");
  const int on = 1;
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  return descriptor;
}

int GetFromBroker(const std::string& address, std::uint16_t port) {
  client::Client broker({.address = address});
  AwaitConnection(broker);
  auto handed =
      broker.AcquireHandoff({.destination = {.to = "sip:127.0.0.1:" + std::to_string(port) + ";transport=tcp"}});
  if (!handed) Die(handed.error().ToString());
  return handed->descriptor.Release();
}

void WriteAll(int socket, std::string_view octets) {
  while (!octets.empty()) {
    const ssize_t count = write(socket, octets.data(), octets.size());
    if (count <= 0) Die("cannot write");
    octets.remove_prefix(static_cast<std::size_t>(count));
  }
}

std::size_t ReadSome(int socket) {
  static std::array<char, 65536> scratch;
  const ssize_t count = read(socket, scratch.data(), scratch.size());
  if (count <= 0) Die("the peer has closed");
  return static_cast<std::size_t>(count);
}

/// Octets of an answer: all are equal, as all requests are.
std::size_t AnswerSize(int socket, const std::string& message) {
  WriteAll(socket, message);
  const std::size_t size = ReadSome(socket);
  if (size < kMessageBytes - 50 || size > kMessageBytes + 50) Die("an answer of " + std::to_string(size) + " octets");
  return size;
}

void Run(int socket, std::size_t outstanding, std::chrono::seconds length) {
  const std::string message = Message();
  const std::size_t answer = AnswerSize(socket, message);
  std::string many;
  for (std::size_t i = 0; i < outstanding; ++i) many += message;
  WriteAll(socket, many);
  Say("ready");
  const Clock::time_point start = Clock::now();
  std::uint64_t octets = 0;
  std::uint64_t answered = 0;
  while (Clock::now() - start < length) {
    octets += ReadSome(socket);
    const std::uint64_t more = octets / answer - answered;
    answered += more;
    WriteAll(socket, std::string_view(many).substr(0, more * kMessageBytes));
  }
  const std::chrono::duration<double> took = Clock::now() - start;
  Say(std::to_string(answered) + " " + std::to_string(took.count()));
}

}  // namespace
}  // namespace flowbroker::bench

int main(int argc, char** argv) {
  using namespace flowbroker::bench;
  const auto arguments = Arguments(argc, argv, 4, "ADDRESS|- PORT OUTSTANDING SECONDS");
  const auto port = static_cast<std::uint16_t>(std::atoi(arguments[1].c_str()));
  const int socket = arguments[0] == "-" ? ConnectItself(port) : GetFromBroker(arguments[0], port);
  fcntl(socket, F_SETFL, fcntl(socket, F_GETFL) & ~O_NONBLOCK);  // the loop waits in read and write
  Run(socket, static_cast<std::size_t>(std::atoi(arguments[2].c_str())),
      std::chrono::seconds(std::atoi(arguments[3].c_str())));
}
