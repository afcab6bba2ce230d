#pragma once

#include <cstddef>
#include <utility>
#include <variant>
#include <vector>

#include "broker/dns/records.h"
#include "broker/net/dns_answer_reader.h"

namespace flowbroker::net {

/// The way of one question through servers, tries and aliases. A pure machine:
///
///     auto step = lookup.Start(order);   // AskServer: ask, then tell OnReading, OnTrouble or OnSilence with its
///     number step = lookup.OnReading(ask.number, ReadDnsAnswer(..), order);
///
/// until a step is a RecordSet, the final answer. One server after another is asked, `tries` rounds of them. Silence
/// and trouble move on to the next server, but a server that is late may still give the answer: a resolver often needs
/// longer than our patience for a name it has not got in its cache. A round in which every server gave trouble at once
/// (nobody was silent) is not repeated, because it would only give the same.
class DnsLookup {
 public:
  struct AskServer {
    std::size_t server;
    dns::Question question;
    int number;  ///< of this ask, unique in the lookup
  };
  struct KeepWaiting {};
  using Step = std::variant<KeepWaiting, AskServer, dns::RecordSet>;
  using ServerList = std::vector<std::size_t>;

  /// @param max_names names asked for along a chain of aliases, the first included
  DnsLookup(dns::Question question, int tries, int max_names)
      : question_(std::move(question)), tries_(tries), names_left_(max_names) {}

  Step Start(ServerList servers);

  /// The server of ask `number` said something. `servers` is the order for the next name, if it comes to that.
  Step OnReading(int number, DnsReading reading, ServerList servers);

  /// The server of ask `number` cannot be reached (kServerFailure).
  Step OnTrouble(int number, dns::AnswerStatus trouble);

  /// Nothing came of ask `number` as long as we are patient; it may still come.
  Step OnSilence(int number);

 private:
  Step AskName(ServerList servers);
  Step AskNext();

  dns::Question question_;
  int tries_;
  int names_left_;
  Duration ttl_ = Duration::max();  // lowest of the aliases passed
  int last_number_ = 0;

  // While one name is asked for:
  int first_number_ = 1;  // of its asks; answers to earlier ones are about another name
  ServerList servers_;
  std::size_t next_server_ = 0;
  int round_ = 0;
  bool silence_in_round_ = false;
  dns::AnswerStatus worst_ = dns::AnswerStatus::kTimedOut;
};

}  // namespace flowbroker::net
