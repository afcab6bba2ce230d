#include "broker/location/server_locator.h"

#include <utility>

#include "broker/location/search.h"

namespace flowbroker::location {

ServerLocator::ServerLocator(LocateRequest request, LocatorOptions options, const SourceAddressSelector& sources,
                             RandomSource& random)
    : search_(std::make_unique<Search>(std::move(request), std::move(options), sources, random)) {}

ServerLocator::~ServerLocator() = default;
ServerLocator::ServerLocator(ServerLocator&&) noexcept = default;
ServerLocator& ServerLocator::operator=(ServerLocator&&) noexcept = default;

std::vector<dns::Question> ServerLocator::Start(TimePoint now) {
  return search_->Start(now);
}

std::vector<dns::Question> ServerLocator::OnAnswer(const dns::Question& question, const dns::RecordSet& answer,
                                                   AnswerOrigin origin, TimePoint now) {
  return search_->OnAnswer(question, answer, origin, now);
}

bool ServerLocator::done() const {
  return search_->done();
}

const std::vector<LocatedTarget>& ServerLocator::targets() const {
  return search_->targets();
}

bool ServerLocator::better_may_come() const {
  return search_->better_may_come();
}

Failure ServerLocator::failure() const {
  return search_->failure();
}

TimePoint ServerLocator::valid_until() const {
  return search_->valid_until();
}

const std::vector<TraceStep>& ServerLocator::trace() const {
  return search_->trace();
}

}  // namespace flowbroker::location
