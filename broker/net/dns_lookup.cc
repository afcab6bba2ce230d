#include "broker/net/dns_lookup.h"

#include <algorithm>
#include <utility>

namespace flowbroker::net {

using dns::AnswerStatus;
using dns::RecordSet;

DnsLookup::Step DnsLookup::Start(ServerList servers) {
  return AskName(std::move(servers));
}

DnsLookup::Step DnsLookup::AskName(ServerList servers) {
  if (names_left_-- <= 0) return RecordSet{.status = AnswerStatus::kServerFailure};  // endless aliases
  first_number_ = last_number_ + 1;
  servers_ = std::move(servers);
  next_server_ = 0;
  round_ = 0;
  silence_in_round_ = false;
  worst_ = AnswerStatus::kTimedOut;
  return AskNext();
}

DnsLookup::Step DnsLookup::AskNext() {
  if (next_server_ == servers_.size()) {
    next_server_ = 0;
    ++round_;
    if (!silence_in_round_) round_ = tries_;
    silence_in_round_ = false;
  }
  if (round_ >= tries_ || servers_.empty()) return RecordSet{.status = worst_};
  return AskServer{servers_[next_server_++], question_, ++last_number_};
}

DnsLookup::Step DnsLookup::OnReading(int number, DnsReading reading, ServerList servers) {
  if (number < first_number_) return KeepWaiting{};
  if (dns::IsDnsTrouble(reading.answer.status)) return OnTrouble(number, reading.answer.status);
  ttl_ = std::min(ttl_, reading.answer.ttl);
  if (reading.alias) {
    question_.name = std::move(*reading.alias);
    return AskName(std::move(servers));
  }
  reading.answer.ttl = ttl_;
  return std::move(reading.answer);
}

DnsLookup::Step DnsLookup::OnTrouble(int number, AnswerStatus trouble) {
  if (number < first_number_) return KeepWaiting{};
  if (worst_ != AnswerStatus::kMalformed) worst_ = trouble;
  return number == last_number_ ? AskNext() : KeepWaiting{};  // for a late one, the next was asked already
}

DnsLookup::Step DnsLookup::OnSilence(int number) {
  if (number != last_number_) return KeepWaiting{};
  silence_in_round_ = true;
  return AskNext();
}

}  // namespace flowbroker::net
