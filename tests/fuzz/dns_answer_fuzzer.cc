#include <cstddef>
#include <cstdint>
#include <span>

#include "broker/net/dns_answer_reader.h"
#include "tests/fuzz/require.h"

using flowbroker::Duration;
using flowbroker::fuzz::Require;
using flowbroker::net::DnsReading;
using flowbroker::net::ReadDnsAnswer;
namespace dns = flowbroker::dns;

namespace {

void Judge(dns::RecordType type, const DnsReading& reading) {
  const dns::RecordSet& answer = reading.answer;
  const bool is_address = type == dns::RecordType::kA || type == dns::RecordType::kAaaa;
  Require(answer.addresses.empty() || is_address, "addresses answer questions for addresses");
  Require(answer.srv.empty() || type == dns::RecordType::kSrv, "SRV records answer questions for them");
  Require(answer.naptr.empty() || type == dns::RecordType::kNaptr, "NAPTR records answer questions for them");
  const bool has_records = !answer.addresses.empty() || !answer.srv.empty() || !answer.naptr.empty();
  Require(has_records == (answer.status == dns::AnswerStatus::kRecords), "the status says whether there are records");
  Require(answer.ttl >= Duration::zero(), "a TTL is not negative");
  Require(!dns::IsDnsTrouble(answer.status) || answer.ttl == Duration::zero(), "trouble is not to be kept");
  Require(!reading.alias || answer.status == dns::AnswerStatus::kNoRecords,
          "an alias is followed only without records");
}

}  // namespace

/// The message is read as the answer to a question of each type, since its own question section must agree with one.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto name = dns::DnsName::Parse("host.example");
  for (const auto type :
       {dns::RecordType::kA, dns::RecordType::kAaaa, dns::RecordType::kSrv, dns::RecordType::kNaptr}) {
    Judge(type, ReadDnsAnswer({*name, type}, std::span(data, size)));
  }
  return 0;
}
