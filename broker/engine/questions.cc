#include "broker/engine/questions.h"

#include <utility>

namespace flowbroker::engine {
namespace {

/// `answer`: what the cache had; null where it had nothing.
DnsLookup LookupOf(const SharedResolver::Answer* answer) {
  if (answer == nullptr) return DnsLookup::kMiss;
  return answer->origin == location::AnswerOrigin::kStale ? DnsLookup::kStale : DnsLookup::kHit;
}

}  // namespace

void Questions::Ask(location::ServerLocator& locator, std::uint64_t asker, const std::string& tenant,
                    std::vector<dns::Question> questions, TimePoint now) {
  for (std::size_t next = 0; next < questions.size(); ++next) {
    const dns::Question question = questions[next];
    const auto asked = context_.state.resolver.Ask(question, context_.index, tenant, now);
    const auto* const answer = std::get_if<SharedResolver::Answer>(&asked);
    context_.state.observer.OnDnsLookup(LookupOf(answer));
    if (answer != nullptr) {
      const auto more = locator.OnAnswer(question, answer->records, answer->origin, now);
      questions.insert(questions.end(), more.begin(), more.end());
      continue;
    }
    waiting_[question].push_back(asker);
    if (std::get<SharedResolver::Instruction>(asked) == SharedResolver::Instruction::kAsk) {
      context_.actions.io.emplace_back(AskDns{question, tenant});
    }
  }
}

std::vector<std::uint64_t> Questions::TakeWaiting(const dns::Question& question) {
  auto waiting = waiting_.extract(question);
  return waiting.empty() ? std::vector<std::uint64_t>() : std::move(waiting.mapped());
}

}  // namespace flowbroker::engine
