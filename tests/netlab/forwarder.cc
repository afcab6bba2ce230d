// The link of the network lab: carries IP packets between one TUN device in a client namespace and one in a server
// namespace, with settable round-trip time, jitter and loss per address family or server address. The kernels we test
// on have no netem, so the link is emulated here.
//
//   netlab_forwarder CLIENT_NETNS SERVER_NETNS CONTROL_SOCKET
//
// Both devices vanish with the process. The control socket appears when both exist. Commands on the control socket
// (SOCK_SEQPACKET, one command and one answer per message):
//   set ipv4|ipv6|ADDRESS [rtt_us N] [jitter_us N] [loss_ppm N]    ADDRESS is one of the server side
//   clear                                                          forgets what was set for single addresses
//   show
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <queue>
#include <random>
#include <span>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace {

using std::chrono::microseconds;
using std::chrono::nanoseconds;
using Clock = std::chrono::steady_clock;  // CLOCK_MONOTONIC, as the timerfd.
using Address = std::array<std::uint8_t, 16>;

constexpr int kClient = 0;
constexpr int kServer = 1;
constexpr std::size_t kMaxPacket = 2048;  // The devices keep the default MTU of 1500.
constexpr std::size_t kMaxQueued = 20'000;
constexpr int kPacketsPerTurn = 64;

[[noreturn]] void Die(const std::string& what) {
  std::fprintf(stderr, "netlab_forwarder: %s: %s\n", what.c_str(), std::strerror(errno));
  std::exit(1);
}

int Check(int result, const std::string& what) {
  if (result < 0) Die(what);
  return result;
}

// Properties of the path to a server address; both directions are alike.
struct Path {
  microseconds rtt{0};     // Half of it delays each direction.
  microseconds jitter{0};  // Up to this much more in each direction, without reordering.
  std::uint32_t loss_ppm = 0;
  std::array<Clock::time_point, 2> last_due{};  // Per direction: jitter must not reorder.
};

// What is set per family and per server address.
class PathTable {
 public:
  // Returns the path of a packet that entered at `side`, or null for what is not IP.
  Path* Find(std::span<const std::uint8_t> packet, int side) {
    if (packet.size() >= 20 && packet[0] >> 4 == 4) return FindAddress(packet.subspan(side == kClient ? 16 : 12, 4));
    if (packet.size() >= 40 && packet[0] >> 4 == 6) return FindAddress(packet.subspan(side == kClient ? 24 : 8, 16));
    return nullptr;
  }

  // Executes one line of the control socket and returns the answer.
  std::string Command(const std::string& line) {
    std::istringstream words(line);
    std::string verb;
    words >> verb;
    if (verb == "set") return Set(words);
    if (verb == "clear") {
      by_address_.clear();
      return "ok\n";
    }
    return verb == "show" ? Show() : "error: unknown command\n";
  }

 private:
  Path* FindAddress(std::span<const std::uint8_t> octets) {
    if (!by_address_.empty()) {
      Address key{};
      std::copy(octets.begin(), octets.end(), key.begin());
      if (const auto found = by_address_.find(key); found != by_address_.end()) return &found->second;
    }
    return octets.size() == 4 ? &ipv4_ : &ipv6_;
  }

  Path* Select(const std::string& selector) {
    if (selector == "ipv4") return &ipv4_;
    if (selector == "ipv6") return &ipv6_;
    Address key{};
    if (inet_pton(AF_INET, selector.c_str(), key.data()) == 1)
      return &by_address_.try_emplace(key, ipv4_).first->second;
    if (inet_pton(AF_INET6, selector.c_str(), key.data()) == 1)
      return &by_address_.try_emplace(key, ipv6_).first->second;
    return nullptr;
  }

  std::string Set(std::istringstream& words) {
    std::string selector;
    words >> selector;
    Path* const path = Select(selector);
    if (path == nullptr) return "error: neither ipv4, ipv6 nor an address: " + selector + "\n";
    std::string key;
    std::uint32_t value = 0;
    while (words >> key) {
      if (!(words >> value)) return "error: no number after " + key + "\n";
      if (key == "rtt_us") {
        path->rtt = microseconds(value);
      } else if (key == "jitter_us") {
        path->jitter = microseconds(value);
      } else if (key == "loss_ppm") {
        path->loss_ppm = value;
      } else {
        return "error: unknown property " + key + "\n";
      }
    }
    path->last_due = {};
    return "ok\n";
  }

