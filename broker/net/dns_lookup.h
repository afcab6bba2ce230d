#pragma once

#include <cstddef>
#include <variant>
#include <vector>

#include "broker/dns/records.h"
#include "broker/net/dns_answer_reader.h"

namespace flowbroker::net {

/// The way of one question through servers, tries and aliases. A pure machine:
///
///     auto step = lookup.Start(order);          // AskServer: ask, then tell OnReading or OnSilence
///     step = lookup.OnReading(ReadDnsAnswer(..), order);
///
/// until a step is a RecordSet, the final answer. One server after another is asked, `tries` rounds of them; an answer
/// ends it, trouble moves on to the next server. A round in which every server gave trouble at once (nobody was silent)
/// is not repeated, because it would only give the same.
class DnsLookup {
 public:
  struct AskServer {
    std::size_t server;
    dns::Question question;
  };
  using Step = std::variant<AskServer, dns::RecordSet>;
  using ServerList = std::vector<std::size_t>;

  /// @param max_names names asked for along a chain of aliases, the first included
  DnsLookup(dns::Question question, int tries, int max_names)
      : question_(std::move(question)), tries_(tries), names_left_(max_names) {}

  Step Start(ServerList servers);

  /// The server asked last said something. `servers` is the order for the next name, if it comes to that.
  Step OnReading(DnsReading reading, ServerList servers);

  /// The server asked last was silent (kTimedOut) or cannot be reached (kServerFailure).
  Step OnTrouble(dns::AnswerStatus trouble);

 private:
  Step AskName(ServerList servers);
  Step AskNext();

  dns::Question question_;
  int tries_;
  int names_left_;
  Duration ttl_ = Duration::max();  // lowest of the aliases passed

  // While one name is asked for:
  ServerList servers_;
  std::size_t next_server_ = 0;
  int round_ = 0;
  bool silence_in_round_ = false;
  dns::AnswerStatus worst_ = dns::AnswerStatus::kTimedOut;
};

}  // namespace flowbroker::net
