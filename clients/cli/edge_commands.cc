#include "clients/cli/follow.h"
#include "clients/cli/render_edge.h"
#include "clients/cli/session.h"
#include "clients/cli/text.h"
#include "clients/cpp/wire.h"

namespace flowbroker::cli {
namespace {

using Edge = v1::EdgeService::StubInterface;
using Flows = v1::FlowService::StubInterface;

ExitCode WatchBindings(Session& session) {
  v1::WatchBindingsRequest request;
  request.set_after_sequence(session.invocation.after);
  request.set_aor(session.invocation.subject);
  return Follow<v1::WatchBindingsResponse>(
      session, [&](grpc::ClientContext* context) { return session.edge->WatchBindings(context, request); },
      [&](const v1::WatchBindingsResponse& response) {
        for (const v1::BindingEvent& event : response.events()) {
          session.out << RenderBindingEvent(client::FromProto(event), session.canvas);
        }
      });
}

ExitCode CodeOf(client::TokenState state) {
  switch (state) {
    case client::TokenState::kLive:
      return ExitCode::kOk;
    case client::TokenState::kGone:
      return ExitCode::kUnavailable;
    case client::TokenState::kForged:
    case client::TokenState::kUnknown:
      return ExitCode::kOther;
  }
  __builtin_unreachable();
}

}  // namespace

ExitCode RunBindings(Session& session) {
  if (session.invocation.follow) return WatchBindings(session);
  v1::LookupBindingsRequest request;
  request.set_aor(session.invocation.subject);
  const auto response = Call(session, *session.edge, &Edge::LookupBindings, request);
  if (!response) return Fail(session, response.error());
  if (session.invocation.json) return PrintJson(session, *response), ExitCode::kOk;
  std::vector<client::BindingTarget> targets;
  for (const v1::BindingTarget& target : response->targets()) targets.push_back(client::FromProto(target));
  session.out << RenderBindings(session.invocation.subject, targets, session.canvas);
  return ExitCode::kOk;
}

ExitCode RunToken(Session& session) {
  v1::MintTokenRequest request;
  request.set_flow_id(session.invocation.subject);
  const auto response = Call(session, *session.edge, &Edge::MintToken, request);
  if (!response) return Fail(session, response.error());
  if (session.invocation.json) return PrintJson(session, *response), ExitCode::kOk;
  session.out << Clean(response->token()) << "\n";
  return ExitCode::kOk;
}

ExitCode RunVerify(Session& session) {
  v1::VerifyTokenRequest request;
  request.set_token(session.invocation.subject);
  const auto response = Call(session, *session.edge, &Edge::VerifyToken, request);
  if (!response) return Fail(session, response.error());
  const client::VerifiedToken token = client::FromProto(*response);
  if (session.invocation.json) {
    PrintJson(session, *response);
  } else {
    session.out << RenderToken(token, session.canvas);
  }
  return CodeOf(token.state);
}

ExitCode RunKeepAlive(Session& session) {
  const Invocation& asked = session.invocation;
  client::KeepAlive keep_alive{.method = asked.keep_alive};
  if (asked.flow_timer > 0) {
    const std::chrono::duration<double> seconds(asked.flow_timer);
    keep_alive.flow_timer = std::chrono::duration_cast<client::Duration>(seconds);
  }
  const auto request = client::ToProto(asked.subject, keep_alive);
  const auto response = Call(session, *session.flows, &Flows::SetKeepAlive, request);
  if (!response) return Fail(session, response.error());
  if (asked.json) return PrintJson(session, *response), ExitCode::kOk;
  session.out << "set\n";
  return ExitCode::kOk;
}

}  // namespace flowbroker::cli
