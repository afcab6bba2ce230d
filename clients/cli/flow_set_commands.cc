#include <chrono>
#include <vector>

#include "clients/cli/follow.h"
#include "clients/cli/render_flow_sets.h"
#include "clients/cli/session.h"
#include "clients/cpp/wire.h"

namespace flowbroker::cli {
namespace {

using Outbound = v1::OutboundService::StubInterface;

/// Prints the answer of a call that shows one set.
template <typename Response>
ExitCode ShowSet(Session& session, const tl::expected<Response, grpc::Status>& response) {
  if (!response) return Fail(session, response.error());
  if (session.invocation.json) return PrintJson(session, *response), ExitCode::kOk;
  session.out << RenderFlowSet(client::FromProto(response->flow_set()), session.canvas);
  return ExitCode::kOk;
}

/// Prints the answer of a call that says no more than that it was done.
template <typename Response>
ExitCode ShowDone(Session& session, const tl::expected<Response, grpc::Status>& response, const char* done) {
  if (!response) return Fail(session, response.error());
  if (session.invocation.json) return PrintJson(session, *response), ExitCode::kOk;
  session.out << done << "\n";
  return ExitCode::kOk;
}

}  // namespace

ExitCode RunEnsureFlowSet(Session& session) {
  const auto request = client::ToProto(session.invocation.flow_set);
  return ShowSet(session, Call(session, *session.outbound, &Outbound::EnsureFlowSet, request));
}

ExitCode RunShowFlowSet(Session& session) {
  v1::GetFlowSetRequest request;
  request.set_name(session.invocation.subject);
  return ShowSet(session, Call(session, *session.outbound, &Outbound::GetFlowSet, request));
}

ExitCode RunListFlowSets(Session& session) {
  std::vector<client::FlowSet> sets;
  v1::ListFlowSetsRequest request;
  request.set_page_size(1000);
  do {
    const auto page = Call(session, *session.outbound, &Outbound::ListFlowSets, request);
    if (!page) return Fail(session, page.error());
    if (session.invocation.json) PrintJson(session, *page);
    for (const v1::FlowSet& set : page->flow_sets()) sets.push_back(client::FromProto(set));
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  if (!session.invocation.json) session.out << RenderFlowSets(sets, session.canvas);
  return ExitCode::kOk;
}

ExitCode RunDeleteFlowSet(Session& session) {
  v1::DeleteFlowSetRequest request;
  request.set_name(session.invocation.subject);
  return ShowDone(session, Call(session, *session.outbound, &Outbound::DeleteFlowSet, request), "deleted");
}

ExitCode RunReportRegistration(Session& session) {
  client::RegistrationReport report = session.invocation.registration;
  if (session.invocation.retry_after >= 0) {
    const std::chrono::duration<double> seconds(session.invocation.retry_after);
    report.retry_after = std::chrono::duration_cast<client::Duration>(seconds);
  }
  const auto request = client::ToProto(report);
  return ShowDone(session, Call(session, *session.outbound, &Outbound::ReportRegistration, request), "reported");
}

ExitCode RunWatchFlowSet(Session& session) {
  v1::WatchFlowSetRequest request;
  request.set_name(session.invocation.subject);
  request.set_after_sequence(session.invocation.after);
  return Follow<v1::WatchFlowSetResponse>(
      session, [&](grpc::ClientContext* context) { return session.outbound->WatchFlowSet(context, request); },
      [&](const v1::WatchFlowSetResponse& response) {
        for (const v1::FlowSetEvent& event : response.events()) {
          session.out << RenderFlowSetEvent(client::FromProto(event), session.canvas);
        }
      });
}

}  // namespace flowbroker::cli
