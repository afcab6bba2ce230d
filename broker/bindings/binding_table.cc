#include "broker/bindings/binding_table.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace flowbroker::bindings {
namespace {

constexpr std::uint32_t kLastRegId = 0x7FFFFFFF;  // B5

Unexpected Invalid(const char* field, const char* what) {
  return Unexpected({FailureReason::kInvalidArgument, what, field});
}

Unexpected Limit(const char* option) {
  return Unexpected({FailureReason::kLimitReached, option});
}

Expected<void> CheckTexts(const BindRequest& request) {
  const BindingKey& key = request.key;
  if (key.aor.empty()) return Invalid("aor", "a binding needs an address of record");
  if (request.contact.empty()) return Invalid("contact", "a binding needs a Contact");
  if (!key.instance_id && key.contact_uri.empty())
    return Invalid("contact_uri", "needed where there is no instance-id");
  if (HasControlCharacter(key.aor)) return Invalid("aor", "control character");
  if (HasControlCharacter(request.contact)) return Invalid("contact", "control character");
  if (HasControlCharacter(DistinctionOf(key))) return Invalid("contact_uri", "control character");
  for (const std::string& element : request.path) {
    if (element.empty() || HasControlCharacter(element)) return Invalid("path", "empty or control character");
  }
  return {};
}

}  // namespace

std::string_view ToString(BindingChange change) {
  switch (change) {
    case BindingChange::kBound:
      return "bound";
    case BindingChange::kRefreshed:
      return "refreshed";
    case BindingChange::kReplaced:
      return "replaced";
    case BindingChange::kUnbound:
      return "unbound";
    case BindingChange::kExpired:
      return "expired";
    case BindingChange::kFlowEnded:
      return "flow_ended";
  }
  __builtin_unreachable();
}

Expected<BindOutcome> BindingTable::Bind(const BindRequest& request, TimePoint now) {
  auto outcomes = BindAll({&request, 1}, now);
  if (!outcomes) return Unexpected(outcomes.error());
  return std::move(outcomes->front());
}

Expected<std::vector<BindOutcome>> BindingTable::BindAll(std::span<const BindRequest> requests, TimePoint now) {
  for (const BindRequest& request : requests) {
    if (const auto checked = Check(request); !checked) return Unexpected(checked.error());
  }
  if (const auto checked = CheckLimits(requests); !checked) return Unexpected(checked.error());
  std::vector<BindOutcome> outcomes;
  for (const BindRequest& request : requests) {
    const TimePoint expires = now + std::min(request.expires, options_.longest_expiry);
    const RecordIndex known = Find(request.key);
    outcomes.push_back(known != kNoRecord ? Refresh(known, request, now, expires) : Add(request, now, expires));
  }
  return outcomes;
}

std::optional<BindingEvent> BindingTable::Unbind(const BindingKey& key) {
  const RecordIndex found = Find(key);
  if (found == kNoRecord) return std::nullopt;
  return Remove(found, BindingChange::kUnbound);
}

std::vector<BindingEvent> BindingTable::UnbindAll(const std::string& tenant, const std::string& aor) {
  std::vector<BindingEvent> events;
  for (RecordIndex at = FirstOf(tenant, aor); at != kNoRecord; at = FirstOf(tenant, aor)) {
    events.push_back(Remove(at, BindingChange::kUnbound));
  }
  return events;
}

std::vector<LookupTarget> BindingTable::Lookup(const std::string& tenant, const std::string& aor, TimePoint now) const {
  std::vector<LookupTarget> targets;
  for (const RecordIndex index : InOrder(tenant, aor, now)) {
    Binding binding = BindingAt(index);
    const auto same_instance = [&binding](const LookupTarget& target) {
      return binding.key.instance_id && target.binding.key.instance_id == binding.key.instance_id;
    };
    const auto known = std::ranges::find_if(targets, same_instance);
    if (known == targets.end()) {
      targets.push_back({.binding = std::move(binding)});
    } else {
      known->next.push_back(std::move(binding));
    }
  }
  return targets;
}

std::vector<BindingEvent> BindingTable::OnFlowClosed(const flow::FlowId& flow) {
  std::vector<BindingEvent> events;
  for (RecordIndex at = FirstOf(flow); at != kNoRecord;) {
    const RecordIndex next = records_[at].next_of_flow;
    events.push_back(Remove(at, BindingChange::kFlowEnded));
    at = next;
  }
  return events;
}

std::vector<BindingEvent> BindingTable::OnTimer(TimePoint now, std::size_t max_work) {
  std::vector<BindingEvent> events;
  for (const RecordIndex index : wheel_.OnTimer(now, max_work)) {
    events.push_back(Forget(index, BindingChange::kExpired));
  }
  return events;
}

