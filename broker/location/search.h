#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "broker/location/bound_sources.h"
#include "broker/location/lead.h"
#include "broker/location/location_trace.h"
#include "broker/location/opening.h"
#include "broker/location/questions.h"
#include "broker/location/server_locator.h"
#include "broker/location/target_list.h"

namespace flowbroker::location {

/// What is behind ServerLocator: follows leads (lead.h) from the opening of RFC 3263 to hosts and their addresses.
class Search {
 public:
  Search(LocateRequest request, LocatorOptions options, const SourceAddressSelector& sources, RandomSource& random);

  std::vector<dns::Question> Start(TimePoint now);
  std::vector<dns::Question> OnAnswer(const dns::Question& question, const dns::RecordSet& answer, AnswerOrigin origin,
                                      TimePoint now);

  bool done() const { return done_; }
  const std::vector<LocatedTarget>& targets() const { return targets_; }
  bool better_may_come() const { return !done_ && BetterTargetMayCome(leads_, hosts_); }
  Failure failure() const;
  TimePoint valid_until() const { return valid_until_; }
  const std::vector<TraceStep>& trace() const { return trace_.steps(); }

 private:
  // What a lead is replaced by; nothing while its answer is outstanding.
  using Next = std::optional<std::vector<Lead>>;

  std::vector<dns::Question> Advance(TimePoint now);
  void FollowLeads(TimePoint now);
  Next Follow(const NaptrLead& lead, TimePoint now);
  Next Follow(const SrvLead& lead, TimePoint now);
  std::vector<Lead> ReadNaptr(const NaptrLead& lead, const dns::RecordSet& answer, TimePoint now);
  std::optional<Lead> LeadOf(const NaptrLead& from, struct NaptrChoice choice, TimePoint now);
  std::vector<Lead> ReadSrv(const SrvLead& lead, const dns::RecordSet& answer, TimePoint now);
  bool FallBack(TimePoint now);
  bool FallBackToSrv(TimePoint now);
  bool FallBackToAddresses(TimePoint now);
  void AskHosts(TimePoint now);
  void AskHost(const dns::DnsName& name, TimePoint now);
  void TakeAddresses(const dns::Question& question, const dns::RecordSet& answer, TimePoint now);
  void LeaveOutForbidden(TimePoint now);
  void Conclude(TimePoint now);

  bool Ask(const dns::Question& question, TimePoint now);
  void LeaveOut(std::string what, TimePoint now);
  void Fail(Failure failure, TimePoint now);

  LocateRequest request_;
  LocatorOptions options_;
  BoundSources sources_;
  RandomSource& random_;

  Opening opening_;
  std::vector<Lead> leads_;
  Questions questions_;
  Hosts hosts_;
  std::set<dns::DnsName> naptr_names_;  // names whose NAPTR were followed: each once, or a chain could be a ring
  TransportSet unavailable_;            // transports that SRV declared unavailable
  bool srv_found_ = false;
  bool srv_in_trouble_ = false;
  bool left_out_ = false;

  std::vector<LocatedTarget> targets_;
  std::map<Target, bool> allowed_;  // by the egress policy; what has been asked of it
  std::optional<Failure> failure_;
  LocationTrace trace_;
  TimePoint valid_until_ = kNever;
  bool done_ = false;
};

}  // namespace flowbroker::location
