#include "service/admin/admin_answer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/beast/http.hpp>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace flowbroker::admin {
namespace {

namespace http = boost::beast::http;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kToken = "0123456789abcdef";

/// Everything but the sockets.
class AdminAnswerTest : public testing::Test {
 protected:
  AdminHandlers Handlers() {
    return {
        .metrics = [] { return std::string("metric 1\n"); },
        .ready = [this] { return ready_; },
        .drain =
            [this] {
              ready_ = false;
              ++drains_;
            },
        .rpc = nullptr,
        .on_answer = [this](std::string_view subject,
                            unsigned code) { counted_.push_back(std::string(subject) + " " + std::to_string(code)); },
        .on_limit = [this](AdminLimit limit) { limits_.push_back(limit); }};
  }

  using Headers = std::map<std::string, std::string>;

  static HttpRequest Request(http::verb method, const char* target, const Headers& headers = {},
                             const std::string& body = {}) {
    HttpRequest request(method, target, 11);
    request.set(http::field::host, "127.0.0.1:7461");
    for (const auto& [name, value] : headers) request.set(name, value);
    request.body() = body;
    return request;
  }

  HttpResponse Ask(AdminAnswers& answers, const HttpRequest& request) {
    return std::get<HttpResponse>(answers.Answer(request, now_));
  }
  HttpResponse Ask(http::verb method, const char* target, const Headers& headers = {}, const std::string& body = {}) {
    return Ask(answers_, Request(method, target, headers, body));
  }

  static HttpRequest Acquire(Headers headers = {}, const std::string& body = R"({"destination":{"uri":"sip:h"}})") {
    headers.emplace("Content-Type", "application/json");
    return Request(http::verb::post, "/v1/BrokerService/Acquire", headers, body);
  }

  /// 200 where the call goes on to gRPC.
  unsigned Verdict(AdminAnswers& answers, const HttpRequest& request) {
    const auto answer = answers.Answer(request, now_);
    const auto* const response = std::get_if<HttpResponse>(&answer);
    return response == nullptr ? 200 : response->result_int();
  }