Expected<void> BindingTable::Check(const BindRequest& request) const {
  const BindingKey& key = request.key;
  if (options_.require_outbound && !key.instance_id) return Invalid("instance_id", "required by policy (B6)");
  if (options_.require_outbound && !key.reg_id) return Invalid("reg_id", "required by policy (B6)");
  if (key.reg_id && (*key.reg_id == 0 || *key.reg_id > kLastRegId)) return Invalid("reg_id", "not from 1 to 2^31-1");
  if (request.q.thousandths > 1000) return Invalid("q", "larger than 1");
  if (request.expires <= Duration::zero()) return Invalid("expires", "not in the future: Unbind takes a binding out");
  if (TextOctets(request) > options_.max_octets) return Limit("max_octets");
  return CheckTexts(request);
}

Expected<void> BindingTable::CheckLimits(std::span<const BindRequest> requests) const {
  std::size_t fresh = 0;   // bindings that are not here yet
  std::size_t coming = 0;  // to the flow, fresh or from another one
  for (const BindRequest& request : requests) {
    const RecordIndex known = Find(request.key);
    if (known == kNoRecord) ++fresh;
    if (known == kNoRecord || records_[known].flow != request.flow) ++coming;
  }
  if (coming == 0) return {};
  const BindRequest& request = requests.front();
  if (CountOf(request.flow) + coming > options_.max_bindings_per_flow) return Limit("max_bindings_per_flow");
  if (fresh == 0) return {};
  if (size_ + fresh > options_.max_bindings) return Limit("max_bindings");
  if (tenants_.CountOf(request.key.tenant) + fresh > options_.max_bindings_per_tenant) {
    return Limit("max_bindings_per_tenant");
  }
  std::size_t of_aor = fresh;
  for (RecordIndex at = FirstOf(request.key.tenant, request.key.aor); at != kNoRecord; at = records_[at].next_of_aor) {
    ++of_aor;
  }
  if (of_aor > options_.max_bindings_per_aor) return Limit("max_bindings_per_aor");
  return {};
}

BindingTable::Record BindingTable::MakeRecord(const BindRequest& request, TenantNames::Id tenant, TimePoint now) const {
  const bool has_instance = request.key.instance_id.has_value();
  return {.flow = request.flow,
          .text = BindingText(request.key, request.contact, request.path),
          .updated = now,
          .reg_id = has_instance ? request.key.reg_id.value_or(0) : 0,
          .tenant = tenant,
          .q = request.q,
          .has_instance = has_instance};
}

BindOutcome BindingTable::Add(const BindRequest& request, TimePoint now, TimePoint expires) {
  Record record = MakeRecord(request, tenants_.Add(request.key.tenant), now);
  auto index = static_cast<RecordIndex>(records_.size());
  if (free_.empty()) {
    records_.push_back(std::move(record));
  } else {
    index = free_.back();
    free_.pop_back();
    records_[index] = std::move(record);
  }
  LinkToAor(index);
  LinkToFlow(index);
  wheel_.Schedule(index, expires, now);
  ++size_;
  return {.change = BindingChange::kBound, .expires = expires};
}

BindOutcome BindingTable::Refresh(RecordIndex index, const BindRequest& request, TimePoint now, TimePoint expires) {
  Record& record = records_[index];
  BindOutcome outcome{.change = BindingChange::kRefreshed, .expires = expires};
  if (record.flow != request.flow) {
    outcome = {.change = BindingChange::kReplaced, .expires = expires, .previous_flow = record.flow};
    UnlinkFromFlow(index);
    record.flow = request.flow;
    LinkToFlow(index);
  }
  record.text = BindingText(request.key, request.contact, request.path);
  record.updated = now;
  record.q = request.q;
  wheel_.Cancel(index);
  wheel_.Schedule(index, expires, now);
  return outcome;
}

std::uint32_t BindingTable::HashOf(TenantNames::Id tenant, std::string_view aor) const {
  constexpr std::uint64_t kOdd = 0x9E3779B97F4A7C15U;  // so that an AOR of several tenants is in several chains
  return static_cast<std::uint32_t>((hash_(aor) + tenant * kOdd) >> 32U);
}

std::uint32_t BindingTable::HashOf(const flow::FlowId& flow) const {
  const auto& octets = flow.octets();
  return static_cast<std::uint32_t>(hash_({reinterpret_cast<const char*>(octets.data()), octets.size()}));
}

RecordIndex BindingTable::FirstOf(const std::string& tenant, std::string_view aor) const {
  const auto id = tenants_.Find(tenant);
  if (!id) return kNoRecord;
  return aors_.Find(HashOf(*id, aor), [this, id, aor](RecordIndex index) {
    return records_[index].tenant == *id && records_[index].text.aor() == aor;
  });
}

