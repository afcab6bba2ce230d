#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <set>

#include "broker/outbound/flow_set.h"
#include "tests/support/seeded_random.h"

namespace flowbroker::outbound {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// Does at random what a driver, proxies and a caller may do, and keeps account of it.
class Run {
 public:
  Run(std::size_t uris, std::uint64_t seed) : random_(seed) {
    FlowSetSpec spec{.instance = sip::InstanceId::Parse("urn:uuid:00000000-0000-1000-8000-000a95a0e128").value(),
                     .uris = {}};
    for (std::size_t n = 0; n < uris; ++n) spec.uris.push_back("sip:p" + std::to_string(n));
    set_ = FlowSet::Create(spec, {}, random_).value();
    Carry(set_->Start(now_));
  }

  void Step() {
    const FlowSetMember& member = set_->members()[UniformUpTo(random_, set_->members().size() - 1)];
    if (member.attempt) return Answer(*member.attempt);
    if (member.flow) return Disturb(*member.flow);
    now_ = std::max(now_, std::min(set_->NextDeadline(), now_ + seconds(100)));
    Carry(set_->OnTimer(now_));
  }

  void CheckThatNobodyIsForgotten() const {
    std::set<flow::FlowId> flows;
    for (const FlowSetMember& member : set_->members()) {
      const bool opening = member.attempt.has_value();
      const bool waiting = member.next_attempt != kNever;
      RC_ASSERT(int{opening} + int{waiting} + int{member.HasFlow()} == 1);
      RC_ASSERT(!waiting || member.next_attempt <= now_ + seconds(1800));
      RC_ASSERT(!waiting || member.next_attempt >= set_->NextDeadline());
      RC_ASSERT(!opening || attempts_.contains(*member.attempt));
      RC_ASSERT(member.HasFlow() == member.host.has_value());
      if (member.flow) flows.insert(*member.flow);
    }
    RC_ASSERT(flows == open_);  // neither a flow that nobody knows, nor one that is closed
  }

 private:
  void Carry(const FlowSetActions& actions) {
    for (const FlowSetAction& action : actions) {
      if (const auto* open = std::get_if<OpenFlow>(&action)) {
        RC_ASSERT(attempts_.emplace(open->attempt, open->reg_id).second);
        RC_ASSERT(now_ >= earliest_[open->reg_id]);  // O7, Retry-After
        RC_ASSERT(open->uri == set_->spec().uris[open->reg_id.value - 1]);
      } else if (const auto* close = std::get_if<CloseFlow>(&action)) {
        RC_ASSERT(open_.erase(close->flow) == 1);
      } else {
        RC_ASSERT(open_.contains(std::get<NeedsRegister>(action).flow));
      }
    }
  }

  void Answer(OpenAttempt attempt) {
    now_ += milliseconds(UniformUpTo(random_, 2000));
    if (UniformUpTo(random_, 1) == 0) {
      return Carry(set_->OnOpenFailed(attempt, FailureReason::kTimedOut, now_));
    }
    const flow::FlowId flow = flow::FlowId::Make(0, random_);
    open_.insert(flow);
    const auto host = static_cast<std::uint8_t>(UniformUpTo(random_, 3));
    Carry(set_->OnFlowUp(attempt, flow, IpAddress::FromIpv4({192, 0, 2, host}), now_));
  }

  void Disturb(const flow::FlowId& flow) {
    now_ += seconds(UniformUpTo(random_, 200));
    switch (UniformUpTo(random_, 2)) {
      case 0:
        return set_->OnRegistered(flow);
      case 1:
        open_.erase(flow);
        return Carry(set_->OnFlowFailed(flow, FailureReason::kReset, now_));
      default:
        const seconds retry_after(UniformUpTo(random_, 1000));
        for (const FlowSetMember& member : set_->members()) {
          if (member.flow == flow) earliest_[member.reg_id] = now_ + retry_after;
        }
        return Carry(set_->OnRegisterFailed(flow, retry_after, now_));
    }
  }

  testing::SeededRandom random_;
  TimePoint now_ = TimePoint{} + seconds(1000);
  std::optional<FlowSet> set_;
  std::map<OpenAttempt, RegId> attempts_;
  std::map<RegId, TimePoint> earliest_;
  std::set<flow::FlowId> open_;
};

RC_GTEST_PROP(FlowSetProperty, NobodyIsForgottenWhateverHappens, ()) {
  Run run(*rc::gen::inRange<std::size_t>(2, 5), *rc::gen::arbitrary<std::uint64_t>());
  for (int step = 0; step < 200; ++step) {
    run.Step();
    run.CheckThatNobodyIsForgotten();
  }
}

}  // namespace
}  // namespace flowbroker::outbound
