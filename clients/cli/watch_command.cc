#include "clients/cli/follow.h"
#include "clients/cli/render.h"
#include "clients/cli/session.h"
#include "clients/cpp/wire.h"

namespace flowbroker::cli {

ExitCode RunWatch(Session& session) {
  v1::WatchFlowsRequest request;
  request.set_after_sequence(session.invocation.after);
  if (session.invocation.group) request.set_client_group(*session.invocation.group);
  return Follow<v1::WatchFlowsResponse>(
      session, [&](grpc::ClientContext* context) { return session.flows->WatchFlows(context, request); },
      [&](const v1::WatchFlowsResponse& response) {
        for (const v1::FlowEvent& event : response.events()) {
          session.out << RenderEvent(client::FromProto(event), session.canvas);
        }
      });
}

}  // namespace flowbroker::cli
