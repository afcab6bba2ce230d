#include "clients/cli/render.h"
#include "clients/cli/session.h"
#include "clients/cpp/channel.h"
#include "clients/cpp/wire.h"

namespace flowbroker::cli {
namespace {

// Shows one answer and returns how many events it had.
unsigned Show(Session& session, const v1::WatchFlowsResponse& response) {
  if (session.invocation.json) {
    PrintJson(session, response);
  } else {
    for (const v1::FlowEvent& event : response.events()) {
      session.out << RenderEvent(client::FromProto(event), session.canvas) << std::flush;
    }
  }
  return static_cast<unsigned>(response.events_size());
}

}  // namespace

ExitCode RunWatch(Session& session) {
  const Invocation& asked = session.invocation;
  grpc::ClientContext context;
  if (asked.duration > 0) {
    const auto duration = std::chrono::duration<double>(asked.duration);
    context.set_deadline(client::DeadlineAfter(std::chrono::duration_cast<client::Duration>(duration)));
  }
  v1::WatchFlowsRequest request;
  request.set_after_sequence(asked.after);
  if (asked.group) request.set_client_group(*asked.group);

  const auto reader = session.flows->WatchFlows(&context, request);
  v1::WatchFlowsResponse response;
  for (unsigned seen = 0; reader->Read(&response);) {
    seen += Show(session, response);
    if (asked.count != 0 && seen >= asked.count) return context.TryCancel(), ExitCode::kOk;
  }
  const grpc::Status status = reader->Finish();
  const bool over = asked.duration > 0 && status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED;
  return status.ok() || over ? ExitCode::kOk : Fail(session, status);
}

}  // namespace flowbroker::cli
