#include "broker/location/target_list.h"

#include <unordered_set>
#include <utility>

namespace flowbroker::location {
namespace {

LocatedTarget Numeric(const AddressLead& lead, const SourceAddressSelector& sources) {
  const IpAddress& address = lead.target.endpoint.address;
  LocatedTarget located{lead.target, address.ToString(), std::nullopt, 0, 0, 0, std::nullopt, lead.reason};
  if (const auto source = sources.SourceFor(address)) located.source = source->address;
  return located;
}

LocatedTarget Named(const HostLead& lead, const OrderedAddress& ordered) {
  LocatedTarget located{{{ordered.address, lead.port}, lead.transport},
                        lead.name.ToString(),
                        std::nullopt,
                        0,
                        0,
                        0,
                        std::nullopt,
                        lead.reason};
  if (lead.srv) {
    located.srv_owner = lead.srv->owner;
    located.srv_priority = lead.srv->priority;
    located.srv_weight = lead.srv->weight;
  }
  if (ordered.source) located.source = ordered.source->address;
  if (ordered.deciding_rule > 0) {
    if (!located.reason.empty()) located.reason += ", ";
    located.reason += "RFC 6724 rule " + std::to_string(ordered.deciding_rule);
  }
  return located;
}

// Collects targets, each once.
class Collector {
 public:
  void Add(LocatedTarget located, std::size_t host_rank) {
    if (!seen_.insert(located.target).second) return;
    located.host_rank = host_rank;
    targets_.push_back(std::move(located));
  }
  std::vector<LocatedTarget> Take() { return std::move(targets_); }

 private:
  std::vector<LocatedTarget> targets_;
  std::unordered_set<Target> seen_;
};

}  // namespace

std::vector<LocatedTarget> ListTargets(const std::vector<Lead>& leads, const Hosts& hosts,
                                       const SourceAddressSelector& sources) {
  Collector collector;
  for (std::size_t rank = 0; rank < leads.size(); ++rank) {
    if (const auto* numeric = std::get_if<AddressLead>(&leads[rank])) collector.Add(Numeric(*numeric, sources), rank);
    const auto* named = std::get_if<HostLead>(&leads[rank]);
    const auto host = named == nullptr ? hosts.end() : hosts.find(named->name);
    if (host == hosts.end()) continue;
    for (const OrderedAddress& ordered : host->second.ordered()) collector.Add(Named(*named, ordered), rank);
  }
  return collector.Take();
}

bool BetterTargetMayCome(const std::vector<Lead>& leads, const Hosts& hosts) {
  for (const Lead& lead : leads) {
    if (IsOpen(lead)) return true;
    if (std::holds_alternative<AddressLead>(lead)) return false;  // known, and nothing before it is outstanding
    const auto* named = std::get_if<HostLead>(&lead);
    if (named == nullptr) continue;
    const auto host = hosts.find(named->name);
    if (host == hosts.end() || host->second.better_may_come()) return true;
    if (!host->second.ordered().empty()) return false;
  }
  return false;
}

}  // namespace flowbroker::location
