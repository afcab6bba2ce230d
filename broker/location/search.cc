#include "broker/location/search.h"

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>

#include "broker/location/failure_report.h"
#include "broker/location/naptr_selection.h"
#include "broker/location/srv_selection.h"

namespace flowbroker::location {
namespace {

// Leads at one time. Hosts and questions have their own, lower limits; this one bounds the work that hostile answers
// can cause with records that lead to the same few names.
constexpr std::size_t kMaxLeads = 64;

TimePoint Expiry(Duration ttl, TimePoint now) {
  return ttl < kNever - now ? now + ttl : kNever;
}

void AppendItem(std::string& list, std::string_view item) {
  if (!list.empty()) list += ", ";
  list += item;
}

}  // namespace

Search::Search(LocateRequest request, LocatorOptions options, const SourceAddressSelector& sources,
               RandomSource& random)
    : request_(std::move(request)),
      options_(std::move(options)),
      sources_(sources, request_.local),
      random_(random),
      questions_(options_.max_questions) {}

Failure Search::failure() const {
  return failure_.value_or(Failure{FailureReason::kInternal, "the location has not failed"});
}

std::vector<dns::Question> Search::Start(TimePoint now) {
  Expected<Opening> opening = Open(request_, options_);
  if (!opening) {
    Fail(std::move(opening.error()), now);
    return {};
  }
  opening_ = std::move(*opening);
  leads_ = std::move(opening_.leads);
  trace_.Decided(opening_.subject, opening_.reason, now);
  return Advance(now);
}

std::vector<dns::Question> Search::OnAnswer(const dns::Question& question, const dns::RecordSet& answer,
                                            AnswerOrigin origin, TimePoint now) {
  if (done_ || !questions_.Accept(question, answer)) return {};
  trace_.Answered(question, answer, origin, now);
  valid_until_ = std::min(valid_until_, Expiry(answer.ttl, now));
  TakeAddresses(question, answer, now);
  return Advance(now);
}

// Goes on as far as the known answers allow.
std::vector<dns::Question> Search::Advance(TimePoint now) {
  do {
    FollowLeads(now);
  } while (FallBack(now));
  AskHosts(now);
  std::vector<dns::Question> asked = questions_.TakeNew();
  for (const dns::Question& question : asked) trace_.Asked(question, now);
  targets_ = ListTargets(leads_, hosts_, sources_);
  LeaveOutForbidden(now);
  if (questions_.all_answered()) Conclude(now);
  return asked;
}

void Search::FollowLeads(TimePoint now) {
  for (std::size_t i = 0; i < leads_.size();) {
    Next next;
    if (const auto* naptr = std::get_if<NaptrLead>(&leads_[i])) next = Follow(*naptr, now);
    if (const auto* srv = std::get_if<SrvLead>(&leads_[i])) next = Follow(*srv, now);
    if (!next) {
      ++i;
      continue;
    }
    const std::size_t room = kMaxLeads - std::min(kMaxLeads, leads_.size() - 1);
    if (next->size() > room) {
      LeaveOut(std::to_string(next->size() - room) + " records: more than the " + std::to_string(kMaxLeads) +
                   " followed at one time",
               now);
      next->erase(next->begin() + static_cast<std::ptrdiff_t>(room), next->end());
    }
    const auto place = leads_.erase(leads_.begin() + static_cast<std::ptrdiff_t>(i));
    leads_.insert(place, std::make_move_iterator(next->begin()), std::make_move_iterator(next->end()));
  }
}

// RFC 3263 s.4.1: NAPTR.

Search::Next Search::Follow(const NaptrLead& lead, TimePoint now) {
  const dns::Question question{lead.name, dns::RecordType::kNaptr};
  if (const dns::RecordSet* answer = questions_.AnswerTo(question)) return ReadNaptr(lead, *answer, now);
  naptr_names_.insert(lead.name);
  if (Ask(question, now)) return std::nullopt;
  return std::vector<Lead>{};
}

std::vector<Lead> Search::ReadNaptr(const NaptrLead& lead, const dns::RecordSet& answer, TimePoint now) {
  if (lead.step == 0 && answer.status == dns::AnswerStatus::kNoSuchName) {
    // RFC 8020: there is nothing below a name that does not exist, so SRV need not be asked, nor A and AAAA.
    Fail({FailureReason::kNoSuchName, lead.name.ToString() + " does not exist"}, now);
    return {};
  }
  std::vector<Lead> leads;
  std::string choices;
  std::vector<NaptrChoice> selected = SelectNaptr(answer.naptr, opening_.usable);
  if (selected.size() > options_.max_hosts) {
    LeaveOut(std::to_string(selected.size() - options_.max_hosts) + " NAPTR records", now);
    selected.erase(selected.begin() + static_cast<std::ptrdiff_t>(options_.max_hosts), selected.end());
  }
  for (NaptrChoice& choice : selected) {
    AppendItem(choices, choice.reason + " to " + choice.name.ToString());
    if (auto next = LeadOf(lead, std::move(choice), now)) leads.push_back(std::move(*next));
  }
  if (!answer.naptr.empty()) {
    trace_.Decided("NAPTR " + lead.name.ToString(), choices.empty() ? "no record is usable" : choices, now);
  }
  return leads;
}

std::optional<Lead> Search::LeadOf(const NaptrLead& from, NaptrChoice choice, TimePoint now) {
  switch (choice.next) {
    case NaptrNext::kSrv:
      return SrvLead{std::move(choice.name), *choice.transport, std::move(choice.reason)};
    case NaptrNext::kAddresses:
      return HostLead{std::move(choice.name), DefaultPort(*choice.transport), *choice.transport,
                      std::move(choice.reason)};
    case NaptrNext::kNaptr:
      if (from.step >= options_.max_naptr_steps) {
        LeaveOut(choice.reason + ": more than " + std::to_string(options_.max_naptr_steps) + " non-terminal steps",
                 now);
        return std::nullopt;
      }
      if (!naptr_names_.insert(choice.name).second) return std::nullopt;
      return NaptrLead{std::move(choice.name), from.step + 1};
  }
  __builtin_unreachable();
}

// RFC 3263 s.4.2: SRV.

Search::Next Search::Follow(const SrvLead& lead, TimePoint now) {
  const dns::Question question{lead.owner, dns::RecordType::kSrv};
  if (const dns::RecordSet* answer = questions_.AnswerTo(question)) return ReadSrv(lead, *answer, now);
  if (Ask(question, now)) return std::nullopt;
  return std::vector<Lead>{};
}

std::vector<Lead> Search::ReadSrv(const SrvLead& lead, const dns::RecordSet& answer, TimePoint now) {
  if (dns::IsDnsTrouble(answer.status)) srv_in_trouble_ = true;
  if (answer.srv.empty()) return {NoSrvLead{lead.transport}};
  const std::string subject = "SRV " + lead.owner.ToString();
  if (IsDeclaredUnavailable(answer.srv)) {
    unavailable_.Add(lead.transport);
    trace_.Decided(subject, "service declared not available: target \".\" (RFC 2782)", now);
    return {NoSrvLead{lead.transport}};
  }
  srv_found_ = true;
  std::vector<dns::SrvRecord> records = answer.srv;
  std::erase_if(records, [](const dns::SrvRecord& r) { return r.target.is_root() || r.port == 0; });
  const std::size_t usable = records.size();
  std::vector<Lead> leads;
  std::string order;
  for (dns::SrvRecord& record : OrderSrvRecords(std::move(records), options_.max_hosts, random_)) {
    const std::string rank = std::to_string(record.priority) + "/" + std::to_string(record.weight);
    AppendItem(order, record.target.ToString() + ":" + std::to_string(record.port) + " " + rank);
    std::string reason = lead.reason;
    AppendItem(reason, "SRV " + rank);
    leads.push_back(HostLead{std::move(record.target), record.port, lead.transport, std::move(reason),
                             SrvSource{lead.owner.ToString(), record.priority, record.weight}});
  }
  trace_.Decided(subject, order.empty() ? "no record is usable" : order, now);
  if (leads.size() < usable) LeaveOut(std::to_string(usable - leads.size()) + " records of " + subject, now);
  return leads;
}

// What RFC 3263 tries next where nothing was found.

bool Search::FallBack(TimePoint now) {
  const bool goes_on = std::any_of(leads_.begin(), leads_.end(), [](const Lead& lead) {
    return IsOpen(lead) || std::holds_alternative<HostLead>(lead);
  });
  if (goes_on || failure_) return false;
  return FallBackToSrv(now) || FallBackToAddresses(now);
}

// s.4.1: "If no NAPTR records are found, the client constructs SRV queries for those transport protocols it supports".
bool Search::FallBackToSrv(TimePoint now) {
  const std::vector<SrvLead> srv_leads = std::exchange(opening_.srv_leads, {});
  if (srv_leads.empty()) return false;
  std::vector<Transport> selected;
  for (const Lead& lead : leads_) {
    if (const auto* none = std::get_if<NoSrvLead>(&lead)) selected.push_back(none->transport);
  }
  if (!selected.empty()) {
    // NAPTR led to SRV, and without records there "the transport protocol selected previously" holds (s.4.2).
    opening_.address_transports = std::move(selected);
    return false;
  }
  leads_.insert(leads_.end(), srv_leads.begin(), srv_leads.end());
  trace_.Decided(opening_.subject, "no usable NAPTR: SRV of every allowed transport (RFC 3263 s.4.1)", now);
  return true;
}

// s.4.2: "If no SRV records were found, the client performs an A or AAAA record lookup of the domain name."
bool Search::FallBackToAddresses(TimePoint now) {
  const std::optional<dns::DnsName> domain = std::exchange(opening_.domain, std::nullopt);
  // While DNS is in trouble nobody knows whether there are SRV records, and the domain itself may be another machine.
  if (!domain || srv_found_ || srv_in_trouble_) return false;
  const auto& candidates = opening_.address_transports;
  const auto transport = std::find_if(candidates.begin(), candidates.end(),
                                      [&](Transport candidate) { return !unavailable_.Contains(candidate); });
  if (transport == candidates.end()) return false;
  const std::string what = std::string(ToString(*transport)) + " port " + std::to_string(DefaultPort(*transport));
  leads_.push_back(HostLead{*domain, DefaultPort(*transport), *transport, "no SRV"});
  trace_.Decided(opening_.subject, "no SRV: A and AAAA, " + what + " (RFC 3263 s.4.2)", now);
  return true;
}

// A and AAAA of every host at once (RFC 7984).

// Hosts are asked for in the order of the leads. Every lead that is still open keeps one place of the limit, so that
// answers that come early do not use it up for those that rank before them.
void Search::AskHosts(TimePoint now) {
  const auto open = static_cast<std::size_t>(std::count_if(leads_.begin(), leads_.end(), IsOpen));
  for (const Lead& lead : leads_) {
    const auto* host = std::get_if<HostLead>(&lead);
    if (host == nullptr || hosts_.contains(host->name)) continue;
    if (hosts_.size() + open < options_.max_hosts) AskHost(host->name, now);
  }
  if (open > 0) return;
  const std::size_t left_out = std::erase_if(leads_, [&](const Lead& lead) {
    const auto* host = std::get_if<HostLead>(&lead);
    return host != nullptr && !hosts_.contains(host->name);
  });
  if (left_out == 0) return;
  LeaveOut(std::to_string(left_out) + " hosts: more than " + std::to_string(options_.max_hosts) + " names", now);
}

void Search::AskHost(const dns::DnsName& name, TimePoint now) {
  HostAddresses& host = hosts_[name];
  const auto ask = [&](AddressFamily family, dns::RecordType type, std::string_view loopback) {
    if (!Allows(request_, family)) return;
    if (name.is_localhost()) {
      host.Take(family, {*IpAddress::Parse(loopback)}, 1, sources_);
    } else if (Ask({name, type}, now)) {
      host.Await(family);
    }
  };
  ask(AddressFamily::kIpv6, dns::RecordType::kAaaa, "::1");
  ask(AddressFamily::kIpv4, dns::RecordType::kA, "127.0.0.1");
}

void Search::TakeAddresses(const dns::Question& question, const dns::RecordSet& answer, TimePoint now) {
  const auto host = hosts_.find(question.name);
  const bool is_a = question.type == dns::RecordType::kA;
  if (host == hosts_.end() || (!is_a && question.type != dns::RecordType::kAaaa)) return;
  const AddressFamily family = is_a ? AddressFamily::kIpv4 : AddressFamily::kIpv6;
  const std::size_t left_out = host->second.Take(family, answer.addresses, options_.max_addresses_per_host, sources_);
  if (left_out == 0) return;
  trace_.Decided("left out",
                 std::to_string(left_out) + " addresses of " + question.ToString() + ": unusable, or more than " +
                     std::to_string(options_.max_addresses_per_host),
                 now);
}

// What the egress policy forbids is neither tried nor shown as usable, whatever name led to it.
void Search::LeaveOutForbidden(TimePoint now) {
  if (request_.egress == nullptr) return;
  std::vector<Target> found;
  std::erase_if(targets_, [&](const LocatedTarget& located) {
    const auto [judged, first_seen] = allowed_.try_emplace(located.target, false);
    if (first_seen) judged->second = request_.egress->Allows(located.target);
    if (first_seen && !judged->second) found.push_back(located.target);
    return !judged->second;
  });
  if (!found.empty()) trace_.Failed("egress policy", ExplainForbidden(found), now);
}

void Search::Conclude(TimePoint now) {
  done_ = true;
  if (!targets_.empty()) {
    trace_.Ordered(targets_, now);
    return;
  }
  if (failure_) return;
  if (!allowed_.empty()) {  // there were some, and none of them is
    std::vector<Target> forbidden;
    for (const auto& [target, allowed] : allowed_) forbidden.push_back(target);
    return Fail(ExplainForbidden(forbidden), now);
  }
  Failure failure = ExplainNoTargets(questions_);
  if (left_out_ && failure.reason == FailureReason::kNoRecords) failure.reason = FailureReason::kLimitReached;
  Fail(std::move(failure), now);
}

bool Search::Ask(const dns::Question& question, TimePoint now) {
  if (questions_.Ask(question)) return true;
  LeaveOut(question.ToString() + ": more than " + std::to_string(options_.max_questions) + " questions", now);
  return false;
}

void Search::LeaveOut(std::string what, TimePoint now) {
  left_out_ = true;
  trace_.Decided("left out", std::move(what), now);
}

void Search::Fail(Failure failure, TimePoint now) {
  const std::string subject = opening_.subject.empty() ? "request" : opening_.subject;
  trace_.Failed(subject, failure, now);
  failure_ = std::move(failure);
  done_ = questions_.all_answered();
}

}  // namespace flowbroker::location
