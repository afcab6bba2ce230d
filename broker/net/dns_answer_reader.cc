#include "broker/net/dns_answer_reader.h"

#include <algorithm>
#include <cctype>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "broker/net/dns_wire_reader.h"

namespace flowbroker::net {
namespace {

using dns::AnswerStatus;
using dns::DnsName;
using dns::RecordSet;
using dns::RecordType;

constexpr std::uint16_t kClassIn = 1;
constexpr std::uint16_t kTypeNs = 2;
constexpr std::uint16_t kTypeCname = 5;
constexpr std::uint16_t kTypeSoa = 6;
constexpr unsigned kNoError = 0;
constexpr unsigned kNxDomain = 3;
constexpr int kMaxAliases = 16;

struct Header {
  unsigned flags;
  std::uint16_t questions;
  std::uint16_t answers;
  std::uint16_t authorities;

  bool is_response() const { return (flags & 0x8000U) != 0; }
  bool recursion_available() const { return (flags & 0x0080U) != 0; }
  unsigned response_code() const { return flags & 0x000fU; }
};

Header ReadHeader(DnsWireReader& reader) {
  reader.U16();  // the id was matched by whoever received the message
  Header header{reader.U16(), reader.U16(), reader.U16(), reader.U16()};
  reader.U16();  // additional records are not looked at
  return header;
}

struct Record {
  std::optional<DnsName> owner;
  std::uint16_t type;
  std::uint16_t record_class;
  std::chrono::seconds ttl;
  DnsWireReader data;
};

// RFC 2181 s.8: a TTL with the top bit set counts as zero.
std::chrono::seconds ToTtl(std::uint32_t seconds) {
  return std::chrono::seconds(seconds > 0x7fffffffU ? 0U : seconds);
}

Record ReadRecord(DnsWireReader& reader) {
  auto owner = DnsName::Parse(reader.Name());
  const std::uint16_t type = reader.U16();
  const std::uint16_t record_class = reader.U16();
  const auto ttl = ToTtl(reader.U32());
  const std::uint16_t length = reader.U16();
  return {std::move(owner), type, record_class, ttl, reader.Window(length)};
}

std::vector<Record> ReadSection(DnsWireReader& reader, std::uint16_t count) {
  std::vector<Record> records;  // not reserved: `count` is only a claim
  for (unsigned i = 0; i < count && reader.ok(); ++i) {
    Record record = ReadRecord(reader);
    if (reader.ok() && record.owner && record.record_class == kClassIn) records.push_back(std::move(record));
  }
  return records;
}

std::string ToLower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

template <std::size_t N>
std::array<std::uint8_t, N> ToArray(std::span<const std::uint8_t> octets) {
  std::array<std::uint8_t, N> array{};
  if (octets.size() == N) std::copy(octets.begin(), octets.end(), array.begin());
  return array;
}

// Puts the record's data into `set`; false where the data does not fill its length exactly.
bool AppendData(RecordType type, DnsWireReader data, RecordSet& set) {
  switch (type) {
    case RecordType::kA: {
      const auto octets = ToArray<4>(data.Octets(4));
      set.addresses.push_back(IpAddress::FromIpv4(octets));
      return data.ok() && data.at_end();
    }
    case RecordType::kAaaa: {
      const auto octets = ToArray<16>(data.Octets(16));
      set.addresses.push_back(IpAddress::FromIpv6(octets));
      return data.ok() && data.at_end();
    }
    case RecordType::kSrv: {
      const std::uint16_t priority = data.U16();
      const std::uint16_t weight = data.U16();
      const std::uint16_t port = data.U16();
      const auto target = DnsName::Parse(data.Name());
      if (data.ok() && target) set.srv.push_back({priority, weight, port, *target});
      return data.ok() && data.at_end();
    }
    case RecordType::kNaptr: {
      const std::uint16_t order = data.U16();
      const std::uint16_t preference = data.U16();
      std::string flags = ToLower(data.CharacterString());
      std::string service = ToLower(data.CharacterString());
      std::string regexp = data.CharacterString();
      const auto replacement = DnsName::Parse(data.Name());
      if (data.ok() && replacement) {
        set.naptr.push_back({order, preference, std::move(flags), std::move(service), std::move(regexp), *replacement});
      }
      return data.ok() && data.at_end();
    }
  }
  __builtin_unreachable();
}

bool IsEmpty(const RecordSet& set) {
  return set.addresses.empty() && set.srv.empty() && set.naptr.empty();
}

bool IsWithin(const DnsName& name, const DnsName& zone) {
  if (zone.is_root() || name == zone) return true;
  return name.ToString().ends_with("." + zone.ToString());
}

RecordSet Trouble(AnswerStatus status) {
  return RecordSet{.status = status};
}

// RFC 2308 s.5: the lower of the SOA's own TTL and its MINIMUM field. Nothing for an SOA that cannot be read.
std::optional<Duration> NegativeTtl(const Record& soa) {
  DnsWireReader data = soa.data;
  data.Name();
  data.Name();
  for (int i = 0; i < 4; ++i) data.U32();  // SERIAL, REFRESH, RETRY, EXPIRE
  const auto minimum = ToTtl(data.U32());
  if (!data.ok() || !data.at_end()) return std::nullopt;
  return std::min(soa.ttl, minimum);
}

// The way from the question through aliases to the records.
struct Way {
  DnsName name;                 // where it ends
  std::optional<Duration> ttl;  // lowest so far; nothing while no record was passed
  RecordSet found = {.status = AnswerStatus::kRecords};
  bool moved = false;  // over at least one alias

