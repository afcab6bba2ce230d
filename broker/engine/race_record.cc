#include "broker/engine/race_record.h"

#include <utility>

#include "broker/engine/acquisition.h"
#include "broker/sip/host.h"

namespace flowbroker::engine {
namespace {

std::string HostOf(const Destination& destination) {
  if (const auto* uri = std::get_if<sip::SipUri>(&destination.to)) return uri->host;
  const std::string& sent_by = std::get<location::ResponseDestination>(destination.to).sent_by_host;
  return sip::ReadHost(sent_by).value_or(sent_by);
}

std::vector<RaceCandidate> CandidatesOf(const Acquisition& acquisition) {
  std::vector<RaceCandidate> candidates;
  for (const JudgedTarget& target : acquisition.judged) {
    if (candidates.size() == RaceRecord::kMaxCandidates) break;
    candidates.push_back({target.located.host, target.path});
  }
  return candidates;
}

}  // namespace

RaceRecord RecordOf(const Acquisition& acquisition, Expected<AcquiredFlow> flow, TimePoint now) {
  return {.number = 0,
          .host = HostOf(acquisition.request.destination),
          .owner = acquisition.request.owner,
          .flow = std::move(flow),
          .ended = now,
          .trace = acquisition.TraceSoFar(),
          .candidates = CandidatesOf(acquisition)};
}

}  // namespace flowbroker::engine
