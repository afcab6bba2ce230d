#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>

#include "clients/cli/json.h"
#include "clients/cli/relay_session.h"
#include "clients/cli/session.h"
#include "clients/cli/text.h"
#include "clients/cpp/channel.h"
#include "clients/cpp/wire.h"

namespace flowbroker::cli {
namespace {

client::Error UsageError(std::string message) {
  return {.code = client::Code::kInvalidArgument, .failure = "invalid_argument", .message = std::move(message)};
}

std::string WithCrLf(std::string_view text) {
  std::string out;
  char before = '\0';
  for (const char c : text) {
    if (c == '\n' && before != '\r') out += '\r';
    out += before = c;
  }
  return out;
}

client::Result<std::string> ReadMessage(const Invocation& asked) {
  std::string message;
  if (asked.file == "-") {
    message.assign(std::istreambuf_iterator<char>(std::cin), {});
  } else if (std::ifstream file(asked.file, std::ios::binary); file) {
    message.assign(std::istreambuf_iterator<char>(file), {});
  } else {
    return tl::unexpected(UsageError("cannot read " + asked.file));
  }
  if (message.empty()) return tl::unexpected(UsageError("the message is empty"));
  return asked.crlf ? WithCrLf(message) : message;
}

// The flow id given, or that of a flow acquired for the URI given.
tl::expected<std::string, grpc::Status> FlowFor(Session& session) {
  const Invocation& asked = session.invocation;
  if (asked.subject.find(':') == std::string::npos) return asked.subject;
  const auto acquired =
      Call(session, *session.broker, &v1::BrokerService::StubInterface::Acquire, client::ToProto(asked.request));
  if (!acquired) return tl::unexpected(acquired.error());
  return acquired->flow_id();
}

void Show(Session& session, const client::IncomingMessage& message) {
  if (!session.invocation.json) {
    session.out << Clean(message.message, true) << "\n" << std::flush;
    return;
  }
  google::protobuf::Struct document;
  (*document.mutable_fields())["flow_id"] = ToValue(message.flow_id);
  (*document.mutable_fields())["message"] = ToValue(message.message);
  PrintJson(session, document);
}

client::Error ErrorOf(const client::SendFailure& failure) {
  return {.code = CodeForSendFailure(failure.failure), .failure = failure.failure, .message = failure.detail};
}

// Without --wait the stream ends once the broker has taken the message; with it, when enough came or the time is up.
ExitCode Follow(Session& session, RelaySession& relay) {
  const Invocation& asked = session.invocation;
  const bool waits = asked.wait > 0;
  if (!waits) relay.stream().CloseWhenSent();
  const auto wait = std::chrono::duration_cast<client::Duration>(std::chrono::duration<double>(asked.wait));
  const auto until = waits ? client::DeadlineAfter(wait) : session.deadline;
  unsigned seen = 0;
  while (const auto event = relay.Next(until)) {
    if (const auto* message = std::get_if<client::IncomingMessage>(&*event)) {
      Show(session, *message);
      if (asked.count != 0 && ++seen >= asked.count) return ExitCode::kOk;
    } else if (const auto* failure = std::get_if<client::SendFailure>(&*event)) {
      return Fail(session, ErrorOf(*failure));
    } else if (const auto& end = std::get<RelayEnd>(*event); !end.result) {
      return Fail(session, end.result.error());
    } else {
      return ExitCode::kOk;
    }
  }
  if (waits && asked.count == 0) return ExitCode::kOk;
  return Fail(session, client::Error{.code = client::Code::kDeadlineExceeded,
                                     .failure = "no_answer",
                                     .message = waits ? "not enough messages came in time"
                                                      : "the broker did not end the stream in time"});
}

}  // namespace

ExitCode RunSend(Session& session) {
  const auto message = ReadMessage(session.invocation);
  if (!message) return Fail(session, message.error());
  const auto flow_id = FlowFor(session);
  if (!flow_id) return Fail(session, flow_id.error());
  RelaySession relay(session.BrokerOptions(), session.invocation.request.client_group);
  if (const auto sent = relay.stream().Send(*flow_id, *message); !sent) return Fail(session, sent.error());
  return Follow(session, relay);
}

}  // namespace flowbroker::cli
