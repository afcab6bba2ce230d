#include "clients/cli/render.h"
#include "clients/cli/session.h"
#include "clients/cpp/wire.h"

namespace flowbroker::cli {

using Broker = v1::BrokerService::StubInterface;

ExitCode RunAcquire(Session& session) {
  const auto response = Call(session, *session.broker, &Broker::Acquire, client::ToProto(session.invocation.request));
  if (!response) return Fail(session, response.error());
  if (session.invocation.json) {
    PrintJson(session, *response);
  } else {
    session.out << RenderAcquired(session.invocation.subject, client::FromProto(*response), session.canvas);
  }
  return ExitCode::kOk;
}

ExitCode RunResolve(Session& session) {
  const auto response =
      Call(session, *session.broker, &Broker::Resolve, client::ToProto(session.invocation.request.destination));
  if (!response) return Fail(session, response.error());
  if (session.invocation.json) {
    PrintJson(session, *response);
  } else {
    session.out << RenderResolution(session.invocation.subject, client::FromProto(*response), session.canvas);
  }
  return ExitCode::kOk;
}

ExitCode RunWarm(Session& session) {
  const client::WarmRequest request{.destination = session.invocation.request.destination,
                                    .client_group = session.invocation.request.client_group};
  const auto response = Call(session, *session.broker, &Broker::Warm, client::ToProto(request));
  if (!response) return Fail(session, response.error());
  if (session.invocation.json) {
    PrintJson(session, *response);
  } else {
    session.out << (response->already_warm() ? "a flow is there already\n" : "a flow is being prepared\n");
  }
  return ExitCode::kOk;
}

}  // namespace flowbroker::cli
