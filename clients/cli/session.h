#pragma once

#include <google/protobuf/message.h>
#include <grpcpp/client_context.h>

#include <chrono>
#include <memory>
#include <ostream>
#include <string>
#include <tl/expected.hpp>

#include "clients/cli/command_line.h"
#include "clients/cli/waterfall.h"
#include "flowbroker/v1/broker_service.grpc.pb.h"
#include "flowbroker/v1/edge_service.grpc.pb.h"
#include "flowbroker/v1/flow_service.grpc.pb.h"
#include "flowbroker/v1/history_service.grpc.pb.h"
#include "flowbroker/v1/outbound_service.grpc.pb.h"

namespace flowbroker::cli {

/// What every command needs. flowctl calls the generated stubs itself, so that --json can show the messages as they
/// came; streams go through the client library.
struct Session {
  /// Connects to the broker first, so that the times of a call are the broker's. A connection that fails shows in the
  /// first call.
  Session(const Invocation& asked, std::ostream& out, std::ostream& err, Canvas canvas);

  const Invocation& invocation;
  std::ostream& out;
  std::ostream& err;
  const Canvas canvas;
  const std::string address;
  std::chrono::system_clock::time_point start;  ///< once the connection to the broker stood, or failed
  std::chrono::system_clock::time_point deadline;
  std::unique_ptr<v1::BrokerService::StubInterface> broker;
  std::unique_ptr<v1::FlowService::StubInterface> flows;
  std::unique_ptr<v1::EdgeService::StubInterface> edge;
  std::unique_ptr<v1::HistoryService::StubInterface> history;
  std::unique_ptr<v1::OutboundService::StubInterface> outbound;

  /// For the client library.
  client::ClientOptions BrokerOptions() const { return {.address = address, .tls = invocation.tls}; }

  client::Duration Elapsed() const { return std::chrono::system_clock::now() - start; }
};

/// One blocking call within the session's deadline.
template <typename Request, typename Response, typename Stub>
tl::expected<Response, grpc::Status> Call(const Session& session, Stub& stub,
                                          grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                                          const Request& request) {
  grpc::ClientContext context;
  context.set_deadline(session.deadline);
  Response response;
  grpc::Status status = (stub.*method)(&context, request, &response);
  if (!status.ok()) return tl::unexpected(std::move(status));
  return response;
}

/// Prints one line of machine output, at once: a reader may wait for it.
void PrintJson(const Session& session, const google::protobuf::Message& message);

/// Says what went wrong, for people or machines.
ExitCode Fail(const Session& session, const grpc::Status& status);
ExitCode Fail(const Session& session, const client::Error& error);

ExitCode RunAcquire(Session& session);
ExitCode RunResolve(Session& session);
ExitCode RunWarm(Session& session);
ExitCode RunOptions(Session& session);
ExitCode RunSend(Session& session);
ExitCode RunFlows(Session& session);
ExitCode RunWatch(Session& session);
ExitCode RunClose(Session& session);
ExitCode RunRelease(Session& session);
ExitCode RunProbe(Session& session);
ExitCode RunReport(Session& session);
ExitCode RunKeepAlive(Session& session);
ExitCode RunBindings(Session& session);
ExitCode RunToken(Session& session);
ExitCode RunVerify(Session& session);
ExitCode RunEnsureFlowSet(Session& session);
ExitCode RunShowFlowSet(Session& session);
ExitCode RunListFlowSets(Session& session);
ExitCode RunDeleteFlowSet(Session& session);
ExitCode RunWatchFlowSet(Session& session);
ExitCode RunReportRegistration(Session& session);
ExitCode RunPrefs(Session& session);
ExitCode RunReach(Session& session);
ExitCode RunRaces(Session& session);
ExitCode RunReset(Session& session);

/// The command of the invocation.
ExitCode Run(Session& session);

}  // namespace flowbroker::cli
