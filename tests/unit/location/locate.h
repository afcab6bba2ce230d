#pragma once

#include <chrono>
#include <deque>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "broker/location/server_locator.h"
#include "tests/support/fake_dns_zone.h"
#include "tests/support/fake_source_addresses.h"
#include "tests/support/seeded_random.h"

namespace flowbroker::location {

/// Everything a ServerLocator needs, with defaults for the plain case, and what it did.
struct Location {
  testing::FakeDnsZone zone;
  LocateRequest request{sip::SipUri{}};
  LocatorOptions options = {};
  testing::FakeSourceAddresses sources = {};
  testing::SmallestRandom random = {};
  TimePoint now{std::chrono::seconds(1000)};

  explicit Location(std::string_view records) : zone(records) {}

  /// Locates with answers from the zone, in the order in which the questions were asked, one millisecond each.
  ServerLocator Run() {
    ServerLocator locator(request, options, sources, random);
    std::deque<dns::Question> open;
    const auto ask = [&](const std::vector<dns::Question>& questions) {
      for (const dns::Question& question : questions) {
        asked.push_back(question.ToString());
        open.push_back(question);
      }
    };
    ask(locator.Start(now));
    while (!open.empty()) {
      const dns::Question question = open.front();
      open.pop_front();
      now += std::chrono::milliseconds(1);
      ask(locator.OnAnswer(question, zone.Answer(question), AnswerOrigin::kServer, now));
    }
    return locator;
  }

  std::vector<std::string> asked;
};

/// A URI of the parts that matter for locating.
inline sip::SipUri Uri(std::string host, std::optional<std::uint16_t> port = std::nullopt,
                       std::optional<Transport> transport = std::nullopt) {
  sip::SipUri uri;
  uri.host = std::move(host);
  uri.port = port;
  uri.transport = transport;
  return uri;
}

inline sip::SipUri SipsUri(std::string host, std::optional<std::uint16_t> port = std::nullopt,
                           std::optional<Transport> transport = std::nullopt) {
  sip::SipUri uri = Uri(std::move(host), port, transport);
  uri.secure = true;
  return uri;
}

/// "TCP 192.0.2.1:5060" of each target, in order.
inline std::vector<std::string> Names(const ServerLocator& locator) {
  std::vector<std::string> names;
  for (const LocatedTarget& located : locator.targets()) names.push_back(located.target.ToString());
  return names;
}

}  // namespace flowbroker::location
