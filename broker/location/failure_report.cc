#include "broker/location/failure_report.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "broker/location/location_trace.h"
#include "broker/location/srv_selection.h"

namespace flowbroker::location {
namespace {

using Entry = Questions::Entry;

constexpr std::size_t kForbiddenListed = 8;   // every address of two hosts, commonly
constexpr std::size_t kQuestionsListed = 12;  // NAPTR, three SRV and four hosts; the trace has them all

std::string Describe(const Entry& entry) {
  std::string text = entry.question.ToString() + ": ";
  if (!entry.answer) return text + "not answered";
  if (IsDeclaredUnavailable(entry.answer->srv)) return text + "service declared not available";
  return text + DescribeAnswer(entry.question, *entry.answer);
}

std::string DescribeAll(const std::vector<Entry>& entries) {
  std::string text;
  for (std::size_t i = 0; i < std::min(entries.size(), kQuestionsListed); ++i) {
    text += (i == 0 ? "" : "; ") + Describe(entries[i]);
  }
  if (entries.size() > kQuestionsListed) text += "; " + std::to_string(entries.size() - kQuestionsListed) + " more";
  return text;
}

FailureReason ReasonOf(const std::vector<Entry>& entries) {
  bool only_missing_names = !entries.empty();
  for (const Entry& entry : entries) {
    if (!entry.answer) continue;
    if (dns::IsDnsTrouble(entry.answer->status)) return FailureOf(entry.answer->status);
    if (entry.answer->status != dns::AnswerStatus::kNoSuchName) only_missing_names = false;
  }
  return only_missing_names ? FailureReason::kNoSuchName : FailureReason::kNoRecords;
}

}  // namespace

Failure ExplainNoTargets(const Questions& questions) {
  return {ReasonOf(questions.entries()), DescribeAll(questions.entries())};
}

Failure ExplainForbidden(const std::vector<Target>& targets) {
  std::string text = "the egress policy forbids ";
  for (std::size_t i = 0; i < std::min(targets.size(), kForbiddenListed); ++i) {
    text += (i == 0 ? "" : "; ") + targets[i].ToString();
  }
  if (targets.size() > kForbiddenListed) text += "; " + std::to_string(targets.size() - kForbiddenListed) + " more";
  return {FailureReason::kForbidden, std::move(text)};
}

}  // namespace flowbroker::location
