#include "broker/net/interface_monitor.h"

#include <gtest/gtest.h>
#include <linux/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <boost/asio/ip/address_v4.hpp>
#include <chrono>
#include <functional>
#include <thread>

namespace flowbroker::net {
namespace {

using namespace std::chrono_literals;
using Interfaces = std::vector<history::LocalInterface>;

/// Switches the loopback interface of the thread's network namespace and gives it IPv4 addresses.
class Loopback {
 public:
  Loopback() : socket_(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {}
  ~Loopback() { close(socket_); }
  Loopback(const Loopback&) = delete;
  Loopback& operator=(const Loopback&) = delete;

  void Switch(bool up) {
    ifreq request = Named("lo");
    request.ifr_flags = static_cast<short>(up ? IFF_UP : 0);
    ASSERT_EQ(ioctl(socket_, SIOCSIFFLAGS, &request), 0);
  }
  /// An address at a label of its own; 0.0.0.0 takes the label's address away.
  void SetAddress(const char* label, const char* address) {
    ifreq request = Named(label);
    sockaddr_in value{};
    value.sin_family = AF_INET;
    value.sin_addr.s_addr = htonl(boost::asio::ip::make_address_v4(address).to_uint());
    std::memcpy(&request.ifr_addr, &value, sizeof(value));
    ASSERT_EQ(ioctl(socket_, SIOCSIFADDR, &request), 0);
  }

 private:
  static ifreq Named(const char* name) {
    ifreq request{};
    std::strncpy(request.ifr_name, name, IFNAMSIZ - 1);
    return request;
  }
  int socket_;
};

bool Has(const Interfaces& interfaces, std::string_view address) {
  for (const history::LocalInterface& interface : interfaces) {
    for (const history::InterfaceAddress& own : interface.addresses) {
      if (own.address == *IpAddress::Parse(address)) return true;
    }
  }
  return false;
}

/// Runs `test` on a thread with a network namespace of its own, in which the loopback interface is down. Needs root.
void InOwnNamespace(const std::function<void()>& test) {
  bool own = false;
  std::thread([&] {
    own = unshare(CLONE_NEWNET) == 0;
    if (own) test();
  }).join();
  if (!own) GTEST_SKIP() << "no network namespaces here";
}

/// A monitor with its io_context, and what it told.
struct Watched {
  explicit Watched(std::size_t buffer_octets = 65536) {
    auto created = InterfaceMonitor::Create(
        io, [this](const Interfaces& interfaces) { told.push_back(interfaces); }, buffer_octets);
    EXPECT_TRUE(created) << created.error().detail;
    if (created) monitor = std::move(*created);
  }
  bool RunUntil(const std::function<bool()>& holds) {
    const auto end = std::chrono::steady_clock::now() + 10s;
    while (!holds() && std::chrono::steady_clock::now() < end) io.run_one_for(100ms);
    return holds();
  }

  boost::asio::io_context io{1};
  std::vector<Interfaces> told;
  std::unique_ptr<InterfaceMonitor> monitor;
};

TEST(InterfaceMonitorTest, KnowsTheInterfacesBeforeTheIoContextRuns) {
  InOwnNamespace([] {
    Loopback().Switch(true);
    const Watched watched;
    ASSERT_EQ(watched.monitor->interfaces().size(), 1U);
    EXPECT_EQ(watched.monitor->interfaces()[0].name, "lo");
    EXPECT_TRUE(Has(watched.monitor->interfaces(), "127.0.0.1"));
  });
}

TEST(InterfaceMonitorTest, TellsComingAndGoing) {
  InOwnNamespace([] {
    Loopback lo;
    Watched watched;
    EXPECT_TRUE(watched.monitor->interfaces().empty());
    lo.Switch(true);
    ASSERT_TRUE(watched.RunUntil([&] { return !watched.told.empty() && Has(watched.told.back(), "127.0.0.1"); }));
    lo.SetAddress("lo:1", "192.0.2.7");
    ASSERT_TRUE(watched.RunUntil([&] { return Has(watched.told.back(), "192.0.2.7"); }));
    lo.SetAddress("lo:1", "0.0.0.0");
    ASSERT_TRUE(watched.RunUntil([&] { return !Has(watched.told.back(), "192.0.2.7"); }));
    EXPECT_TRUE(Has(watched.told.back(), "127.0.0.1"));
    lo.Switch(false);
    ASSERT_TRUE(watched.RunUntil([&] { return watched.told.back().empty(); }));
    EXPECT_EQ(watched.told.back(), watched.monitor->interfaces());
  });
}

TEST(InterfaceMonitorTest, ABurstIsToldOnceAndWhatChangesNothingNotAtAll) {
  InOwnNamespace([] {
    Loopback lo;
    lo.Switch(true);
    Watched watched;
    lo.SetAddress("lo:1", "192.0.2.7");
    lo.SetAddress("lo:1", "0.0.0.0");
    lo.SetAddress("lo:2", "192.0.2.8");
    lo.SetAddress("lo:3", "192.0.2.9");
    ASSERT_TRUE(watched.RunUntil([&] { return !watched.told.empty(); }));
    EXPECT_TRUE(Has(watched.told.back(), "192.0.2.8") && Has(watched.told.back(), "192.0.2.9"));
    lo.SetAddress("lo:3", "0.0.0.0");
    lo.SetAddress("lo:3", "192.0.2.9");
    while (watched.io.poll() > 0) {  // the kernel has told it before the call returned
    }
    EXPECT_EQ(watched.told.size(), 1U);
  });
}

TEST(InterfaceMonitorTest, AsksAnewWhenTheKernelHadMoreToSayThanTheSocketHolds) {
  InOwnNamespace([] {
    Loopback lo;
    lo.Switch(true);
    Watched watched;
    for (int i = 0; i < 2000; ++i) {  // nobody reads meanwhile
      lo.SetAddress("lo:1", i % 2 == 0 ? "192.0.2.7" : "192.0.2.8");
    }
    lo.SetAddress("lo:2", "192.0.2.99");  // dropped, as is everything after some hundred messages
    ASSERT_TRUE(watched.RunUntil([&] { return !watched.told.empty() && Has(watched.told.back(), "192.0.2.99"); }));
    EXPECT_TRUE(Has(watched.told.back(), "192.0.2.8"));
    EXPECT_FALSE(Has(watched.told.back(), "192.0.2.7"));
    lo.SetAddress("lo:2", "0.0.0.0");  // and it still listens
    ASSERT_TRUE(watched.RunUntil([&] { return !Has(watched.told.back(), "192.0.2.99"); }));
  });
}

TEST(InterfaceMonitorTest, AsksAnewWhenAMessageWasLongerThanTheBuffer) {
  InOwnNamespace([] {
    Loopback().Switch(true);
    Watched watched(64);  // neither an interface nor an address fits
    ASSERT_TRUE(watched.RunUntil([&] { return Has(watched.monitor->interfaces(), "127.0.0.1"); }));
  });
}

}  // namespace
}  // namespace flowbroker::net