  std::string Show() const {
    std::string text = Line("ipv4", ipv4_) + Line("ipv6", ipv6_);
    for (const auto& [address, path] : by_address_) {
      const bool v4 = std::all_of(address.begin() + 4, address.end(), [](std::uint8_t octet) { return octet == 0; });
      std::array<char, INET6_ADDRSTRLEN> name{};
      inet_ntop(v4 ? AF_INET : AF_INET6, address.data(), name.data(), name.size());
      text += Line(name.data(), path);
    }
    return text;
  }

  static std::string Line(const std::string& name, const Path& path) {
    return name + " rtt_us " + std::to_string(path.rtt.count()) + " jitter_us " + std::to_string(path.jitter.count()) +
           " loss_ppm " + std::to_string(path.loss_ppm) + "\n";
  }

  Path ipv4_;
  Path ipv6_;
  std::map<Address, Path> by_address_;  // An IPv4 address is the first four octets.
};

struct Packet {
  std::array<std::uint8_t, kMaxPacket> octets;
  std::size_t size = 0;
};

// A packet under way. Ordered by due time, then by arrival.
struct Queued {
  Clock::time_point due;
  std::uint64_t sequence = 0;
  int to = kServer;
  std::uint32_t slot = 0;
  friend bool operator>(const Queued& a, const Queued& b) {
    return std::pair(a.due, a.sequence) > std::pair(b.due, b.sequence);
  }
};

struct Counters {
  std::uint64_t forwarded = 0;
  std::uint64_t lost = 0;      // As asked for.
  std::uint64_t overflow = 0;  // The queue was full.
};

class Forwarder {
 public:
  Forwarder(std::array<int, 2> devices, int listener) : devices_(devices), listener_(listener) {
    epoll_ = Check(epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
    timer_ = Check(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC), "timerfd_create");
    for (const int fd : {devices_[kClient], devices_[kServer], listener_, timer_}) Watch(fd);
  }

  [[noreturn]] void Run() {
    for (;;) {
      std::array<epoll_event, 16> events{};
      const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
      if (count < 0 && errno != EINTR) Die("epoll_wait");
      for (int i = 0; i < count; ++i) OnReadable(events[static_cast<std::size_t>(i)].data.fd);
      SendDue();
      ArmTimer();
    }
  }

 private:
  void Watch(int fd) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    Check(epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
  }

