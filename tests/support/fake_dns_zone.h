#pragma once

#include <cctype>
#include <chrono>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "broker/dns/records.h"

namespace flowbroker::testing {

/// DNS data that answers questions at once, for tests of everything that consumes answers. Written as a zone file, one
/// record a line, names without a trailing dot, "." for the root, "" for an empty string:
///
///     FakeDnsZone zone(R"(
///       example.org            NAPTR 10 50 s SIP+D2T "" _sip._tcp.example.org
///       _sip._tcp.example.org  60 SRV 10 100 5060 a.example.org
///       a.example.org          A    192.0.2.1
///       a.example.org          AAAA 2001:db8::1
///       b.example.org          CNAME a.example.org
///     )");
///
/// The TTL is 300 s where the line gives none; that of negative answers is 60 s. Throws std::invalid_argument for a
/// line it cannot read: a test with a typing error shall not pass.
class FakeDnsZone {
 public:
  FakeDnsZone() = default;
  explicit FakeDnsZone(std::string_view text) { Add(text); }

  /// Adds the records of `text`.
  void Add(std::string_view text) {
    std::istringstream lines{std::string(text)};
    for (std::string line; std::getline(lines, line);) {
      std::istringstream words(line);
      if (words >> std::ws; !words.eof()) AddRecord(words, line);
    }
  }

  /// From now on `question` meets trouble; `status` may be any status without records.
  void Break(const dns::Question& question, dns::AnswerStatus status) { broken_.insert_or_assign(question, status); }
  void Break(std::string_view name, dns::RecordType type, dns::AnswerStatus status) {
    Break({Name(std::string(name)), type}, status);
  }
  void Mend() { broken_.clear(); }

  /// What a resolver would say: CNAMEs followed, NXDOMAIN only where neither the name nor one below it has records.
  dns::RecordSet Answer(const dns::Question& question) const {
    if (const auto broken = broken_.find(question); broken != broken_.end()) return {broken->second};
    dns::Question followed = question;
    for (int i = 0; i < 8; ++i) {
      if (const auto found = records_.find(followed); found != records_.end()) return found->second;
      const auto alias = aliases_.find(followed.name);
      if (alias == aliases_.end()) break;
      followed.name = alias->second;
    }
    const bool exists = Exists(followed.name);
    return {exists ? dns::AnswerStatus::kNoRecords : dns::AnswerStatus::kNoSuchName, std::chrono::seconds(60)};
  }

  /// `text` as a name; throws where it is none.
  static dns::DnsName Name(const std::string& text) {
    const auto name = dns::DnsName::Parse(text);
    if (!name) throw std::invalid_argument("not a domain name: " + text);
    return *name;
  }

 private:
  void AddRecord(std::istringstream& words, const std::string& line) {
    std::string owner;
    std::string type;
    long ttl = 300;
    words >> owner >> std::ws;
    if (std::isdigit(words.peek()) != 0) words >> ttl;
    words >> type;
    const dns::DnsName name = Name(owner);
    if (type == "CNAME") {
      aliases_.insert_or_assign(name, ReadName(words));
    } else if (type == "A" || type == "AAAA") {
      std::string address;
      words >> address;
      const auto parsed = IpAddress::Parse(address);
      if (!parsed) throw std::invalid_argument("not an address: " + line);
      At(name, type == "A" ? dns::RecordType::kA : dns::RecordType::kAaaa, ttl).addresses.push_back(*parsed);
    } else if (type == "SRV") {
      const auto [priority, weight, port] = std::tuple{ReadNumber(words), ReadNumber(words), ReadNumber(words)};
      At(name, dns::RecordType::kSrv, ttl).srv.push_back({priority, weight, port, ReadName(words)});
    } else if (type == "NAPTR") {
      dns::NaptrRecord record = ReadNaptr(words);
      At(name, dns::RecordType::kNaptr, ttl).naptr.push_back(std::move(record));
    } else {
      throw std::invalid_argument("not a record: " + line);
    }
    if (words.fail()) throw std::invalid_argument("record cut short: " + line);
  }

  dns::RecordSet& At(const dns::DnsName& name, dns::RecordType type, long ttl) {
    auto& set = records_.try_emplace({name, type}, dns::RecordSet{dns::AnswerStatus::kRecords}).first->second;
    set.ttl = std::chrono::seconds(ttl);
    return set;
  }

  static std::uint16_t ReadNumber(std::istringstream& words) {
    std::uint16_t number = 0;
    words >> number;
    return number;
  }

  static std::string ReadText(std::istringstream& words) {
    std::string text;
    words >> text;
    return text == "\"\"" ? std::string() : text;
  }

  static dns::DnsName ReadName(std::istringstream& words) { return Name(ReadText(words)); }

  static dns::NaptrRecord ReadNaptr(std::istringstream& words) {
    const auto [order, preference] = std::tuple{ReadNumber(words), ReadNumber(words)};
    const auto lower = [](std::string text) {
      for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      return text;
    };
    const std::string flags = lower(ReadText(words));
    const std::string service = lower(ReadText(words));
    const std::string regexp = ReadText(words);
    return {order, preference, flags, service, regexp, ReadName(words)};
  }

  bool Exists(const dns::DnsName& name) const {
    const auto at_or_below = [&](const dns::DnsName& other) {
      return other == name || other.ToString().ends_with("." + name.ToString());
    };
    for (const auto& [question, records] : records_) {
      if (at_or_below(question.name)) return true;
    }
    for (const auto& [alias, target] : aliases_) {
      if (at_or_below(alias)) return true;
    }
    return false;
  }

  std::map<dns::Question, dns::RecordSet> records_;
  std::map<dns::DnsName, dns::DnsName> aliases_;
  std::map<dns::Question, dns::AnswerStatus> broken_;
};

}  // namespace flowbroker::testing
