// Plays very many plain-UDP user agents, each at an address of its own behind a TUN device. Reads orders from standard
// input and answers each with a line:
//   register COUNT PER_SECOND   so many user agents are registered, those without an answer try again; "SECONDS
//   REPEATED" touch COUNT PER_SECOND      each sends a REGISTER and waits for nothing; "SECONDS" answer SECONDS answers
//   OPTIONS, takes other pings: "OPTIONS SHORT_PINGS LONGEST_GAP_MS LATE": how many
//                               came, the longest time a user agent waited for the next, and how many wait for longer
//                               than 29.5 s at the end
//   stun SECONDS                the same, and each sends a STUN Binding request every 24 to 29 s: "SENT ANSWERED"

#include <arpa/inet.h>
#include <poll.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <random>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "broker/flow/calendar_queue.h"
#include "tests/bench/programs/tun_device.h"

namespace flowbroker::bench {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint32_t kFirstAddress = 0x0A000001;  // 10.0.0.1
constexpr std::uint16_t kPort = 5060;
constexpr std::size_t kWindow = 2'000;  // unanswered REGISTERs at once
constexpr auto kPatience = seconds(2);  // until one is sent again

TimePoint Now() {
  return TimePoint(std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch()));
}

/// The header lines that an answer repeats (RFC 3261 s.8.2.6.2).
std::string AnswerTo(std::string_view request) {
  std::string answer = "SIP/2.0 200 OK\r\n";
  while (!request.empty()) {
    const std::size_t end = std::min(request.find("\r\n"), request.size());
    const std::string_view line = request.substr(0, end);
    request.remove_prefix(std::min(end + 2, request.size()));
    for (const std::string_view name : {"Via:", "From:", "To:", "Call-ID:", "CSeq:"}) {
      if (!line.starts_with(name)) continue;
      answer += line;
      answer += name == "To:" ? ";tag=ua\r\n" : "\r\n";
    }
  }
  return answer + "Content-Length: 0\r\n\r\n";
}

class Swarm {
 public:
  Swarm(const std::string& device, const Ipv4Place& edge) : device_(device), edge_(edge) {}

  std::string Register(std::size_t count, std::size_t per_second) {
    const std::size_t first = heard_.size();
    heard_.resize(count);
    is_registered_.resize(count);
    std::size_t next = first, repeated = 0;
    std::vector<std::pair<std::size_t, TimePoint>> waiting;
    const TimePoint start = Now();
    while (registered_ < count) {
      const TimePoint now = Now();
      const auto allowed = static_cast<std::size_t>((now - start) / milliseconds(1)) * per_second / 1000 + 1 + first;
      for (; next < std::min(count, allowed) && next - registered_ < kWindow; ++next) {
        SendRegister(next);
        waiting.emplace_back(next, now);
      }
      std::erase_if(waiting, [&](auto& one) {
        if (is_registered_[one.first]) return true;
        if (now - one.second < kPatience) return false;
        SendRegister(one.first);
        ++repeated;
        one.second = now;
        return false;
      });
      ReadFor(milliseconds(1));
    }
    return Seconds(Now() - start) + " " + std::to_string(repeated);
  }

  std::string Touch(std::size_t count, std::size_t per_second) {
    const TimePoint start = Now();
    for (std::size_t next = 0; next < count; ReadFor(milliseconds(1))) {
      const auto allowed = static_cast<std::size_t>((Now() - start) / milliseconds(1)) * per_second / 1000 + 1;
      for (; next < std::min(count, allowed); ++next) SendRegister(next);
    }
    return Seconds(Now() - start);
  }

