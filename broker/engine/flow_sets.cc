#include "broker/engine/flow_sets.h"

#include <algorithm>
#include <set>

namespace flowbroker::engine {
namespace {

using outbound::FlowSetMember;

Unexpected NoSuchSet() {
  return Unexpected({FailureReason::kUnknownFlow, "no flow set of that name"});
}

bool SameUri(const std::string& one, const std::string& other) {
  if (one == other) return true;
  const auto left = sip::SipUri::Parse(one);
  const auto right = sip::SipUri::Parse(other);
  return left && right && *left == *right;
}

/// Whether the set is what is asked for; else which field differs.
Expected<void> CheckSame(const outbound::FlowSetSpec& set, const FlowSetRequest& request) {
  const auto differs = [&](const char* field) {
    return Unexpected(
        {FailureReason::kInvalidArgument, "the set is there and differs: say replace, or ask for it as it is", field});
  };
  if (!std::ranges::equal(set.uris, request.uris, SameUri)) return differs("uris");
  if (request.instance && *request.instance != set.instance) return differs("instance_id");
  if (request.owner.client_group != set.owner.client_group) return differs("client_group");
  return {};
}

template <typename Key>
const FlowSetMember* FindMember(const outbound::FlowSet& set, const Key& key, Key FlowSetMember::* field) {
  const auto found = std::ranges::find(set.members(), key, field);
  return found == set.members().end() ? nullptr : &*found;
}

}  // namespace

AcquireRequest RequestFor(const FlowSetOrder& order, const outbound::OpenFlow& open, TimePoint deadline) {
  return {.destination = {.to = sip::SipUri::Parse(open.uri).value()},  // was read when the set was made
          .owner = order.owner,
          .exclusive = true,
          .held = true,
          .avoid = open.avoid,
          .want_trace = false,
          .deadline = deadline};
}

FlowSets::FlowSets(const OutboundOptions& options, int tenant_share, BrokerObserver& observer, RandomSource& random)
    : options_(options), observer_(observer), random_(random), events_(options.kept_events, tenant_share) {}

Expected<FlowSetView> FlowSets::Ensure(FlowSetRequest request, TimePoint now) {
  Entry* known = Find(request.owner.tenant, request.name);
  if (known != nullptr) {
    const auto same = CheckSame(known->set.spec(), request);
    if (same) return ViewOf(*known);
    if (!request.replace) return Unexpected(same.error());
  } else if (const auto room = CheckRoom(request.owner.tenant); !room) {
    return Unexpected(room.error());
  }
  if (!request.instance && known != nullptr) request.instance = known->set.spec().instance;
  outbound::FlowSetSpec spec{.owner = std::move(request.owner),
                             .name = std::move(request.name),
                             .instance = request.instance ? *request.instance : sip::InstanceId::Make(random_),
                             .uris = std::move(request.uris)};
  if (const auto checked = outbound::Check(spec); !checked) return Unexpected(checked.error());
  if (known != nullptr) Remove(*known);
  return Make(std::move(spec), now);
}

Expected<void> FlowSets::CheckRoom(const std::string& tenant) const {
  if (sets_.size() >= options_.max_sets) {
    observer_.OnLimit(Limit::kFlowSets);
    return Unexpected({FailureReason::kLimitReached, "max_flow_sets"});
  }
  const auto own = per_tenant_.find(tenant);
  if (tenant.empty() || own == per_tenant_.end() || own->second < options_.max_sets_per_tenant) return {};
  observer_.OnLimit(Limit::kFlowSetsPerTenant);
  return Unexpected({FailureReason::kLimitReached, "tenant_flow_sets: the tenant has its full number"});
}

Expected<FlowSetView> FlowSets::Make(outbound::FlowSetSpec spec, TimePoint now) {
  auto set = outbound::FlowSet::Create(std::move(spec), options_.set, random_);
  if (!set) return Unexpected(set.error());
  const std::uint64_t number = ++last_number_;  // never that of an earlier set, whose answers may still be on their way
  Entry& entry = sets_.emplace(number, Entry{number, *std::move(set)}).first->second;
  by_name_[{entry.set.spec().owner.tenant, entry.set.spec().name}] = number;
  ++per_tenant_[entry.set.spec().owner.tenant];
  ++revision_;
  observer_.OnFlowSets(1);
  Tell(entry, {.time = now, .kind = FlowSetEventKind::kEnsured, .tenant = {}, .name = {}});
  Take(entry, entry.set.Start(now), now);
  return ViewOf(entry);
}

void FlowSets::Remove(Entry& entry) {
  for (const outbound::FlowSetAction& action : entry.set.Stop()) {
    const auto* close = std::get_if<outbound::CloseFlow>(&action);
    by_flow_.erase(close->flow);
    orders_.push_back({entry.number, entry.set.spec().owner, *close});
  }
  deadlines_.Move(entry.number, entry.deadline, kNever);
  const outbound::FlowSetSpec& spec = entry.set.spec();
  by_name_.erase({spec.owner.tenant, spec.name});
  const auto count = per_tenant_.find(spec.owner.tenant);
  if (--count->second == 0) per_tenant_.erase(count);
  ++revision_;
  observer_.OnFlowSets(-1);
  sets_.erase(std::uint64_t{entry.number});
}

FlowSets::Entry* FlowSets::Find(const std::string& tenant, const std::string& name) {
  const auto found = by_name_.find({tenant, name});
  return found == by_name_.end() ? nullptr : &sets_.at(found->second);
}

Expected<FlowSetView> FlowSets::Get(const std::string& tenant, const std::string& name) const {
  const auto found = by_name_.find({tenant, name});
  if (found == by_name_.end()) return NoSuchSet();
  return ViewOf(sets_.at(found->second));
}

std::vector<FlowSetView> FlowSets::List(std::optional<std::uint64_t> after, std::size_t count,
                                        const flow::Scope& scope) const {
  std::vector<FlowSetView> listed;
  for (auto one = sets_.upper_bound(after.value_or(0)); one != sets_.end() && listed.size() < count; ++one) {
    if (scope.Covers(one->second.set.spec().owner)) listed.push_back(ViewOf(one->second));
  }
  return listed;
}

Expected<void> FlowSets::Delete(const std::string& tenant, const std::string& name, TimePoint now) {
  Entry* entry = Find(tenant, name);
  if (entry == nullptr) return NoSuchSet();
  Tell(*entry, {.time = now, .kind = FlowSetEventKind::kDeleted, .tenant = {}, .name = {}});
  Remove(*entry);
  return {};
}

Expected<void> FlowSets::Report(const std::string& tenant, const std::string& name, const RegistrationReport& report,
                                TimePoint now) {
  Entry* entry = Find(tenant, name);
  if (entry == nullptr) return NoSuchSet();
  const FlowSetMember* member = FindMember(entry->set, report.reg_id, &FlowSetMember::reg_id);
  if (member == nullptr) return Unexpected({FailureReason::kInvalidArgument, "the set has no such reg-id", "reg_id"});
  if (member->flow != report.flow) return Unexpected({FailureReason::kUnknownFlow, "the reg-id has another flow now"});
  if (report.accepted) {
    const bool news = member->state != outbound::MemberState::kRegistered;
    entry->set.OnRegistered(report.flow);
    if (!news) return {};
    Tell(*entry, {.time = now,
                  .kind = FlowSetEventKind::kRegistered,
                  .tenant = {},
                  .name = {},
                  .reg_id = report.reg_id,
                  .flow = report.flow});
    return {};
  }
  by_flow_.erase(report.flow);
  const auto actions = entry->set.OnRegisterFailed(report.flow, report.retry_after, now);
  TellDown(*entry, report.reg_id, report.flow, std::nullopt, now);
  Take(*entry, actions, now);
  return {};
}

void FlowSets::OnAcquired(const FlowSetOrder& order, const Expected<AcquiredFlow>& flow, TimePoint now) {
  const outbound::OpenAttempt attempt = std::get<outbound::OpenFlow>(order.action).attempt;
  const auto found = sets_.find(order.set);
  if (found == sets_.end()) {
    if (flow) orders_.push_back({order.set, order.owner, outbound::CloseFlow{flow->id}});
    return;
  }
  Entry& entry = found->second;
  if (flow) return Take(entry, entry.set.OnFlowUp(attempt, flow->id, flow->remote.endpoint.address, now), now);
  const FlowSetMember* member = FindMember(entry.set, std::optional(attempt), &FlowSetMember::attempt);
  if (member == nullptr) return;
  const outbound::RegId reg_id = member->reg_id;
  const auto actions = entry.set.OnOpenFailed(attempt, flow.error().reason, now);
  TellDown(entry, reg_id, std::nullopt, flow.error(), now);
  Take(entry, actions, now);
}

void FlowSets::OnFlowClosed(const flow::FlowId& flow, const Failure& failure, TimePoint now) {
  const auto number = by_flow_.extract(flow);
  if (number.empty()) return;
  Entry& entry = sets_.at(number.mapped());
  const outbound::RegId reg_id = FindMember(entry.set, std::optional(flow), &FlowSetMember::flow)->reg_id;
  const auto actions = entry.set.OnFlowFailed(flow, failure.reason, now);
  TellDown(entry, reg_id, flow, failure, now);
  Take(entry, actions, now);
}

void FlowSets::OnTimer(TimePoint now) {
  while (const auto number = deadlines_.FirstDue(now)) {
    Entry& entry = sets_.at(*number);
    Take(entry, entry.set.OnTimer(now), now);
  }
}

FlowSetSpecs FlowSets::Specs() const {
  FlowSetSpecs all{.revision = revision_};
  all.specs.reserve(sets_.size());
  for (const auto& [number, entry] : sets_) all.specs.push_back(entry.set.spec());
  return all;
}

Expected<void> FlowSets::Restore(std::vector<outbound::FlowSetSpec> specs, TimePoint now) {
  std::set<Name> names;
  for (const outbound::FlowSetSpec& spec : specs) {
    if (const auto checked = outbound::Check(spec); !checked) return checked;
    const Name name{spec.owner.tenant, spec.name};
    if (by_name_.contains(name) || !names.insert(name).second)
      return Unexpected({FailureReason::kInvalidArgument, "two flow sets are called \"" + spec.name + "\"", "name"});
  }
  for (outbound::FlowSetSpec& spec : specs) Make(std::move(spec), now);
  return {};
}

void FlowSets::Take(Entry& entry, const outbound::FlowSetActions& actions, TimePoint now) {
  const flow::Owner& owner = entry.set.spec().owner;
  for (const outbound::FlowSetAction& action : actions) {
    if (const auto* open = std::get_if<outbound::OpenFlow>(&action)) {
      orders_.push_back({entry.number, owner, *open});
    } else if (const auto* close = std::get_if<outbound::CloseFlow>(&action)) {
      by_flow_.erase(close->flow);
      orders_.push_back({entry.number, owner, *close});
    } else {
      const auto& needed = std::get<outbound::NeedsRegister>(action);
      by_flow_.emplace(needed.flow, entry.number);
      FlowSetEvent event{.time = now,
                         .kind = FlowSetEventKind::kFlowUp,
                         .tenant = {},
                         .name = {},
                         .reg_id = needed.reg_id,
                         .flow = needed.flow};
      Tell(entry, event);
      event.kind = FlowSetEventKind::kNeedsRegister;
      event.why = needed.why;
      event.due = needed.when;
      Tell(entry, std::move(event));
    }
  }
  deadlines_.Move(entry.number, entry.deadline, entry.set.NextDeadline());
}

void FlowSets::TellDown(const Entry& entry, outbound::RegId reg_id, std::optional<flow::FlowId> flow,
                        std::optional<Failure> failure, TimePoint now) {
  const FlowSetMember& member = *FindMember(entry.set, reg_id, &FlowSetMember::reg_id);
  const bool at_once = member.next_attempt == kNever;  // it is under way
  Tell(entry, {.time = now,
               .kind = FlowSetEventKind::kFlowDown,
               .tenant = {},
               .name = {},
               .reg_id = reg_id,
               .flow = flow,
               .failure = std::move(failure),
               .due = at_once ? now : member.next_attempt});
}

void FlowSets::Tell(const Entry& entry, FlowSetEvent event) {
  event.tenant = entry.set.spec().owner.tenant;
  event.name = entry.set.spec().name;
  observer_.OnFlowSetEvent(events_.Append(std::move(event)));
}

FlowSetView FlowSets::ViewOf(const Entry& entry) {
  return {.number = entry.number, .spec = entry.set.spec(), .members = entry.set.members()};
}

}  // namespace flowbroker::engine