  bool ready_ = true;
  int drains_ = 0;
  std::vector<std::string> counted_;
  std::vector<AdminLimit> limits_;
  TimePoint now_{std::chrono::hours(1)};
  AdminAnswers answers_{Handlers(), true};
};

TEST_F(AdminAnswerTest, ServesMetrics) {
  const HttpResponse response = Ask(http::verb::get, "/metrics?x=y");
  EXPECT_EQ(response.result(), http::status::ok);
  EXPECT_EQ(response.body(), "metric 1\n");
}

TEST_F(AdminAnswerTest, AFloodOfScrapesIsBoundedAndProbesAreStillAnswered) {
  int answered = 0;
  while (Ask(http::verb::get, "/metrics").result() == http::status::ok && answered < 1000) ++answered;
  EXPECT_EQ(answered, 50);
  EXPECT_EQ(Ask(http::verb::get, "/metrics").result(), http::status::too_many_requests);
  EXPECT_THAT(limits_, testing::Each(AdminLimit::kRate));
  EXPECT_EQ(Ask(http::verb::get, "/healthz").result(), http::status::ok);
  EXPECT_EQ(Ask(http::verb::post, "/drain").result(), http::status::ok);
  now_ += std::chrono::milliseconds(20);
  EXPECT_EQ(Ask(http::verb::get, "/metrics").result(), http::status::ok);
}

TEST_F(AdminAnswerTest, IsHealthyEvenWhenNotReady) {
  EXPECT_EQ(Ask(http::verb::get, "/readyz").result(), http::status::ok);
  ready_ = false;
  EXPECT_EQ(Ask(http::verb::get, "/readyz").result(), http::status::service_unavailable);
  EXPECT_EQ(Ask(http::verb::get, "/healthz").result(), http::status::ok);
}

TEST_F(AdminAnswerTest, TheIndexLeadsToEveryPageAndUnaryCall) {
  const std::string body = Ask(http::verb::get, "/").body();
  for (const char* path : {"/healthz", "/readyz", "/metrics", "/drain", "/v1/HistoryService/ListRaces"}) {
    EXPECT_THAT(body, HasSubstr(path));
  }
  EXPECT_THAT(body, testing::Not(HasSubstr("Relay")));
}

TEST_F(AdminAnswerTest, HeadHasTheLengthWithoutTheBody) {
  const HttpResponse response = Ask(http::verb::head, "/metrics");
  EXPECT_EQ(response.body(), "");
  EXPECT_EQ(response[http::field::content_length], "9");
}

TEST_F(AdminAnswerTest, OtherMethodsAreToldWhatIsAllowed) {
  EXPECT_EQ(Ask(http::verb::post, "/metrics")[http::field::allow], "GET, HEAD");
  for (const char* path : {"/drain", "/v1/BrokerService/Acquire"}) {
    for (const auto method : {http::verb::get, http::verb::head, http::verb::put, http::verb::options}) {
      const HttpResponse response = Ask(method, path);
      EXPECT_EQ(response.result(), http::status::method_not_allowed);
      EXPECT_EQ(response[http::field::allow], "POST");
    }
  }
  EXPECT_EQ(drains_, 0);
}

TEST_F(AdminAnswerTest, WhatIsNotThereIsNotFound) {
  for (const char* path : {"/etc/passwd", "", "/drain/", "//", "/v1"}) {
    EXPECT_EQ(Ask(http::verb::get, path).result(), http::status::not_found) << path;
  }
  for (const char* path :
       {"/v1/", "/v1/BrokerService", "/v1/BrokerService/acquire", "/v1/grpc.health.v1.Health/Check"}) {
    EXPECT_EQ(Ask(http::verb::post, path).result(), http::status::not_found) << path;
  }
}

TEST_F(AdminAnswerTest, ACallBecomesARequestToGrpc) {
  const char* const parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  auto answer = answers_.Answer(Acquire({{"Grpc-Timeout", "500m"}, {"traceparent", parent}}), now_);
  const auto* const admitted = std::get_if<AdmittedCall>(&answer);
  ASSERT_NE(admitted, nullptr);
  EXPECT_EQ(admitted->request.grpc_method, "/flowbroker.v1.BrokerService/Acquire");
  EXPECT_EQ(admitted->request.timeout, std::chrono::milliseconds(500));
  EXPECT_EQ(admitted->request.trace_parent, parent);
  EXPECT_THAT(admitted->request.wire, HasSubstr("sip:h"));
}

TEST_F(AdminAnswerTest, ATraceParentThatIsNoneIsIgnored) {
  auto answer = answers_.Answer(Acquire({{"traceparent", "\xff junk"}}), now_);
  EXPECT_EQ(std::get<AdmittedCall>(answer).request.trace_parent, "");
}

TEST_F(AdminAnswerTest, StreamsAreServedOverGrpcOnly) {
  const HttpResponse response = Ask(http::verb::post, "/v1/FlowService/Relay");
  EXPECT_EQ(response.result(), http::status::not_implemented);
  EXPECT_THAT(response.body(), AllOf(HasSubstr("\"code\":12"), HasSubstr("gRPC")));
}

TEST_F(AdminAnswerTest, AMistakeInTheRequestIsInvalidArgumentAndNamesTheField) {
  const HttpResponse unknown = Ask(answers_, Acquire({}, R"({"destination":{"url":"sip:h"}})"));
  EXPECT_EQ(unknown.result(), http::status::bad_request);
  EXPECT_THAT(unknown.body(), AllOf(HasSubstr("\"code\":3"), HasSubstr(R"("field":"destination.url")")));
  const HttpResponse timeout = Ask(answers_, Acquire({{"Grpc-Timeout", "soon"}}));
  EXPECT_EQ(timeout.result(), http::status::bad_request);
  EXPECT_THAT(timeout.body(), HasSubstr("Grpc-Timeout"));
}

TEST_F(AdminAnswerTest, DrainsOnPostAsOftenAsAsked) {
  EXPECT_EQ(Ask(http::verb::post, "/drain").body(), R"({"draining":true})");
  EXPECT_EQ(Ask(http::verb::post, "/drain").result(), http::status::ok);
  EXPECT_EQ(drains_, 2);
  EXPECT_EQ(Ask(http::verb::get, "/readyz").result(), http::status::service_unavailable);
}

TEST_F(AdminAnswerTest, WithATokenNobodyCallsOrDrainsWithoutIt) {
  answers_.access().SetToken(*BearerToken::Parse(kToken));
  const HttpResponse none = Ask(answers_, Acquire());
  EXPECT_EQ(none.result(), http::status::unauthorized);
  EXPECT_THAT(std::string(none[http::field::www_authenticate]), HasSubstr("Bearer"));
  EXPECT_THAT(none.body(), AllOf(HasSubstr("\"code\":16"), testing::Not(HasSubstr(kToken))));
  EXPECT_EQ(Verdict(answers_, Acquire({{"Authorization", "Bearer wrong"}})), 401U);
  EXPECT_EQ(Ask(http::verb::post, "/drain").result(), http::status::unauthorized);
  EXPECT_EQ(Ask(http::verb::post, "/v1/No/Such").result(), http::status::unauthorized);
  EXPECT_EQ(drains_, 0);
  const std::string authorization = std::string("Bearer ") + kToken;
  EXPECT_EQ(Verdict(answers_, Acquire({{"Authorization", authorization}})), 200U);
  EXPECT_EQ(Ask(http::verb::post, "/drain", {{"Authorization", authorization}}).result(), http::status::ok);
}

TEST_F(AdminAnswerTest, ProbesAndMetricsNeedNoToken) {
  answers_.access().SetToken(*BearerToken::Parse(kToken));
  for (const char* path : {"/", "/healthz", "/readyz", "/metrics"}) {
    EXPECT_EQ(Ask(http::verb::get, path).result(), http::status::ok) << path;
  }
}

TEST_F(AdminAnswerTest, OffLoopbackCallsNeedATokenAndTheAnswerSaysWhichSetting) {
  AdminAnswers exposed(Handlers(), false);
  const HttpResponse refused = Ask(exposed, Acquire());
  EXPECT_EQ(refused.result(), http::status::forbidden);
  EXPECT_THAT(refused.body(), HasSubstr("admin-token-file"));
  EXPECT_EQ(Ask(exposed, Request(http::verb::post, "/drain")).result(), http::status::forbidden);
  EXPECT_EQ(drains_, 0);
  EXPECT_EQ(Ask(exposed, Request(http::verb::get, "/metrics")).result(), http::status::ok);
  exposed.access().SetToken(*BearerToken::Parse(kToken));
  EXPECT_EQ(Verdict(exposed, Acquire({{"Authorization", std::string("Bearer ") + kToken}, {"Host", "pod.example"}})),
            200U);
}

TEST_F(AdminAnswerTest, PagesInABrowserCannotCall) {
  EXPECT_EQ(Verdict(answers_, Acquire({{"Origin", "https://evil.example"}})), 403U);
  EXPECT_EQ(Verdict(answers_, Acquire({{"Origin", "null"}})), 403U);
  EXPECT_EQ(Verdict(answers_, Acquire({{"Host", "evil.example:7461"}})), 403U);  // DNS rebinding
  EXPECT_EQ(Verdict(answers_, Acquire({{"Host", "evil.example"}, {"Origin", "http://evil.example"}})), 403U);
  EXPECT_EQ(Verdict(answers_, Acquire({{"Host", "127.evil.example"}})), 403U);
  EXPECT_EQ(Verdict(answers_, Acquire({{"Host", "192.0.2.1"}})), 403U);
  EXPECT_EQ(Ask(http::verb::post, "/drain", {{"Origin", "http://a"}}).result(), http::status::forbidden);
  EXPECT_EQ(Ask(http::verb::post, "/drain", {{"Content-Type", "text/plain"}}).result(),
            http::status::unsupported_media_type);
  EXPECT_EQ(drains_, 0);
}

TEST_F(AdminAnswerTest, ThisHostHasManyNames) {
  for (const char* host : {"localhost", "LocalHost:7461", "127.0.0.1", "127.1.2.3:1", "[::1]", "[::1]:7461"}) {
    EXPECT_EQ(Verdict(answers_, Acquire({{"Host", host}})), 200U) << host;
  }
  EXPECT_EQ(Verdict(answers_, Acquire({{"Origin", "http://127.0.0.1:7461"}})), 200U);
  HttpRequest two = Acquire();
  two.insert(http::field::host, "evil.example");
  EXPECT_EQ(Verdict(answers_, two), 400U);
}

TEST_F(AdminAnswerTest, ABodyIsJsonAndSaysSo) {
  EXPECT_EQ(Verdict(answers_, Acquire({{"Content-Type", "Application/JSON ; charset=utf-8"}})), 200U);
  for (const char* type : {"text/plain", "application/x-www-form-urlencoded", "application/jsonx", ""}) {
    EXPECT_EQ(Verdict(answers_, Acquire({{"Content-Type", type}})), 415U) << type;
  }
  EXPECT_EQ(Verdict(answers_, Request(http::verb::post, "/v1/FlowService/ListFlows", {}, "{}")), 415U);
  EXPECT_EQ(Verdict(answers_, Request(http::verb::post, "/v1/FlowService/ListFlows")), 200U);  // nothing to misread
}

TEST_F(AdminAnswerTest, CallsBeyondTheRateAreToldToComeBack) {
  answers_.limits().SetRate(3);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Verdict(answers_, Acquire()), 200U);
  const HttpResponse refused = Ask(answers_, Acquire());
  EXPECT_EQ(refused.result(), http::status::too_many_requests);
  EXPECT_EQ(refused[http::field::retry_after], "1");
  EXPECT_THAT(refused.body(), HasSubstr("admin-calls-per-second"));
  EXPECT_THAT(limits_, ElementsAre(AdminLimit::kRate));
  EXPECT_EQ(Ask(http::verb::post, "/drain").result(), http::status::ok);  // an operator always gets through
  now_ += std::chrono::seconds(1);
  EXPECT_EQ(Verdict(answers_, Acquire()), 200U);
  answers_.limits().SetRate(0);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(Verdict(answers_, Acquire()), 200U);
}

