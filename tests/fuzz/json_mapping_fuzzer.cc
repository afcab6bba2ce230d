#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "service/admin/admin_answer.h"
#include "service/admin/json_conversion.h"
#include "service/rpc/history_conversion.h"
#include "service/rpc/proto_conversion.h"
#include "service/rpc/status_mapping.h"
#include "service/telemetry/trace_context.h"
#include "tests/fuzz/require.h"

namespace flowbroker::admin {
namespace {

using flowbroker::fuzz::Require;
namespace protobuf = google::protobuf;
namespace http = boost::beast::http;

bool IsJson(const std::string& text) {
  protobuf::Struct document;
  return protobuf::util::JsonStringToMessage(text, &document).ok();
}

void RequireGoodRefusal(const Failure& failure) {
  Require(failure.reason == FailureReason::kInvalidArgument, "the caller's JSON is the caller's mistake");
  Require(!failure.detail.empty(), "a refusal says why");
  const StatusAnswer answer = AnswerOf(rpc::ToStatus(failure));
  Require(answer.http_code == 400, "a mistake of the caller's is 400");
  Require(IsJson(answer.json), "an error is JSON whatever was sent");
}

/// What gRPC's side makes of the request, as far as it is pure.
template <typename Request>
void Validate(const std::string& wire) {
  Request request;
  Require(request.ParseFromString(wire), "what was converted can be read");
  if (const auto wanted = rpc::FromProto(request); !wanted) {
    Require(!wanted.error().field.empty(), "a refusal of a request names its field");
  }
}

void ValidateRequest(const std::string& type, const std::string& wire) {
  if (type == "AcquireRequest") Validate<v1::AcquireRequest>(wire);
  if (type == "ReportOutcomeRequest") Validate<v1::ReportOutcomeRequest>(wire);
  if (type == "ListFamilyPreferencesRequest") Validate<v1::ListFamilyPreferencesRequest>(wire);
  if (type == "ListRacesRequest") Validate<v1::ListRacesRequest>(wire);
  if (type == "GetReachabilityRequest") Validate<v1::GetReachabilityRequest>(wire);
}

/// The request as JSON again, and back: nothing is lost on the way.
void RequireRoundTrip(const RpcCall& call, const std::string& wire) {
  const auto& type = *call.descriptor->input_type();
  const std::unique_ptr<protobuf::Message> message(
      protobuf::MessageFactory::generated_factory()->GetPrototype(&type)->New());
  std::string json;
  Require(message->ParseFromString(wire), "what was converted is the call's message");
  Require(protobuf::util::MessageToJsonString(*message, &json).ok(), "what came from JSON can go back");
  Require(WireFromJson(call, json) == wire, "JSON of a message is that message");
}

void TryBody(const RpcCall& call, std::string_view json) {
  const auto wire = WireFromJson(call, json);
  if (!wire) return RequireGoodRefusal(wire.error());
  RequireRoundTrip(call, *wire);
  ValidateRequest(call.descriptor->input_type()->name(), *wire);
}

/// Octets in place of the answer: either JSON, or a defect that is said so.
void TryAnswer(const RpcCall& call, std::string_view wire) {
  if (const auto json = JsonFromWire(call, wire)) Require(IsJson(*json), "an answer is JSON");
  const grpc::Status status(grpc::StatusCode::UNAVAILABLE, "m", std::string(wire));
  Require(IsJson(AnswerOf(status).json), "details of any octets give JSON");
}

/// A whole request as it comes from a socket.
void TryRequest(std::string_view octets) {
  static AdminAnswers answers(
      {.metrics = [] { return std::string(); }, .ready = [] { return true; }, .drain = [] {}, .rpc = nullptr}, true);
  http::request_parser<http::string_body> parser;
  parser.header_limit(kMaxHeaderBytes);
  parser.body_limit(kMaxBodyBytes);
  parser.eager(true);
  boost::beast::error_code error;
  parser.put(boost::asio::buffer(octets.data(), octets.size()), error);
  if (error || !parser.is_done()) return;
  const auto answer = answers.Answer(parser.get(), TimePoint(std::chrono::hours(1)));
  if (const auto* const response = std::get_if<HttpResponse>(&answer)) {
    const bool is_json = (*response)[http::field::content_type] == "application/json";
    Require(!is_json || response->body().empty() || IsJson(response->body()), "what is called JSON is JSON");
    return;
  }
  const auto& admitted = std::get<AdmittedCall>(answer);
  Require(parser.get().method() == http::verb::post, "calls are made by POST");
  Require(admitted.request.trace_parent.empty() || telemetry::ReadTraceParent(admitted.request.trace_parent),
          "nothing else becomes metadata");
}

}  // namespace
}  // namespace flowbroker::admin

/// The first octet says what the others are: the body of a call, the answer of one, or a request with its head.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace flowbroker::admin;
  static const CallDirectory directory;
  if (size == 0) return 0;
  const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] >= 0xf0) {
    TryRequest(rest);
    return 0;
  }
  const auto call =
      std::next(directory.calls().begin(), static_cast<std::ptrdiff_t>((data[0] & 0x7fU) % directory.calls().size()));
  if (data[0] < 0x80) {
    TryBody(call->second, rest);
  } else {
    TryAnswer(call->second, rest);
  }
  return 0;
}
