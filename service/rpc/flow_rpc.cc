#include "service/rpc/flow_rpc.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "service/rpc/call_answer.h"
#include "service/rpc/fields.h"
#include "service/rpc/relay_stream.h"
#include "service/rpc/watch_flows_stream.h"

namespace flowbroker::rpc {
namespace {

constexpr std::size_t kDefaultPage = 100;

/// Of a `Flow-Timer`: below it a flow would carry little else, above it no NAT on the way keeps it.
constexpr Duration kMinFlowTimer = std::chrono::seconds(1);
constexpr Duration kMaxFlowTimer = std::chrono::hours(1);

/// What one page of flows shows.
struct Page {
  std::optional<flow::FlowId> after;
  std::size_t count;
  flow::Scope scope;
};

Expected<Page> PageOf(const v1::ListFlowsRequest& request, const Caller& caller) {
  const auto count = PageSize(request.page_size(), kDefaultPage);
  if (!count) return Unexpected(count.error());
  Page page{std::nullopt, *count, caller.Sees()};
  if (!request.page_token().empty()) {
    page.after = flow::FlowId::Parse(request.page_token());
    if (!page.after) return FieldError("page_token", "not from a previous answer");
  }
  if (request.has_client_group()) page.scope.client_group = request.client_group();
  return page;
}

Expected<flow::KeepAliveMethod> RequiredMethod(v1::KeepAliveMethod method) {
  switch (static_cast<int>(method)) {  // an open enum of the wire
    case v1::KEEP_ALIVE_METHOD_NONE:
      return flow::KeepAliveMethod::kNone;
    case v1::KEEP_ALIVE_METHOD_CRLF:
      return flow::KeepAliveMethod::kCrlf;
    case v1::KEEP_ALIVE_METHOD_STUN:
      return flow::KeepAliveMethod::kStun;
    case v1::KEEP_ALIVE_METHOD_OPTIONS:
      return flow::KeepAliveMethod::kOptions;
    case v1::KEEP_ALIVE_METHOD_UNSPECIFIED:
      return FieldError("method", "required");
    default:
      return FieldError("method", "unknown value " + std::to_string(static_cast<int>(method)));
  }
}

Expected<std::optional<Duration>> FlowTimerOf(const v1::SetKeepAliveRequest& request) {
  if (!request.has_flow_timer()) return std::nullopt;
  const auto asked = FromProto(request.flow_timer(), kMaxFlowTimer, "flow_timer");
  if (!asked) return Unexpected(asked.error());
  if (*asked < kMinFlowTimer) return FieldError("flow_timer", "must be from 1 s to 1 h");
  return *asked;
}

}  // namespace

void FlowRpc::ServeOn(CallQueue& queue) {
  const Entrance calls = gate_.For(CallKind::kCall);
  using Async = v1::FlowService::AsyncService;
  ServeUnary(queue, calls, service_, &Async::RequestListFlows,
             [this](const auto& request, auto& call) { ListFlows(request, call); });
  ServeUnary(queue, calls, service_, &Async::RequestGetFlow,
             [this](const auto& request, auto& call) { GetFlow(request, call); });
  ServeUnary(queue, calls, service_, &Async::RequestCloseFlow,
             [this](const auto& request, auto& call) { CloseFlow(request, call); });
  ServeUnary(queue, calls, service_, &Async::RequestProbeFlow,
             [this](const auto& request, auto& call) { ProbeFlow(request, call); });
  ServeUnary(queue, calls, service_, &Async::RequestSetKeepAlive,
             [this](const auto& request, auto& call) { SetKeepAlive(request, call); });
  ServeStreams<RelayStream>(queue, gate_.For(CallKind::kStream), service_, broker_, options_);
  ServeStreams<WatchFlowsStream>(queue, gate_.For(CallKind::kStream), service_, broker_, options_);
}

void FlowRpc::ListFlows(const v1::ListFlowsRequest& request, UnaryCall<v1::ListFlowsResponse>& call) {
  const auto page = PageOf(request, call.caller());
  if (!page) return Fail(call, page.error());
  const std::vector<engine::FlowView> flows = broker_.flows().List(page->after, page->count, page->scope);
  const TimePoint now = broker_.Now();
  for (const engine::FlowView& flow : flows) Fill(flow, now, *call.response().add_flows());
  if (flows.size() == page->count) call.response().set_next_page_token(flows.back().id.ToString());
  call.Finish();
}

void FlowRpc::GetFlow(const v1::GetFlowRequest& request, UnaryCall<v1::GetFlowResponse>& call) {
  const auto id = RequiredFlowId(request.flow_id());
  if (!id) return Fail(call, id.error());
  const auto flow = broker_.flows().Get(*id, call.caller().Sees());
  if (!flow) return Fail(call, {FailureReason::kUnknownFlow, ""});
  Fill(*flow, broker_.Now(), *call.response().mutable_flow());
  call.Finish();
}

void FlowRpc::CloseFlow(const v1::CloseFlowRequest& request, UnaryCall<v1::CloseFlowResponse>& call) {
  const auto id = RequiredFlowId(request.flow_id());
  if (!id) return Fail(call, id.error());
  FinishOrFail(call, broker_.flows().Close(*id, call.caller().Sees()));
}

void FlowRpc::ProbeFlow(const v1::ProbeFlowRequest& request, UnaryCall<v1::ProbeFlowResponse>& call) {
  const auto id = RequiredFlowId(request.flow_id());
  if (!id) return Fail(call, id.error());
  const auto deadline = DeadlineOf(call, broker_, options_.max_deadline.load());
  if (!deadline) return;
  broker_.flows().Probe(*id, call.caller().Sees(), *deadline, [&call](const Expected<engine::ProbeResult>& result) {
    if (!result) return Fail(call, result.error());
    call.response().set_alive(result->alive);
    if (result->rtt) Fill(*result->rtt, *call.response().mutable_rtt());
    call.response().set_answer(Printable(result->answer));
    call.Finish();
  });
}

void FlowRpc::SetKeepAlive(const v1::SetKeepAliveRequest& request, UnaryCall<v1::SetKeepAliveResponse>& call) {
  const auto id = RequiredFlowId(request.flow_id());
  if (!id) return Fail(call, id.error());
  const auto method = RequiredMethod(request.method());
  if (!method) return Fail(call, method.error());
  const auto flow_timer = FlowTimerOf(request);
  if (!flow_timer) return Fail(call, flow_timer.error());
  FinishOrFail(call, broker_.flows().SetKeepAlive(*id, call.caller().Sees(), *method, *flow_timer));
}

}  // namespace flowbroker::rpc
