#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "broker/engine/outbound_access.h"

namespace flowbroker::engine {

/// Makes every set as it is asked for, never opens a flow, and has no events.
class FakeOutbound final : public OutboundAccess {
 public:
  void Ensure(FlowSetRequest request, FlowSetCallback done) override {
    std::vector<outbound::FlowSetMember> members;
    for (const std::string& uri : request.uris)
      members.push_back({.reg_id = {static_cast<std::uint32_t>(members.size() + 1)}, .uri = uri});
    const auto instance =
        request.instance.value_or(sip::InstanceId::Parse("urn:uuid:00000000-0000-4000-8000-000000000001").value());
    sets_.push_back({.number = sets_.size() + 1,
                     .spec = {.owner = std::move(request.owner),
                              .name = std::move(request.name),
                              .instance = instance,
                              .uris = std::move(request.uris)},
                     .members = std::move(members)});
    done(sets_.back());
  }
  Expected<FlowSetView> Get(const std::string& tenant, const std::string& name) override {
    for (const FlowSetView& set : sets_) {
      if (set.spec.owner.tenant == tenant && set.spec.name == name) return set;
    }
    return Unexpected({FailureReason::kUnknownFlow, "no flow set of that name"});
  }
  std::vector<FlowSetView> List(std::optional<std::uint64_t> /*after*/, std::size_t /*count*/,
                                const flow::Scope& /*scope*/) override {
    return sets_;
  }
  void Delete(const std::string& /*tenant*/, const std::string& /*name*/, DeletedCallback done) override { done({}); }
  Expected<void> Report(const std::string& /*tenant*/, const std::string& /*name*/,
                        const RegistrationReport& /*report*/) override {
    return {};
  }
  Expected<std::unique_ptr<EventSubscription>> Watch(std::optional<std::uint64_t> /*after_sequence*/,
                                                     const std::string& /*tenant*/, const std::string& /*name*/,
                                                     EventSink /*sink*/) override {
    return std::make_unique<EventSubscription>();
  }
  std::uint64_t LatestEvent() const override { return 0; }
  Expected<void> Restore(std::vector<outbound::FlowSetSpec> /*specs*/) override { return {}; }
  FlowSetSpecs Specs() const override { return {}; }
  void KeepIn(FlowSetStore /*store*/) override {}

 private:
  std::vector<FlowSetView> sets_;
};

}  // namespace flowbroker::engine
