#include <algorithm>
#include <array>
#include <random>

#include "clients/cli/json.h"
#include "clients/cli/options_request.h"
#include "clients/cli/relay_session.h"
#include "clients/cli/render.h"
#include "clients/cli/session.h"
#include "clients/cli/text.h"
#include "clients/cpp/channel.h"
#include "clients/cpp/wire.h"

namespace flowbroker::cli {
namespace {

using std::chrono::system_clock;

constexpr client::Duration kT2 = std::chrono::seconds(4);  // RFC 3261 s.17.1.2.2

std::string RandomToken() {
  static constexpr std::string_view kHex = "0123456789abcdef";
  std::random_device device;
  std::string token;
  for (int i = 0; i < 4; ++i) {
    for (unsigned bits = device(), n = 0; n < 8; ++n, bits >>= 4U) token += kHex[bits & 0xFU];
  }
  return token;
}

// One OPTIONS transaction over an acquired flow (RFC 3261 s.17.1.2).
class OptionsTransaction {
 public:
  OptionsTransaction(Session& session, RelaySession& relay, const client::AcquiredFlow& flow)
      : session_(session),
        relay_(relay),
        flow_(flow),
        token_(RandomToken()),
        request_(WriteOptions(session.invocation.subject, flow, token_)) {}

  // The final response, or why there is none.
  client::Result<std::string> Run() {
    client::Duration interval = flow_.timers.t1;
    const bool unreliable = flow_.transport == client::Transport::kUdp;
    while (system_clock::now() < session_.deadline) {
      if (const auto sent = relay_.stream().Send(flow_.flow_id, request_); !sent) return tl::unexpected(sent.error());
      const auto until = unreliable ? std::min(session_.deadline, client::DeadlineAfter(interval)) : session_.deadline;
      if (auto answer = AnswerUntil(until)) return *std::move(answer);
      interval = std::min(2 * interval, kT2);
    }
    return tl::unexpected(client::Error{.code = client::Code::kDeadlineExceeded,
                                        .failure = "no_answer",
                                        .message = "no response to the OPTIONS in time"});
  }

 private:
  std::optional<client::Result<std::string>> AnswerUntil(system_clock::time_point deadline) {
    while (const auto event = relay_.Next(deadline)) {
      if (const auto* message = std::get_if<client::IncomingMessage>(&*event)) {
        if (IsFinalAnswer(message->message)) return message->message;
      } else if (const auto* failure = std::get_if<client::SendFailure>(&*event)) {
        return tl::unexpected(client::Error{
            .code = CodeForSendFailure(failure->failure), .failure = failure->failure, .message = failure->detail});
      } else if (const auto& end = std::get<RelayEnd>(*event); !end.result) {
        return tl::unexpected(end.result.error());
      }
    }
    return std::nullopt;
  }

  bool IsFinalAnswer(std::string_view message) const {
    return IsResponseTo(message, BranchFor(token_)) && ParseStatusLine(message)->code >= 200;
  }

  Session& session_;
  RelaySession& relay_;
  const client::AcquiredFlow& flow_;
  const std::string token_;
  const std::string request_;
};

double Milliseconds(client::Duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

struct Times {
  client::Duration acquire;
  client::Duration answer;
};

void ShowJson(Session& session, const v1::AcquireResponse& acquired, const std::string& response, Times times) {
  google::protobuf::Struct document;
  auto& fields = *document.mutable_fields();
  fields["acquire"] = ToValue(acquired);
  auto& answer = *fields["response"].mutable_struct_value()->mutable_fields();
  const auto status = ParseStatusLine(response);
  answer["status_code"] = ToValue(static_cast<double>(status->code));
  answer["reason"] = ToValue(status->reason);
  answer["message"] = ToValue(response);
  fields["acquire_ms"] = ToValue(Milliseconds(times.acquire));
  fields["answer_ms"] = ToValue(Milliseconds(times.answer));
  PrintJson(session, document);
}

void ShowText(Session& session, const std::string& response, Times times) {
  const auto status = ParseStatusLine(response);
  const std::string line = "SIP/2.0 " + std::to_string(status->code) + " " + Clean(status->reason);
  const Colour colour = status->code < 300 ? Colour::kGreen : Colour::kYellow;
  session.out << Paint("OPTIONS", Colour::kBold, session.canvas.colour) << " "
              << Paint(line, colour, session.canvas.colour) << "  acquired in " << FormatDuration(times.acquire)
              << ", answered in " << FormatDuration(times.answer) << ", total "
              << FormatDuration(times.acquire + times.answer) << "\n";
}

}  // namespace

ExitCode RunOptions(Session& session) {
  RelaySession relay(session.BrokerOptions(),
                     session.invocation.request.client_group);  // ready by the time there is a flow
  const auto acquired = Call(session, *session.broker, &v1::BrokerService::StubInterface::Acquire,
                             client::ToProto(session.invocation.request));
  if (!acquired) return Fail(session, acquired.error());
  const client::AcquiredFlow flow = client::FromProto(*acquired);
  const client::Duration acquire_time = session.Elapsed();
  const bool json = session.invocation.json;
  if (!json) session.out << RenderAcquired(session.invocation.subject, flow, session.canvas) << std::flush;

  const auto response = OptionsTransaction(session, relay, flow).Run();
  if (!response) return Fail(session, response.error());
  const Times times{.acquire = acquire_time, .answer = session.Elapsed() - acquire_time};
  json ? ShowJson(session, *acquired, *response, times) : ShowText(session, *response, times);
  return ExitCode::kOk;
}

}  // namespace flowbroker::cli