RecordIndex BindingTable::Find(const BindingKey& key) const {
  const std::uint32_t reg_id = key.instance_id ? key.reg_id.value_or(0) : 0;
  RecordIndex at = FirstOf(key.tenant, key.aor);
  for (; at != kNoRecord; at = records_[at].next_of_aor) {
    const Record& record = records_[at];
    if (record.has_instance == key.instance_id.has_value() && record.reg_id == reg_id &&
        record.text.distinction() == DistinctionOf(key)) {
      break;
    }
  }
  return at;
}

RecordIndex BindingTable::FirstOf(const flow::FlowId& flow) const {
  return flows_.Find(HashOf(flow), [this, &flow](RecordIndex index) { return records_[index].flow == flow; });
}

void BindingTable::LinkToAor(RecordIndex index) {
  Record& record = records_[index];
  const std::uint32_t hash = HashOf(record.tenant, record.text.aor());
  const RecordIndex first = FirstOf(tenants_.NameOf(record.tenant), record.text.aor());
  if (first == kNoRecord) return aors_.Insert(index, hash);
  record.next_of_aor = std::exchange(records_[first].next_of_aor, index);
}

void BindingTable::UnlinkFromAor(RecordIndex index) {
  Record& record = records_[index];
  RecordIndex first = FirstOf(tenants_.NameOf(record.tenant), record.text.aor());
  if (first == index) {
    if (record.next_of_aor == kNoRecord) return aors_.Erase(index);
    return aors_.Replace(index, record.next_of_aor);
  }
  while (records_[first].next_of_aor != index) first = records_[first].next_of_aor;
  records_[first].next_of_aor = record.next_of_aor;
}

std::size_t BindingTable::CountOf(const flow::FlowId& flow) const {
  const RecordIndex first = FirstOf(flow);
  return first == kNoRecord ? 0 : records_[first].of_flow;
}

void BindingTable::LinkToFlow(RecordIndex index) {
  Record& record = records_[index];
  record.next_of_flow = record.previous_of_flow = kNoRecord;
  const RecordIndex first = FirstOf(record.flow);
  if (first == kNoRecord) {
    record.of_flow = 1;
    return flows_.Insert(index, HashOf(record.flow));
  }
  ++records_[first].of_flow;
  record.previous_of_flow = first;
  record.next_of_flow = std::exchange(records_[first].next_of_flow, index);
  if (record.next_of_flow != kNoRecord) records_[record.next_of_flow].previous_of_flow = index;
}

void BindingTable::UnlinkFromFlow(RecordIndex index) {
  const Record& record = records_[index];
  if (record.next_of_flow != kNoRecord) records_[record.next_of_flow].previous_of_flow = record.previous_of_flow;
  if (record.previous_of_flow != kNoRecord) {
    --records_[FirstOf(record.flow)].of_flow;
    records_[record.previous_of_flow].next_of_flow = record.next_of_flow;
  } else if (record.next_of_flow != kNoRecord) {
    records_[record.next_of_flow].of_flow = record.of_flow - 1;
    flows_.Replace(index, record.next_of_flow);
  } else {
    flows_.Erase(index);
  }
}

BindingEvent BindingTable::Remove(RecordIndex index, BindingChange why) {
  BindingEvent event = Forget(index, why);
  wheel_.Cancel(index);
  return event;
}

BindingEvent BindingTable::Forget(RecordIndex index, BindingChange why) {
  BindingEvent event{.change = why, .binding = BindingAt(index)};
  UnlinkFromAor(index);
  UnlinkFromFlow(index);
  tenants_.Remove(records_[index].tenant);
  records_[index].text.Clear();
  free_.push_back(index);
  --size_;
  return event;
}

Binding BindingTable::BindingAt(RecordIndex index) const {
  const Record& record = records_[index];
  Binding binding{.key = {.tenant = tenants_.NameOf(record.tenant), .aor = std::string(record.text.aor())},
                  .flow = record.flow,
                  .contact = std::string(record.text.contact()),
                  .path = record.text.Path(),
                  .q = record.q,
                  .updated = record.updated,
                  .expires = wheel_.expires(index)};
  if (record.has_instance) {
    binding.key.instance_id = sip::InstanceId::Parse(record.text.distinction()).value();  // its own text is one
  } else {
    binding.key.contact_uri = record.text.distinction();
  }
  if (record.reg_id != 0) binding.key.reg_id = record.reg_id;
  return binding;
}

std::vector<RecordIndex> BindingTable::InOrder(const std::string& tenant, const std::string& aor, TimePoint now) const {
  std::vector<RecordIndex> order;
  for (RecordIndex at = FirstOf(tenant, aor); at != kNoRecord; at = records_[at].next_of_aor) {
    if (wheel_.expires(at) > now) order.push_back(at);
  }
  std::ranges::sort(order, [this](RecordIndex a, RecordIndex b) {
    return std::tuple(records_[a].q, records_[a].updated, a) > std::tuple(records_[b].q, records_[b].updated, b);
  });
  return order;
}

}  // namespace flowbroker::bindings
