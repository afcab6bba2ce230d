#include "broker/dns/records.h"

namespace flowbroker::dns {

std::string_view ToString(RecordType type) {
  switch (type) {
    case RecordType::kA:
      return "A";
    case RecordType::kAaaa:
      return "AAAA";
    case RecordType::kSrv:
      return "SRV";
    case RecordType::kNaptr:
      return "NAPTR";
  }
  __builtin_unreachable();
}

std::string_view ToString(AnswerStatus status) {
  switch (status) {
    case AnswerStatus::kRecords:
      return "records";
    case AnswerStatus::kNoRecords:
      return "no records";
    case AnswerStatus::kNoSuchName:
      return "no such name";
    case AnswerStatus::kTimedOut:
      return "timed out";
    case AnswerStatus::kServerFailure:
      return "server failure";
    case AnswerStatus::kMalformed:
      return "malformed answer";
  }
  __builtin_unreachable();
}

std::string Question::ToString() const {
  return std::string(dns::ToString(type)) + " " + (name.is_root() ? "." : name.ToString());
}

}  // namespace flowbroker::dns
