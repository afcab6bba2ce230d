#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "broker/dns/records.h"

namespace flowbroker::net::testing {

using Octets = std::vector<std::uint8_t>;

constexpr std::uint16_t kTypeNs = 2;
constexpr std::uint16_t kTypeCname = 5;
constexpr std::uint16_t kTypeSoa = 6;
constexpr unsigned kServfail = 2;
constexpr unsigned kNxdomain = 3;
constexpr unsigned kRefused = 5;

inline void Append(Octets& out, const Octets& more) {
  out.insert(out.end(), more.begin(), more.end());
}

inline Octets U16(unsigned value) {
  return {static_cast<std::uint8_t>(value >> 8U), static_cast<std::uint8_t>(value)};
}

inline Octets U32(std::uint32_t value) {
  Octets out = U16(value >> 16U);
  Append(out, U16(value & 0xffffU));
  return out;
}

inline Octets Text(std::string_view text) {
  Octets out{static_cast<std::uint8_t>(text.size())};
  out.insert(out.end(), text.begin(), text.end());
  return out;
}

/// A name in wire form, without compression.
inline Octets Name(std::string_view name) {
  Octets out;
  while (!name.empty()) {
    const std::string_view label = name.substr(0, name.find('.'));
    Append(out, Text(label));
    name.remove_prefix(std::min(name.size(), label.size() + 1));
  }
  out.push_back(0);
  return out;
}

inline Octets Srv(unsigned priority, unsigned weight, unsigned port, std::string_view target) {
  Octets out = U16(priority);
  Append(out, U16(weight));
  Append(out, U16(port));
  Append(out, Name(target));
  return out;
}

inline Octets Naptr(unsigned order, unsigned preference, std::string_view flags, std::string_view service,
                    std::string_view regexp, std::string_view replacement) {
  Octets out = U16(order);
  Append(out, U16(preference));
  for (const auto text : {flags, service, regexp}) Append(out, Text(text));
  Append(out, Name(replacement));
  return out;
}

inline Octets Soa(std::uint32_t minimum) {
  Octets out = Name("ns.example");
  Append(out, Name("hostmaster.example"));
  for (int i = 0; i < 4; ++i) Append(out, U32(1));
  Append(out, U32(minimum));
  return out;
}

/// Builds a response with id 0. Sections must be filled in their order.
class DnsMessage {
 public:
  explicit DnsMessage(const dns::Question& question, unsigned response_code = 0, unsigned more_flags = 0) {
    for (const unsigned field : {0U, 0x8180U | more_flags | response_code, 1U, 0U, 0U, 0U}) Append(octets_, U16(field));
    Append(octets_, Name(question.name.ToString()));
    Append(octets_, U16(static_cast<unsigned>(question.type)));
    Append(octets_, U16(1));
  }

  DnsMessage& Answer(std::string_view owner, unsigned type, std::uint32_t ttl, const Octets& data) {
    return AddRecord(kAnswerCount, Name(owner), type, ttl, data);
  }
  DnsMessage& Answer(std::string_view owner, dns::RecordType type, std::uint32_t ttl, const Octets& data) {
    return Answer(owner, static_cast<unsigned>(type), ttl, data);
  }
  DnsMessage& Authority(std::string_view owner, unsigned type, std::uint32_t ttl, const Octets& data) {
    return AddRecord(kAuthorityCount, Name(owner), type, ttl, data);
  }
  /// A record whose owner name is given in wire form.
  DnsMessage& AnswerWithRawOwner(const Octets& owner, unsigned type, std::uint32_t ttl, const Octets& data) {
    return AddRecord(kAnswerCount, owner, type, ttl, data);
  }

  const Octets& octets() const { return octets_; }

 private:
  static constexpr std::size_t kAnswerCount = 6;  // offsets in the header
  static constexpr std::size_t kAuthorityCount = 8;

  DnsMessage& AddRecord(std::size_t count, const Octets& owner, unsigned type, std::uint32_t ttl, const Octets& data) {
    ++octets_[count + 1];
    Append(octets_, owner);
    Append(octets_, U16(type));
    Append(octets_, U16(1));
    Append(octets_, U32(ttl));
    Append(octets_, U16(static_cast<unsigned>(data.size())));
    Append(octets_, data);
    return *this;
  }

  Octets octets_;
};

inline dns::Question Ask(dns::RecordType type, std::string_view name) {
  return {*dns::DnsName::Parse(name), type};
}

}  // namespace flowbroker::net::testing