TEST_F(AdminAnswerTest, CallsInFlightAreBounded) {
  std::vector<AdmittedCall> in_flight;
  for (std::size_t i = 0; i < kMaxCallsInFlight; ++i) {
    in_flight.push_back(std::get<AdmittedCall>(answers_.Answer(Acquire(), now_)));
  }
  EXPECT_EQ(Verdict(answers_, Acquire()), 429U);
  EXPECT_THAT(limits_, ElementsAre(AdminLimit::kCalls));
  in_flight.pop_back();
  EXPECT_EQ(Verdict(answers_, Acquire()), 200U);
}

TEST_F(AdminAnswerTest, AnswersOfGrpcAreJsonBothWays) {
  const HttpRequest request = Acquire();
  auto answer = answers_.Answer(request, now_);
  const RpcCall& call = *std::get<AdmittedCall>(answer).call;
  const HttpResponse good = answers_.AnswerOf(request, call, grpc::Status::OK,
                                              "\x0a\x01"
                                              "f");
  EXPECT_EQ(good.result(), http::status::ok);
  EXPECT_EQ(good[http::field::content_type], "application/json");
  EXPECT_THAT(good.body(), HasSubstr(R"("flowId":"f")"));
  const HttpResponse bad = answers_.AnswerOf(request, call, {grpc::StatusCode::NOT_FOUND, "no such name"}, "");
  EXPECT_EQ(bad.result(), http::status::not_found);
  EXPECT_THAT(bad.body(), HasSubstr("no such name"));
}

TEST_F(AdminAnswerTest, EveryAnswerIsCountedUnderItsSubject) {
  Ask(http::verb::get, "/");
  Ask(http::verb::get, "/healthz");
  Ask(http::verb::get, "/some/name/of/the/callers");
  Ask(http::verb::get, "/v1/x");
  Ask(http::verb::post, "/drain");
  answers_.Unreadable(413, "too long");
  const HttpRequest request = Acquire();
  auto answer = answers_.Answer(request, now_);
  const RpcCall& call = *std::get<AdmittedCall>(answer).call;
  EXPECT_THAT(counted_, testing::Not(testing::Contains("call 200")));  // not before its answer is there
  answers_.AnswerOf(request, call, grpc::Status::OK, "");
  EXPECT_THAT(counted_,
              ElementsAre("index 200", "healthz 200", "other 404", "call 405", "drain 200", "other 413", "call 200"));
}

}  // namespace
}  // namespace flowbroker::admin
