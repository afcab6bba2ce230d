#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "broker/base/expected.h"
#include "broker/base/hash_chains.h"
#include "broker/base/keyed_hash.h"
#include "broker/base/random_source.h"
#include "broker/base/record_index.h"
#include "broker/base/time.h"
#include "broker/bindings/binding.h"
#include "broker/bindings/binding_text.h"
#include "broker/bindings/expiry_wheel.h"
#include "broker/bindings/tenant_names.h"

namespace flowbroker::bindings {

/// Who is reachable over which flow: the registrar's side of SIP Outbound (draft-ietf-sip-outbound-02 s.6, RFC 5626
/// s.6), for plain UDP user agents too (N1). A pure machine; one thread at a time.
///
/// It lives in memory and knows nothing after a restart: the next registrations fill it again, here or on a stand-by
/// (N5). Time per call does not depend on how many bindings there are, and it changes with registrations only (N2). A
/// binding takes about 100 octets and its texts; what has gone leaves its place to the next one.
class BindingTable {
 public:
  /// `random` is used at once, and not kept.
  BindingTable(const BindingOptions& options, RandomSource& random) : options_(options), hash_(random) {}

  /// Adds a binding, or refreshes the one of equal key: the newest registration wins, with all that it says (B2).
  /// kInvalidArgument with the field; kLimitReached with the option.
  Expected<BindOutcome> Bind(const BindRequest& request, TimePoint now);
  /// The same for the contacts of one REGISTER: all of them or none (RFC 3261 s.10.3). @pre all are of one AOR
  Expected<std::vector<BindOutcome>> BindAll(std::span<const BindRequest> requests, TimePoint now);

  /// Takes a binding out; nothing where there is none of that key.
  std::optional<BindingEvent> Unbind(const BindingKey& key);

  /// Takes all bindings of the AOR out ("Contact: *").
  std::vector<BindingEvent> UnbindAll(const std::string& tenant, const std::string& aor);

  /// Where to send a request for the AOR, by q, then the one registered last first (B3). Nothing that has expired.
  std::vector<LookupTarget> Lookup(const std::string& tenant, const std::string& aor, TimePoint now) const;

  bool HasBindings(const flow::FlowId& flow) const { return FirstOf(flow) != kNoRecord; }

  /// No message will be delivered on that flow any more: all bindings that use it go, whatever their AOR (B4).
  std::vector<BindingEvent> OnFlowClosed(const flow::FlowId& flow);

  /// Takes out what has expired: `max_work` bindings at most are looked at, and the next deadline is in the past while
  /// there are more.
  std::vector<BindingEvent> OnTimer(TimePoint now, std::size_t max_work);
  TimePoint NextDeadline() const { return wheel_.NextDeadline(); }

  std::size_t size() const { return size_; }

 private:
  struct Record {
    flow::FlowId flow;
    BindingText text;
    TimePoint updated;
    std::uint32_t reg_id;  // 0, which is none: there is no reg-id
    TenantNames::Id tenant;
    RecordIndex next_of_aor = kNoRecord;
    RecordIndex next_of_flow = kNoRecord;
    RecordIndex previous_of_flow = kNoRecord;
    std::uint32_t of_flow = 0;  // how many the flow has, in the first of them
    QValue q;
    bool has_instance;
  };

  Expected<void> Check(const BindRequest& request) const;
  /// Whether there is room for them; nearly full tables may refuse two contacts of one key.
  Expected<void> CheckLimits(std::span<const BindRequest> requests) const;

  Record MakeRecord(const BindRequest& request, TenantNames::Id tenant, TimePoint now) const;
  BindOutcome Add(const BindRequest& request, TimePoint now, TimePoint expires);
  BindOutcome Refresh(RecordIndex index, const BindRequest& request, TimePoint now, TimePoint expires);

  std::uint32_t HashOf(TenantNames::Id tenant, std::string_view aor) const;
  std::uint32_t HashOf(const flow::FlowId& flow) const;
  RecordIndex FirstOf(const std::string& tenant, std::string_view aor) const;
  RecordIndex Find(const BindingKey& key) const;
  RecordIndex FirstOf(const flow::FlowId& flow) const;
  std::size_t CountOf(const flow::FlowId& flow) const;

  void LinkToAor(RecordIndex index);
  void UnlinkFromAor(RecordIndex index);
  void LinkToFlow(RecordIndex index);
  void UnlinkFromFlow(RecordIndex index);

  BindingEvent Remove(RecordIndex index, BindingChange why);
  BindingEvent Forget(RecordIndex index, BindingChange why);  // what the wheel does not know any more
  Binding BindingAt(RecordIndex index) const;
  std::vector<RecordIndex> InOrder(const std::string& tenant, const std::string& aor, TimePoint now) const;

  BindingOptions options_;
  KeyedHash hash_;
  std::deque<Record> records_;     // in small blocks that never move
  std::vector<RecordIndex> free_;  // places in it
  HashChains aors_;                // the first binding of each
  HashChains flows_;               // the same
  ExpiryWheel wheel_;
  TenantNames tenants_;
  std::size_t size_ = 0;
};

}  // namespace flowbroker::bindings
