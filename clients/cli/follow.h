#pragma once

#include <grpcpp/client_context.h>

#include <chrono>

#include "clients/cli/session.h"
#include "clients/cpp/channel.h"

namespace flowbroker::cli {

/// Reads a stream of answers with `events` until the invocation's count or duration is reached, or the broker ends it.
/// `open` starts the call, `show` prints the events of one answer for people.
template <typename Response, typename Open, typename Show>
ExitCode Follow(Session& session, Open open, Show show) {
  const Invocation& asked = session.invocation;
  grpc::ClientContext context;
  if (asked.duration > 0) {
    const auto duration = std::chrono::duration<double>(asked.duration);
    context.set_deadline(client::DeadlineAfter(std::chrono::duration_cast<client::Duration>(duration)));
  }
  const auto reader = open(&context);
  Response response;
  for (unsigned seen = 0; reader->Read(&response);) {
    if (asked.json) {
      PrintJson(session, response);
    } else {
      show(response);
      session.out << std::flush;
    }
    seen += static_cast<unsigned>(response.events_size());
    if (asked.count != 0 && seen >= asked.count) return context.TryCancel(), ExitCode::kOk;
  }
  const grpc::Status status = reader->Finish();
  const bool over = asked.duration > 0 && status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED;
  return status.ok() || over ? ExitCode::kOk : Fail(session, status);
}

}  // namespace flowbroker::cli
