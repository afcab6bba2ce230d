#include "service/rpc/broker_rpc.h"

#include <algorithm>
#include <utility>

#include "service/rpc/call_answer.h"

namespace flowbroker::rpc {
namespace {

void AnswerAcquire(const engine::ConnectionBroker& broker, const engine::AcquireResult& result,
                   UnaryCall<v1::AcquireResponse>& call) {
  if (!result.flow) return Fail(call, result.flow.error(), result.trace, MomentOf(broker));
  Fill(*result.flow, call.response());
  if (result.flow->handoff) Fill(*result.flow->handoff, broker.Now(), *call.response().mutable_handoff());
  if (!result.trace.steps.empty()) Fill(result.trace, MomentOf(broker), *call.response().mutable_trace());
  call.Finish();
}

void AnswerResolve(const engine::ConnectionBroker& broker, const engine::ResolveResult& result,
                   UnaryCall<v1::ResolveResponse>& call) {
  const Moment now = MomentOf(broker);
  if (!result.targets) return Fail(call, result.targets.error(), result.trace, now);
  v1::ResolveResponse& response = call.response();
  for (const engine::ResolvedTarget& target : *result.targets) Fill(target, *response.add_targets());
  if (result.valid_until != kNever) {
    Fill(std::max(Duration::zero(), result.valid_until - now.broker), *response.mutable_valid_for());
  }
  Fill(result.trace, now, *response.mutable_trace());
  call.Finish();
}

}  // namespace

void BrokerRpc::ServeOn(CallQueue& queue) {
  const Entrance calls = gate_.For(CallKind::kCall);
  using Async = v1::BrokerService::AsyncService;
  ServeUnary(queue, gate_.For(CallKind::kNewWork), service_, &Async::RequestAcquire,
             [this](const auto& request, auto& call) { Acquire(request, call); });
  ServeUnary(queue, calls, service_, &Async::RequestRelease,
             [this](const auto& request, auto& call) { Release(request, call); });
  ServeUnary(queue, gate_.For(CallKind::kNewWork), service_, &Async::RequestWarm,
             [this](const auto& request, auto& call) { Warm(request, call); });
  ServeUnary(queue, calls, service_, &Async::RequestResolve,
             [this](const auto& request, auto& call) { Resolve(request, call); });
  ServeUnary(queue, calls, service_, &Async::RequestReportOutcome,
             [this](const auto& request, auto& call) { ReportOutcome(request, call); });
}

void BrokerRpc::Acquire(const v1::AcquireRequest& request, UnaryCall<v1::AcquireResponse>& call) {
  auto wanted = FromProto(request);
  if (!wanted) return Fail(call, wanted.error());
  const auto left = TimeLeftFor(call, options_.max_deadline.load());
  if (!left) return;
  wanted->owner.tenant = call.caller().tenant;
  if (const auto pooled = broker_.AcquirePooled(*wanted)) return AnswerAcquire(broker_, *pooled, call);
  wanted->deadline = broker_.Now() + *left;  // the pooled path does without these
  wanted->trace_parent = call.TraceParent();
  const auto handle = broker_.Acquire(*std::move(wanted), [&broker = broker_, &call](const engine::AcquireResult& r) {
    AnswerAcquire(broker, r, call);
  });
  if (handle) call.OnCancelled([&broker = broker_, handle = *handle] { broker.Cancel(handle); });
}

void BrokerRpc::Release(const v1::ReleaseRequest& request, UnaryCall<v1::ReleaseResponse>& call) {
  const auto flow = RequiredFlowId(request.flow_id());
  if (!flow) return Fail(call, flow.error());
  FinishOrFail(call, broker_.flows().Release(*flow, call.caller().Sees()));
}

void BrokerRpc::Warm(const v1::WarmRequest& request, UnaryCall<v1::WarmResponse>& call) {
  auto destination = FromProto(request.destination());
  if (!destination) return Fail(call, destination.error());
  auto group = ClientGroup(request.client_group());
  if (!group) return Fail(call, group.error());
  engine::AcquireRequest wanted{.destination = *std::move(destination),
                                .owner = call.caller().Owner(*std::move(group))};
  wanted.deadline = broker_.Now() + options_.max_deadline.load();  // the work outlives the call
  call.response().set_already_warm(broker_.Warm(std::move(wanted)));
  call.Finish();
}

void BrokerRpc::Resolve(const v1::ResolveRequest& request, UnaryCall<v1::ResolveResponse>& call) {
  auto destination = FromProto(request.destination());
  if (!destination) return Fail(call, destination.error());
  const auto deadline = DeadlineOf(call, broker_, options_.max_deadline.load());
  if (!deadline) return;
  broker_.Resolve(call.caller().tenant, *std::move(destination), *deadline,
                  [&broker = broker_, &call](const engine::ResolveResult& r) { AnswerResolve(broker, r, call); });
}

void BrokerRpc::ReportOutcome(const v1::ReportOutcomeRequest& request, UnaryCall<v1::ReportOutcomeResponse>& call) {
  const auto report = FromProto(request);
  if (!report) return Fail(call, report.error());
  call.response().set_known_flow(broker_.flows().Report(*report, call.caller().Sees()));
  call.Finish();
}

}  // namespace flowbroker::rpc
