#include "clients/cli/session.h"

#include "clients/cli/drain.h"
#include "clients/cli/json.h"
#include "clients/cli/render.h"
#include "clients/cpp/channel.h"
#include "clients/cpp/flowbroker_client.h"
#include "clients/cpp/wire.h"

namespace flowbroker::cli {
namespace {

client::Duration Seconds(double seconds) {
  return std::chrono::duration_cast<client::Duration>(std::chrono::duration<double>(seconds));
}

// Until the first attempt to connect has come to an end.
void AwaitConnection(grpc::Channel& channel, std::chrono::system_clock::time_point deadline) {
  auto state = channel.GetState(true);
  while (state == GRPC_CHANNEL_IDLE || state == GRPC_CHANNEL_CONNECTING) {
    if (!channel.WaitForStateChange(state, deadline)) return;
    state = channel.GetState(true);
  }
}

ExitCode Show(const Session& session, client::Error error, const v1::Trace* trace) {
  if (error.failure == client::kBrokerUnreachable) {
    error.message =
        "cannot reach the broker at " + session.address + "; is flowbrokerd running? (" + error.message + ")";
  }
  if (session.invocation.json) {
    PrintJson(session, ErrorDocument(error, trace));
  } else {
    const std::string& asked = session.invocation.subject;
    session.err << RenderError(asked.empty() ? session.address : asked, error, session.Elapsed(), session.canvas)
                << std::flush;
  }
  return ExitCodeFor(error);
}

}  // namespace

Session::Session(const Invocation& asked, std::ostream& to, std::ostream& errors, Canvas its_canvas)
    : invocation(asked), out(to), err(errors), canvas(its_canvas), address(client::BrokerAddress(asked.address)) {
  const auto channel = client::OpenChannel(address, asked.tls);
  AwaitConnection(*channel, client::DeadlineAfter(Seconds(asked.timeout)));
  start = std::chrono::system_clock::now();
  deadline = client::DeadlineAfter(Seconds(asked.timeout));
  broker = v1::BrokerService::NewStub(channel);
  flows = v1::FlowService::NewStub(channel);
  edge = v1::EdgeService::NewStub(channel);
  history = v1::HistoryService::NewStub(channel);
  outbound = v1::OutboundService::NewStub(channel);
}

void PrintJson(const Session& session, const google::protobuf::Message& message) {
  session.out << ToJson(message) << "\n" << std::flush;
}

ExitCode Fail(const Session& session, const grpc::Status& status) {
  const auto trace = client::TraceDetail(status);
  return Show(session, client::ErrorFrom(status), trace ? &*trace : nullptr);
}

ExitCode Fail(const Session& session, const client::Error& error) {
  return Show(session, error, nullptr);
}

ExitCode Run(Session& session) {
  switch (session.invocation.command) {
    case Command::kAcquire:
      return RunAcquire(session);
    case Command::kResolve:
      return RunResolve(session);
    case Command::kOptions:
      return RunOptions(session);
    case Command::kSend:
      return RunSend(session);
    case Command::kFlows:
      return RunFlows(session);
    case Command::kWatch:
      return RunWatch(session);
    case Command::kClose:
      return RunClose(session);
    case Command::kRelease:
      return RunRelease(session);
    case Command::kProbe:
      return RunProbe(session);
    case Command::kWarm:
      return RunWarm(session);
    case Command::kReport:
      return RunReport(session);
    case Command::kKeepAlive:
      return RunKeepAlive(session);
    case Command::kBindings:
      return RunBindings(session);
    case Command::kToken:
      return RunToken(session);
    case Command::kVerify:
      return RunVerify(session);
    case Command::kEnsureFlowSet:
      return RunEnsureFlowSet(session);
    case Command::kShowFlowSet:
      return RunShowFlowSet(session);
    case Command::kListFlowSets:
      return RunListFlowSets(session);
    case Command::kDeleteFlowSet:
      return RunDeleteFlowSet(session);
    case Command::kWatchFlowSet:
      return RunWatchFlowSet(session);
    case Command::kReportRegistration:
      return RunReportRegistration(session);
    case Command::kPrefs:
      return RunPrefs(session);
    case Command::kReach:
      return RunReach(session);
    case Command::kRaces:
      return RunRaces(session);
    case Command::kReset:
      return RunReset(session);
    case Command::kDrain:  // needs no session; see main.cc
      return RunDrain(session.invocation, session.out, session.err);
  }
  __builtin_unreachable();
}

}  // namespace flowbroker::cli
