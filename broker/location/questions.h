#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <vector>

#include "broker/dns/records.h"

namespace flowbroker::location {

/// The DNS questions of one location: none is asked twice, and no more than the limit.
class Questions {
 public:
  /// One question and, once it came, its answer.
  struct Entry {
    dns::Question question;
    std::optional<dns::RecordSet> answer;
  };

  explicit Questions(std::size_t limit);

  /// Makes sure `question` is asked. False where the limit forbids it.
  bool Ask(const dns::Question& question);

  /// Questions asked since the last call.
  std::vector<dns::Question> TakeNew();

  /// Keeps the answer. False for a question that was never asked or is answered already.
  bool Accept(const dns::Question& question, const dns::RecordSet& answer);

  /// Null while there is no answer. Valid until the next call of Ask.
  const dns::RecordSet* AnswerTo(const dns::Question& question) const;

  bool all_answered() const { return answered_ == entries_.size(); }

  /// In the order in which they were asked.
  const std::vector<Entry>& entries() const { return entries_; }

 private:
  std::size_t limit_;
  std::vector<Entry> entries_;
  std::map<dns::Question, std::size_t> index_;
  std::size_t answered_ = 0;
  std::size_t taken_ = 0;  // entries that TakeNew gave out
};

}  // namespace flowbroker::location
