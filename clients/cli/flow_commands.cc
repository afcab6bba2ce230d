#include "clients/cli/render.h"
#include "clients/cli/session.h"
#include "clients/cli/text.h"
#include "clients/cpp/wire.h"

namespace flowbroker::cli {
namespace {

using Broker = v1::BrokerService::StubInterface;
using Flows = v1::FlowService::StubInterface;

template <typename Request>
Request ForFlow(const Session& session) {
  Request request;
  request.set_flow_id(session.invocation.subject);
  return request;
}

// `text` for people, the response for machines.
ExitCode Show(Session& session, const google::protobuf::Message& response, const std::string& text) {
  if (session.invocation.json) {
    PrintJson(session, response);
  } else {
    session.out << text;
  }
  return ExitCode::kOk;
}

// All pages as one answer.
tl::expected<v1::ListFlowsResponse, grpc::Status> ListAll(const Session& session) {
  v1::ListFlowsResponse all;
  v1::ListFlowsRequest request;
  request.set_page_size(1000);
  if (session.invocation.group) request.set_client_group(*session.invocation.group);
  do {
    auto page = Call(session, *session.flows, &Flows::ListFlows, request);
    if (!page) return tl::unexpected(page.error());
    for (v1::Flow& flow : *page->mutable_flows()) *all.add_flows() = std::move(flow);
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  return all;
}

ExitCode RunGetFlow(Session& session) {
  const auto response = Call(session, *session.flows, &Flows::GetFlow, ForFlow<v1::GetFlowRequest>(session));
  if (!response) return Fail(session, response.error());
  return Show(session, *response, RenderFlows({client::FromProto(response->flow())}, session.canvas));
}

}  // namespace

ExitCode RunFlows(Session& session) {
  if (!session.invocation.subject.empty()) return RunGetFlow(session);
  const auto all = ListAll(session);
  if (!all) return Fail(session, all.error());
  std::vector<client::Flow> flows;
  for (const v1::Flow& flow : all->flows()) flows.push_back(client::FromProto(flow));
  return Show(session, *all, RenderFlows(flows, session.canvas));
}

ExitCode RunClose(Session& session) {
  const auto response = Call(session, *session.flows, &Flows::CloseFlow, ForFlow<v1::CloseFlowRequest>(session));
  return response ? Show(session, *response, "closed\n") : Fail(session, response.error());
}

ExitCode RunRelease(Session& session) {
  const auto response = Call(session, *session.broker, &Broker::Release, ForFlow<v1::ReleaseRequest>(session));
  return response ? Show(session, *response, "released\n") : Fail(session, response.error());
}

ExitCode RunProbe(Session& session) {
  const auto response = Call(session, *session.flows, &Flows::ProbeFlow, ForFlow<v1::ProbeFlowRequest>(session));
  if (!response) return Fail(session, response.error());
  const client::ProbeResult result = client::FromProto(*response);
  const std::string rtt = result.rtt ? " in " + FormatDuration(*result.rtt) : "";
  Show(session, *response, result.alive ? "alive: " + Clean(result.answer) + rtt + "\n" : "dead: no answer\n");
  return result.alive ? ExitCode::kOk : ExitCode::kUnavailable;
}

ExitCode RunReport(Session& session) {
  const Invocation& asked = session.invocation;
  client::TransactionReport report{.flow_id = asked.subject, .outcome = asked.outcome};
  const auto in = [](auto duration) { return std::chrono::duration_cast<client::Duration>(duration); };
  if (asked.rtt_ms > 0) report.rtt = in(std::chrono::duration<double, std::milli>(asked.rtt_ms));
  if (asked.retry_after >= 0) report.retry_after = in(std::chrono::duration<double>(asked.retry_after));
  const auto response = Call(session, *session.broker, &Broker::ReportOutcome, client::ToProto(report));
  if (!response) return Fail(session, response.error());
  return Show(session, *response, response->known_flow() ? "noted\n" : "no such flow; counted, otherwise ignored\n");
}

}  // namespace flowbroker::cli