  void Pass(Duration record_ttl) { ttl = ttl ? std::min(*ttl, record_ttl) : record_ttl; }
};

// False where a record that matters cannot be read.
bool CollectAt(Way& way, RecordType type, const std::vector<Record>& records) {
  for (const Record& record : records) {
    if (record.type != static_cast<std::uint16_t>(type) || record.owner != way.name) continue;
    if (!AppendData(type, record.data, way.found)) return false;
    way.Pass(record.ttl);
  }
  return true;
}

const Record* FindRecord(const DnsName& owner, std::uint16_t type, const std::vector<Record>& records) {
  const auto found = std::find_if(records.begin(), records.end(),
                                  [&](const Record& record) { return record.type == type && record.owner == owner; });
  return found == records.end() ? nullptr : &*found;
}

// Nothing where the way could be walked; otherwise what is wrong with it.
std::optional<AnswerStatus> Walk(Way& way, RecordType type, const std::vector<Record>& records) {
  for (int aliases = 0; aliases <= kMaxAliases; ++aliases) {
    if (!CollectAt(way, type, records)) return AnswerStatus::kMalformed;
    if (!IsEmpty(way.found)) return std::nullopt;
    const Record* alias = FindRecord(way.name, kTypeCname, records);
    if (alias == nullptr) return std::nullopt;
    DnsWireReader data = alias->data;
    const auto next = DnsName::Parse(data.Name());
    if (!data.ok() || !data.at_end()) return AnswerStatus::kMalformed;
    if (!next) return AnswerStatus::kServerFailure;  // an alias for something that is no host's name
    way.name = *next;
    way.moved = true;
    way.Pass(alias->ttl);
  }
  return AnswerStatus::kServerFailure;
}

// Says no: NXDOMAIN, NODATA, or "ask for the alias", told apart by the authority section (RFC 2308 s.2).
DnsReading ReadNegative(const Header& header, const Way& way, const std::vector<Record>& authority) {
  const auto soa = std::find_if(authority.begin(), authority.end(), [&](const Record& record) {
    return record.type == kTypeSoa && IsWithin(way.name, *record.owner);
  });
  const bool has_soa = soa != authority.end();
  const bool nxdomain = header.response_code() == kNxDomain;
  if (!nxdomain && !has_soa) {
    if (way.moved) return {RecordSet{.status = AnswerStatus::kNoRecords, .ttl = *way.ttl}, way.name};
    const bool has_ns =
        std::any_of(authority.begin(), authority.end(), [](const Record& r) { return r.type == kTypeNs; });
    if (has_ns && !header.recursion_available()) return {Trouble(AnswerStatus::kServerFailure)};  // a referral
  }
  const Duration negative_ttl = has_soa ? NegativeTtl(*soa).value_or(Duration::zero()) : Duration::zero();
  const auto status = nxdomain ? AnswerStatus::kNoSuchName : AnswerStatus::kNoRecords;
  return {RecordSet{.status = status, .ttl = std::min(negative_ttl, way.ttl.value_or(negative_ttl))}};
}

bool EchoesQuestion(DnsWireReader& reader, const dns::Question& question) {
  const auto name = DnsName::Parse(reader.Name());
  const std::uint16_t type = reader.U16();
  const std::uint16_t question_class = reader.U16();
  return reader.ok() && name == question.name && type == static_cast<std::uint16_t>(question.type) &&
         question_class == kClassIn;
}

}  // namespace

DnsReading ReadDnsAnswer(const dns::Question& question, std::span<const std::uint8_t> message) {
  DnsWireReader reader(message);
  const Header header = ReadHeader(reader);
  if (!reader.ok() || !header.is_response()) return {Trouble(AnswerStatus::kMalformed)};
  if (header.response_code() != kNoError && header.response_code() != kNxDomain) {
    return {Trouble(AnswerStatus::kServerFailure)};
  }
  if (header.questions != 1 || !EchoesQuestion(reader, question)) return {Trouble(AnswerStatus::kMalformed)};
  const std::vector<Record> answers = ReadSection(reader, header.answers);
  if (!reader.ok()) return {Trouble(AnswerStatus::kMalformed)};

  Way way{question.name, std::nullopt};
  if (const auto wrong = Walk(way, question.type, answers)) return {Trouble(*wrong)};
  if (!IsEmpty(way.found)) {
    way.found.ttl = *way.ttl;
    return {std::move(way.found)};
  }
  const std::vector<Record> authority = ReadSection(reader, header.authorities);
  if (!reader.ok()) return {Trouble(AnswerStatus::kMalformed)};
  return ReadNegative(header, way, authority);
}

}  // namespace flowbroker::net