  std::string Answer(Duration time) {
    options_ = short_pings_ = 0;
    longest_gap_ = {};
    const TimePoint end = Now() + time;
    while (Now() < end) ReadFor(milliseconds(1));
    const TimePoint late_since = Now() - milliseconds(29'500);
    const auto late = std::ranges::count_if(heard_, [&](TimePoint last) { return last < late_since; });
    return std::to_string(options_) + " " + std::to_string(short_pings_) + " " +
           std::to_string(longest_gap_ / milliseconds(1)) + " " + std::to_string(late);
  }

  std::string Stun(Duration time) {
    flow::CalendarQueue<std::uint32_t> calendar(milliseconds(1), 32'768);
    std::uniform_int_distribution<std::int64_t> interval(24'000, 29'000);
    std::uniform_int_distribution<std::int64_t> first(0, 26'500);
    const TimePoint start = Now();
    for (std::uint32_t i = 0; i < heard_.size(); ++i) calendar.Add(i, start + milliseconds(first(random_)), start);
    std::size_t sent = 0;
    stun_answers_ = 0;
    while (Now() < start + time) {
      const TimePoint now = Now();
      calendar.TakeDue(now, SIZE_MAX, [&](std::uint32_t i) {
        SendStun(i);
        ++sent;
        calendar.Add(i, now + milliseconds(interval(random_)), now);
      });
      ReadFor(milliseconds(1));
    }
    for (const TimePoint end = Now() + milliseconds(500); Now() < end;) ReadFor(milliseconds(1));
    return std::to_string(sent) + " " + std::to_string(stun_answers_);
  }

 private:
  static std::string Seconds(Duration time) { return std::to_string(std::chrono::duration<double>(time).count()); }
  static Ipv4Place PlaceOf(std::size_t number) { return {kFirstAddress + static_cast<std::uint32_t>(number), kPort}; }

  void SendRegister(std::size_t number) {
    const std::string user = "user" + std::to_string(1'000'000 + number);
    device_.Send(PlaceOf(number), edge_,
                 "REGISTER sip:example.org SIP/2.0\r\nVia: SIP/2.0/UDP 192.168.1.7:5060;rport;branch=z9hG4bK-" + user +
                     "\r\nMax-Forwards: 70\r\nFrom: <sip:" + user + "@example.org>;tag=1\r\nTo: <sip:" + user +
                     "@example.org>\r\nCall-ID: " + user + "\r\nCSeq: 1 REGISTER\r\nContact: <sip:" + user +
                     "@192.168.1.7:5060>\r\nExpires: 3600\r\nContent-Length: 0\r\n\r\n");
  }

  void SendStun(std::uint32_t number) {
    std::string request("\x00\x01\x00\x00\x21\x12\xa4\x42 0123456", 16);
    for (int shift = 24; shift >= 0; shift -= 8) request += static_cast<char>(number >> shift);
    device_.Send(PlaceOf(number), edge_, request);
  }

  void ReadFor(Duration time) {
    pollfd readable{device_.descriptor(), POLLIN, 0};
    poll(&readable, 1, static_cast<int>(time / milliseconds(1)));
    const TimePoint now = Now();
    TunDevice::Received datagram;
    for (int i = 0; i < 256 && device_.Read(datagram); ++i) OnDatagram(datagram, now);
  }

  void OnDatagram(const TunDevice::Received& datagram, TimePoint now) {
    const std::size_t number = datagram.to.address - kFirstAddress;
    if (number >= heard_.size()) return;
    if (datagram.octets.starts_with('\x01')) {
      ++stun_answers_;
      return;
    }
    if (datagram.octets.starts_with("SIP/2.0 200")) {
      registered_ += is_registered_[number] ? 0 : 1;
      is_registered_[number] = true;
      heard_[number] = now;
      return;
    }
    const bool options = datagram.octets.starts_with("OPTIONS");
    ++(options ? options_ : short_pings_);
    longest_gap_ = std::max(longest_gap_, now - heard_[number]);
    heard_[number] = now;
    if (options) device_.Send(datagram.to, datagram.from, AnswerTo(datagram.octets));
  }

  TunDevice device_;
  Ipv4Place edge_;
  std::mt19937_64 random_{1};
  std::vector<TimePoint> heard_;  // by user agent: its registration or the last ping; TimePoint{}: nothing
  std::vector<bool> is_registered_;
  std::size_t registered_ = 0;
  std::size_t options_ = 0;
  std::size_t short_pings_ = 0;
  std::size_t stun_answers_ = 0;
  Duration longest_gap_{};
};

}  // namespace
}  // namespace flowbroker::bench

int main(int argc, char** argv) {
  using namespace flowbroker;
  const auto arguments = bench::Arguments(argc, argv, 3, "DEVICE EDGE_ADDRESS EDGE_PORT");
  in_addr address{};
  if (inet_pton(AF_INET, arguments[1].c_str(), &address) != 1) bench::Die("not an IPv4 address: " + arguments[1]);
  bench::Swarm swarm(arguments[0], {ntohl(address.s_addr), static_cast<std::uint16_t>(std::stoul(arguments[2]))});
  bench::Say("ready");
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream order(line);
    std::string what;
    std::size_t count = 0, rate = 0;
    order >> what >> count >> rate;
    if (what == "register") bench::Say(swarm.Register(count, rate));
    if (what == "touch") bench::Say(swarm.Touch(count, rate));
    if (what == "answer") bench::Say(swarm.Answer(std::chrono::seconds(count)));
    if (what == "stun") bench::Say(swarm.Stun(std::chrono::seconds(count)));
  }
}
