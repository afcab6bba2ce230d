#include "service/rpc/outbound_rpc.h"

#include <utility>
#include <vector>

#include "service/rpc/call_answer.h"
#include "service/rpc/outbound_conversion.h"
#include "service/rpc/watch_flow_set_stream.h"

namespace flowbroker::rpc {

void OutboundRpc::ServeOn(CallQueue& queue) {
  const Entrance calls = gate_.For(CallKind::kCall);
  using Async = v1::OutboundService::AsyncService;
  ServeUnary(queue, gate_.For(CallKind::kNewWork), service_, &Async::RequestEnsureFlowSet,
             [this](const auto& request, auto& call) { EnsureFlowSet(request, call); });
  ServeUnary(queue, calls, service_, &Async::RequestGetFlowSet,
             [this](const auto& request, auto& call) { GetFlowSet(request, call); });
  ServeUnary(queue, calls, service_, &Async::RequestListFlowSets,
             [this](const auto& request, auto& call) { ListFlowSets(request, call); });
  ServeUnary(queue, calls, service_, &Async::RequestDeleteFlowSet,
             [this](const auto& request, auto& call) { DeleteFlowSet(request, call); });
  ServeUnary(queue, calls, service_, &Async::RequestReportRegistration,
             [this](const auto& request, auto& call) { ReportRegistration(request, call); });
  ServeStreams<WatchFlowSetStream>(queue, gate_.For(CallKind::kStream), service_, broker_, options_);
}

void OutboundRpc::EnsureFlowSet(const v1::EnsureFlowSetRequest& request, UnaryCall<v1::EnsureFlowSetResponse>& call) {
  auto wanted = FromProto(request, call.caller());
  if (!wanted) return Fail(call, wanted.error());
  broker_.outbound().Ensure(*std::move(wanted), [&broker = broker_, &call](const Expected<engine::FlowSetView>& set) {
    if (!set) return Fail(call, set.error());
    Fill(*set, broker.Now(), *call.response().mutable_flow_set());
    call.Finish();
  });
}

void OutboundRpc::GetFlowSet(const v1::GetFlowSetRequest& request, UnaryCall<v1::GetFlowSetResponse>& call) {
  const auto name = RequiredSetName(request.name());
  if (!name) return Fail(call, name.error());
  const auto set = broker_.outbound().Get(call.caller().tenant, *name);
  if (!set) return Fail(call, set.error());
  Fill(*set, broker_.Now(), *call.response().mutable_flow_set());
  call.Finish();
}

void OutboundRpc::ListFlowSets(const v1::ListFlowSetsRequest& request, UnaryCall<v1::ListFlowSetsResponse>& call) {
  const auto page = FromProto(request);
  if (!page) return Fail(call, page.error());
  const auto sets = broker_.outbound().List(page->after, page->count, call.caller().Sees());
  const TimePoint now = broker_.Now();
  for (const engine::FlowSetView& set : sets) Fill(set, now, *call.response().add_flow_sets());
  if (sets.size() == page->count) call.response().set_next_page_token(std::to_string(sets.back().number));
  call.Finish();
}

void OutboundRpc::DeleteFlowSet(const v1::DeleteFlowSetRequest& request, UnaryCall<v1::DeleteFlowSetResponse>& call) {
  const auto name = RequiredSetName(request.name());
  if (!name) return Fail(call, name.error());
  broker_.outbound().Delete(call.caller().tenant, *name,
                            [&call](const Expected<void>& deleted) { FinishOrFail(call, deleted); });
}

void OutboundRpc::ReportRegistration(const v1::ReportRegistrationRequest& request,
                                     UnaryCall<v1::ReportRegistrationResponse>& call) {
  const auto name = RequiredSetName(request.name());
  if (!name) return Fail(call, name.error());
  const auto report = FromProto(request);
  if (!report) return Fail(call, report.error());
  FinishOrFail(call, broker_.outbound().Report(call.caller().tenant, *name, *report));
}

}  // namespace flowbroker::rpc