  void OnReadable(int fd) {
    if (fd == devices_[kClient]) {
      Receive(kClient);
    } else if (fd == devices_[kServer]) {
      Receive(kServer);
    } else if (fd == listener_) {
      if (const int peer = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC); peer >= 0) Watch(peer);
    } else if (fd == timer_) {
      std::uint64_t expirations = 0;
      if (read(timer_, &expirations, sizeof expirations) < 0 && errno != EAGAIN) Die("read timerfd");
    } else {
      OnControl(fd);
    }
  }

  void OnControl(int fd) {
    std::array<char, 512> line{};
    const ssize_t size = recv(fd, line.data(), line.size(), 0);
    if (size <= 0) {
      close(fd);
      return;
    }
    const std::string command(line.data(), static_cast<std::size_t>(size));
    std::string answer = paths_.Command(command);
    if (command.starts_with("show")) {
      answer += "packets forwarded " + std::to_string(counters_.forwarded) + " lost " + std::to_string(counters_.lost) +
                " overflow " + std::to_string(counters_.overflow) + " queued " + std::to_string(queue_.size()) + "\n";
    }
    send(fd, answer.data(), answer.size(), MSG_NOSIGNAL);
  }

  void Receive(int side) {
    for (int i = 0; i < kPacketsPerTurn; ++i) {
      Packet& packet = *packets_[FreeSlot()];
      const ssize_t size = read(devices_[static_cast<std::size_t>(side)], packet.octets.data(), packet.octets.size());
      if (size < 0 && errno != EAGAIN && errno != EINTR) Die("device gone");  // With its namespace.
      if (size <= 0) return;
      packet.size = static_cast<std::size_t>(size);
      Path* const path = paths_.Find(std::span(packet.octets).first(packet.size), side);
      if (path != nullptr) Enqueue(*path, side);
    }
  }

  // Queues the packet in the free slot, unless it gets lost.
  void Enqueue(Path& path, int side) {
    if (path.loss_ppm > 0 && std::uniform_int_distribution<std::uint32_t>(0, 999'999)(random_) < path.loss_ppm) {
      ++counters_.lost;
      return;
    }
    if (queue_.size() >= kMaxQueued) {
      ++counters_.overflow;
      return;
    }
    nanoseconds delay = path.rtt / 2;
    if (path.jitter.count() > 0) {
      delay += microseconds(std::uniform_int_distribution<std::int64_t>(0, path.jitter.count())(random_));
    }
    Clock::time_point& last = path.last_due[static_cast<std::size_t>(side)];
    last = std::max(Clock::now() + delay, last);
    queue_.push({last, ++sequence_, side == kClient ? kServer : kClient, FreeSlot()});
    free_.pop_back();
  }

  // The slot the next packet is read into; stays free until it is taken from `free_`.
  std::uint32_t FreeSlot() {
    if (free_.empty()) {
      free_.push_back(static_cast<std::uint32_t>(packets_.size()));
      packets_.push_back(std::make_unique<Packet>());
    }
    return free_.back();
  }

  void SendDue() {
    const Clock::time_point now = Clock::now();
    while (!queue_.empty() && queue_.top().due <= now) {
      const Queued next = queue_.top();
      queue_.pop();
      const Packet& packet = *packets_[next.slot];
      // A failed write is a lost packet, as on any link.
      if (write(devices_[static_cast<std::size_t>(next.to)], packet.octets.data(), packet.size) > 0) {
        ++counters_.forwarded;
      }
      free_.push_back(next.slot);
    }
  }

  void ArmTimer() {
    itimerspec at{};
    if (!queue_.empty()) {
      const auto due = std::chrono::duration_cast<nanoseconds>(queue_.top().due.time_since_epoch()).count();
      at.it_value.tv_sec = due / 1'000'000'000;
      at.it_value.tv_nsec = due % 1'000'000'000;
    }
    Check(timerfd_settime(timer_, TFD_TIMER_ABSTIME, &at, nullptr), "timerfd_settime");
  }

  std::array<int, 2> devices_;
  int listener_;
  int epoll_ = -1;
  int timer_ = -1;
  PathTable paths_;
  Counters counters_;
  std::minstd_rand random_{1};
  std::uint64_t sequence_ = 0;
  std::priority_queue<Queued, std::vector<Queued>, std::greater<>> queue_;
  std::vector<std::unique_ptr<Packet>> packets_;
  std::vector<std::uint32_t> free_;
};

// Creates the device `lab0` in a named network namespace.
int OpenDevice(const std::string& netns) {
  const int ns = Check(open(("/run/netns/" + netns).c_str(), O_RDONLY | O_CLOEXEC), "open namespace " + netns);
  Check(setns(ns, CLONE_NEWNET), "setns " + netns);
  close(ns);
  const int fd = Check(open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC), "open /dev/net/tun");
  ifreq request{};
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  std::strncpy(request.ifr_name, "lab0", IFNAMSIZ - 1);
  Check(ioctl(fd, TUNSETIFF, &request), "TUNSETIFF");
  return fd;
}

int Listen(const char* path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (std::strlen(path) >= sizeof address.sun_path) Die("control socket path too long");
  std::strncpy(address.sun_path, path, sizeof address.sun_path - 1);
  const int fd = Check(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "socket");
  unlink(path);
  Check(bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), "bind control socket");
  Check(listen(fd, 16), "listen");
  return fd;
}

// Late wake-ups would show as round-trip time. Best effort: both need privileges the lab usually has.
void AskForPunctualWakeups() {
  prctl(PR_SET_TIMERSLACK, 1UL);
  sched_param priority{};
  priority.sched_priority = 1;
  sched_setscheduler(0, SCHED_RR, &priority);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: netlab_forwarder CLIENT_NETNS SERVER_NETNS CONTROL_SOCKET\n");
    return 2;
  }
  const std::array<int, 2> devices{OpenDevice(argv[1]), OpenDevice(argv[2])};
  AskForPunctualWakeups();
  Forwarder(devices, Listen(argv[3])).Run();
}
