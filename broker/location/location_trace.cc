#include "broker/location/location_trace.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace flowbroker::location {
namespace {

constexpr std::size_t kTargetsListed = 16;  // a trace is read by people

std::size_t CountRecords(const dns::Question& question, const dns::RecordSet& answer) {
  switch (question.type) {
    case dns::RecordType::kA:
    case dns::RecordType::kAaaa:
      return answer.addresses.size();
    case dns::RecordType::kSrv:
      return answer.srv.size();
    case dns::RecordType::kNaptr:
      return answer.naptr.size();
  }
  __builtin_unreachable();
}

TraceOutcome OutcomeOf(dns::AnswerStatus status, AnswerOrigin origin) {
  if (dns::IsDnsTrouble(status)) return TraceOutcome::kFailed;
  switch (origin) {
    case AnswerOrigin::kServer:
    case AnswerOrigin::kShared:
      return TraceOutcome::kSucceeded;
    case AnswerOrigin::kCache:
      return TraceOutcome::kCacheHit;
    case AnswerOrigin::kStale:
      return TraceOutcome::kStale;
  }
  __builtin_unreachable();
}

}  // namespace

std::string DescribeAnswer(const dns::Question& question, const dns::RecordSet& answer) {
  std::string text(dns::ToString(answer.status));
  if (answer.status == dns::AnswerStatus::kRecords) {
    const std::size_t count = CountRecords(question, answer);
    text = std::to_string(count) + (count == 1 ? " record" : " records");
  }
  if (dns::IsDnsTrouble(answer.status)) return text;
  return text + ", TTL " + std::to_string(std::chrono::floor<std::chrono::seconds>(answer.ttl).count()) + " s";
}

FailureReason FailureOf(dns::AnswerStatus status) {
  if (status == dns::AnswerStatus::kTimedOut) return FailureReason::kDnsTimedOut;
  if (status == dns::AnswerStatus::kMalformed) return FailureReason::kDnsMalformed;
  return FailureReason::kDnsServerFailure;
}

void LocationTrace::Asked(const dns::Question& question, TimePoint now) {
  questions_.emplace(question, steps_.size());
  steps_.push_back({TraceWhat::kDnsQuery, now, now, question.ToString(), TraceOutcome::kPending, {}});
}

void LocationTrace::Answered(const dns::Question& question, const dns::RecordSet& answer, AnswerOrigin origin,
                             TimePoint now) {
  const auto found = questions_.find(question);
  if (found == questions_.end()) return;
  TraceStep& step = steps_[found->second];
  step.end = now;
  step.outcome = OutcomeOf(answer.status, origin);
  step.reason = DescribeAnswer(question, answer);
  if (origin == AnswerOrigin::kShared) step.reason += ", asked by another request";
  if (origin == AnswerOrigin::kStale) step.reason += ", expired, but DNS is in trouble";
  if (step.outcome == TraceOutcome::kFailed) step.failure = FailureOf(answer.status);
}

void LocationTrace::Decided(std::string_view subject, std::string reason, TimePoint now) {
  steps_.push_back(
      {TraceWhat::kSelection, now, now, std::string(subject), TraceOutcome::kSucceeded, std::move(reason)});
}

void LocationTrace::Failed(std::string_view subject, const Failure& failure, TimePoint now) {
  TraceStep step{TraceWhat::kSelection, now, now, std::string(subject), TraceOutcome::kFailed, failure.detail};
  step.failure = failure.reason;
  steps_.push_back(std::move(step));
}

void LocationTrace::Ordered(const std::vector<LocatedTarget>& targets, TimePoint now) {
  std::string list;
  for (std::size_t i = 0; i < std::min(targets.size(), kTargetsListed); ++i) {
    if (i > 0) list += "; ";
    list += std::to_string(i + 1) + ". " + targets[i].target.ToString();
    if (!targets[i].reason.empty()) list += " (" + targets[i].reason + ")";
  }
  if (targets.size() > kTargetsListed) list += "; " + std::to_string(targets.size() - kTargetsListed) + " more";
  const std::string subject = std::to_string(targets.size()) + (targets.size() == 1 ? " target" : " targets");
  steps_.push_back({TraceWhat::kOrdering, now, now, subject, TraceOutcome::kSucceeded, std::move(list)});
}

}  // namespace flowbroker::location
