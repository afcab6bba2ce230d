#include "broker/location/questions.h"

namespace flowbroker::location {

Questions::Questions(std::size_t limit) : limit_(limit) {}

bool Questions::Ask(const dns::Question& question) {
  if (index_.contains(question)) return true;
  if (entries_.size() >= limit_) return false;
  index_.emplace(question, entries_.size());
  entries_.push_back({question, std::nullopt});
  return true;
}

std::vector<dns::Question> Questions::TakeNew() {
  std::vector<dns::Question> asked;
  for (; taken_ < entries_.size(); ++taken_) asked.push_back(entries_[taken_].question);
  return asked;
}

bool Questions::Accept(const dns::Question& question, const dns::RecordSet& answer) {
  const auto found = index_.find(question);
  if (found == index_.end()) return false;
  Entry& entry = entries_[found->second];
  if (entry.answer) return false;
  entry.answer = answer;
  ++answered_;
  return true;
}

const dns::RecordSet* Questions::AnswerTo(const dns::Question& question) const {
  const auto found = index_.find(question);
  if (found == index_.end()) return nullptr;
  const Entry& entry = entries_[found->second];
  return entry.answer ? &*entry.answer : nullptr;
}

}  // namespace flowbroker::location
