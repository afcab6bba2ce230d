#include "tests/property/history/breakages.h"

#include <algorithm>
#include <ostream>
#include <string>

namespace flowbroker::history {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Path Tcp(const std::string& address) {
  return {{}, {.endpoint = {*IpAddress::Parse(address), 5060}, .transport = Transport::kTcp}};
}

rc::Gen<Breakage> AnyBreakage() {
  return rc::gen::exec([] {
    Breakage breakage{};
    breakage.prefix = *rc::gen::inRange<std::size_t>(0, kPrefixes);
    if (*rc::gen::arbitrary<bool>()) breakage.address = *rc::gen::inRange<std::size_t>(0, kAddresses);
    breakage.trouble =
        *rc::gen::element(Trouble::kSilent, Trouble::kSilent, Trouble::kSlow, Trouble::kRefused, Trouble::kUnreachable);
    breakage.from = TimePoint{} + seconds(*rc::gen::inRange(0, 1800));
    breakage.until = breakage.from + seconds(*rc::gen::element(1, 10, 70, 300, 900, 1500, 3600));
    return breakage;
  });
}

rc::Gen<Host> AnyHost() {
  return rc::gen::exec([] {
    const auto number = *rc::gen::inRange(1, 255);
    Host host{{}, Tcp("192.0.2." + std::to_string(number)), milliseconds(*rc::gen::inRange(300, 5000))};
    const auto count = *rc::gen::inRange<std::size_t>(1, 4);
    const auto first = *rc::gen::inRange<std::size_t>(0, kPrefixes * kAddresses);
    const auto step = *rc::gen::element<std::size_t>(1, 5, 7);  // distinct ones, of one prefix or of several
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t n = (first + i * step) % (kPrefixes * kAddresses);
      host.ipv6.push_back(AddressIn(n / kAddresses, n % kAddresses));
    }
    return host;
  });
}

}  // namespace

Path AddressIn(std::size_t prefix, std::size_t number) {
  return Tcp("2001:db8:" + std::to_string(prefix + 1) + "::" + std::to_string(number + 1));
}

std::optional<Trouble> Schedule::TroubleOf(const Path& path, TimePoint at) const {
  for (const Breakage& one : breakages) {
    if (at < one.from || at >= one.until) continue;
    for (std::size_t n = 0; n < kAddresses; ++n) {
      if (one.address.value_or(n) == n && AddressIn(one.prefix, n) == path) return one.trouble;
    }
  }
  return std::nullopt;
}

bool Schedule::AnyTrouble(TimePoint at) const {
  return std::ranges::any_of(breakages, [at](const Breakage& one) { return at >= one.from && at < one.until; });
}

std::ostream& operator<<(std::ostream& out, const Schedule& schedule) {
  const auto seconds_of = [](TimePoint at) { return ToMilliseconds(at.time_since_epoch()) / 1000; };
  for (const Host& host : schedule.hosts) {
    out << "host every " << ToMilliseconds(host.every) << " ms:";
    for (const Path& path : host.ipv6) out << ' ' << path.target.ToString();
    out << '\n';
  }
  for (const Breakage& one : schedule.breakages) {
    out << "trouble " << static_cast<int>(one.trouble) << " of prefix " << one.prefix + 1;
    if (one.address) out << " address " << *one.address + 1;
    out << " from " << seconds_of(one.from) << " s until " << seconds_of(one.until) << " s\n";
  }
  return out << "rtt " << ToMilliseconds(schedule.rtt) << " ms\n";
}

rc::Gen<Schedule> AnySchedule() {
  return rc::gen::exec([] {
    Schedule schedule{};
    for (int hosts = *rc::gen::inRange(1, 4); hosts > 0; --hosts) schedule.hosts.push_back(*AnyHost());
    for (int troubles = *rc::gen::inRange(0, 6); troubles > 0; --troubles) schedule.breakages.push_back(*AnyBreakage());
    schedule.rtt = milliseconds(*rc::gen::inRange(1, 150));
    schedule.end = TimePoint{} + seconds(3600);
    return schedule;
  });
}

}  // namespace flowbroker::history
