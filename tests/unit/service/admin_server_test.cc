#include "service/admin/admin_server.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <fstream>
#include <string>
#include <vector>

#include "service/admin/http_message.h"
#include "service/rpc/rpc_server.h"
#include "tests/unit/service/fake_broker.h"
#include "tests/unit/service/scratch_directory.h"

namespace flowbroker::admin {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using engine::Eventually;
using engine::FakeBroker;
using testing::AllOf;
using testing::HasSubstr;

/// A caller over HTTP, one connection.
class Caller {
 public:
  explicit Caller(const std::string& address) {
    const std::size_t colon = address.rfind(':');
    socket_.connect({asio::ip::make_address(address.substr(0, colon)),
                     static_cast<std::uint16_t>(std::stoi(address.substr(colon + 1)))});
  }

  void SendText(const std::string& text) { asio::write(socket_, asio::buffer(text)); }

  void Send(const std::string& path, const std::string& json, const std::string& more = {}) {
    SendText("POST " + path + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: " +
             std::to_string(json.size()) + "\r\n" + more + "\r\n" + json);
  }

  HttpResponse Receive() {
    HttpResponse response;
    boost::beast::error_code error;
    http::read(socket_, buffer_, response, error);
    if (error) response.result(http::status::unknown);
    return response;
  }

  HttpResponse Acquire(const std::string& user, const std::string& more = {}) {
    Send("/v1/BrokerService/Acquire", R"({"destination":{"uri":"sip:)" + user + R"(@h"}})", more);
    return Receive();
  }

  /// Whether the other side closed it, once all it said has been read.
  bool IsClosed() {
    char octet = 0;
    boost::beast::error_code error;
    socket_.read_some(asio::buffer(&octet, 1), error);
    return error.failed();
  }

  void Close() { socket_.close(); }

 private:
  asio::io_context context_;
  asio::ip::tcp::socket socket_{context_};
  boost::beast::flat_buffer buffer_;
};

/// The listener, the gRPC side and a fake engine in one process.
class AdminServerTest : public testing::Test {
 protected:
  AdminServerTest() {
    config_.listen = {"unix:" + (directory_ / "socket")};
    config_.admin = "127.0.0.1:0";
    broker_ = *engine::ConnectionBroker::Create({}, nullptr);
    rpc_ = *rpc::RpcServer::Start(config_, *broker_);
    rpc_->SetServing(true);
    Start();
  }

  ~AdminServerTest() override {
    if (admin_) admin_->RefuseCalls();
    rpc_->Drain(Duration::zero());
    broker_->Stop();
    admin_.reset();
    rpc_.reset();
  }

  void Start() {
    admin_ = *AdminServer::Start(config_, {.metrics = [] { return std::string(); },
                                           .ready = [] { return true; },
                                           .drain = [] {},
                                           .rpc = rpc_->InProcessChannel(),
                                           .on_limit = [this](AdminLimit) { ++limits_; }});
  }

  ScratchDirectory directory_;
  config::ServiceConfig config_;
  std::atomic<int> limits_ = 0;
  std::unique_ptr<engine::ConnectionBroker> broker_;
  std::unique_ptr<rpc::RpcServer> rpc_;
  std::unique_ptr<AdminServer> admin_;
};

TEST_F(AdminServerTest, AnswersAnAcquireAtOnceAndLater) {
  Caller caller(admin_->address());
  for (const char* user : {"pooled", "later", "pooled"}) {
    const HttpResponse response = caller.Acquire(user);
    ASSERT_EQ(response.result(), http::status::ok) << response.body();
    EXPECT_THAT(response.body(), HasSubstr("\"flowId\":\"" + FakeBroker::KnownFlow().ToString()));
    EXPECT_THAT(response.body(), HasSubstr("\"address\":\"192.0.2.1\""));
  }
}

TEST_F(AdminServerTest, AFailedAcquireCarriesItsTrace) {
  const HttpResponse response = Caller(admin_->address()).Acquire("fail");
  EXPECT_EQ(response.result(), http::status::service_unavailable);
  EXPECT_THAT(response.body(), AllOf(HasSubstr("type.googleapis.com/flowbroker.v1.Trace"),
                                     HasSubstr("\"failure\":\"timed_out\""), HasSubstr("\"code\":14")));
}

TEST_F(AdminServerTest, TheCallSaysWhatIsWrongWithARequest) {
  const HttpResponse response = Caller(admin_->address()).Acquire("\\u0000");
  EXPECT_EQ(response.result(), http::status::bad_request);
  EXPECT_THAT(response.body(), HasSubstr(R"("field":"destination.uri")"));
}

TEST_F(AdminServerTest, ACallerThatGoesAwayEndsItsCall) {
  {
    Caller caller(admin_->address());
    caller.Send("/v1/BrokerService/Acquire", R"({"destination":{"uri":"sip:never@h"}})");
    ASSERT_TRUE(Eventually([] { return FakeBroker::Last().waiting() == 1; }));
  }
  EXPECT_TRUE(Eventually([] { return FakeBroker::Last().cancelled() == 1; }));
}

TEST_F(AdminServerTest, TheTimeoutOfTheRequestIsThatOfTheCall) {
  Caller caller(admin_->address());
  const HttpResponse response = caller.Acquire("never", "Grpc-Timeout: 50m\r\n");
  EXPECT_EQ(response.result(), http::status::gateway_timeout);
  EXPECT_TRUE(Eventually([] { return FakeBroker::Last().cancelled() == 1; }));
  EXPECT_EQ(caller.Acquire("pooled", "Grpc-Timeout: 48H\r\n").result(), http::status::bad_request);
}

TEST_F(AdminServerTest, ManyCallsAreInFlightBesideEachOther) {
  std::vector<std::unique_ptr<Caller>> callers;
  for (int i = 0; i < 50; ++i) {
    callers.push_back(std::make_unique<Caller>(admin_->address()));
    callers.back()->Send("/v1/BrokerService/Acquire", R"({"destination":{"uri":"sip:never@h"}})");
  }
  ASSERT_TRUE(Eventually([] { return FakeBroker::Last().waiting() == 50; }));
  EXPECT_EQ(Caller(admin_->address()).Acquire("pooled").result(), http::status::ok);
}

TEST_F(AdminServerTest, RequestsThatComeEarlyAreAnsweredInTurn) {
  Caller caller(admin_->address());
  for (const char* user : {"later", "pooled", "fail", "later"}) {
    caller.Send("/v1/BrokerService/Acquire", R"({"destination":{"uri":"sip:)" + std::string(user) + R"(@h"}})");
  }
  EXPECT_EQ(caller.Receive().result(), http::status::ok);
  EXPECT_EQ(caller.Receive().result(), http::status::ok);
  EXPECT_EQ(caller.Receive().result(), http::status::service_unavailable);
  EXPECT_EQ(caller.Receive().result(), http::status::ok);
}

TEST_F(AdminServerTest, WhatIsTooLongIsRefusedBeforeItIsRead) {
  Caller body(admin_->address());
  body.SendText("POST /v1/BrokerService/Acquire HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n" +
                std::string(100'000, 'x'));
  EXPECT_EQ(body.Receive().result(), http::status::payload_too_large);
  Caller chunks(admin_->address());
  chunks.SendText("POST /drain HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n18000\r\n" +
                  std::string(0x18000, 'x') + "\r\n");
  EXPECT_EQ(chunks.Receive().result(), http::status::payload_too_large);
  Caller header(admin_->address());
  header.SendText("GET / HTTP/1.1\r\nHost: localhost\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n");
  EXPECT_EQ(header.Receive().result(), http::status::request_header_fields_too_large);
  Caller nonsense(admin_->address());
  nonsense.SendText("\x16\x03\x01 hello\r\n\r\n");
  EXPECT_EQ(nonsense.Receive().result(), http::status::bad_request);
}

TEST_F(AdminServerTest, ABodyIsAskedForWhereTheCallerWaitsForThat) {
  Caller caller(admin_->address());
  caller.SendText(
      "POST /v1/FlowService/ListFlows HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Content-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(caller.Receive().result(), http::status::continue_);
  caller.SendText("{}");
  EXPECT_EQ(caller.Receive().result(), http::status::ok);
}

TEST_F(AdminServerTest, WhoSendsNothingMakesRoomForWhoDoes) {
  std::vector<std::unique_ptr<Caller>> idle;
  for (std::size_t i = 0; i < kMaxConnections; ++i) {
    idle.push_back(std::make_unique<Caller>(admin_->address()));
    idle.back()->SendText("GET /healthz HTT");
  }
  Caller late(admin_->address());
  late.SendText("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(late.Receive().result(), http::status::ok);
  EXPECT_TRUE(idle.front()->IsClosed());
  EXPECT_EQ(limits_, 1);
  idle.back()->SendText("P/1.1\r\n\r\n");
  EXPECT_EQ(idle.back()->Receive().result(), http::status::ok);
}

TEST_F(AdminServerTest, ANewTokenAndRateAreTakenWhileItRuns) {
  config_.admin_token_file = directory_ / "token";
  EXPECT_FALSE(admin_->Apply(config_));  // there is no such file: all stays as it was
  Caller caller(admin_->address());
  EXPECT_EQ(caller.Acquire("pooled").result(), http::status::ok);
  for (const std::string token : {"0123456789abcdef", "fedcba9876543210"}) {
    std::ofstream(config_.admin_token_file) << token << "\n";
    ASSERT_TRUE(admin_->Apply(config_));
    EXPECT_EQ(caller.Acquire("pooled").result(), http::status::unauthorized);
    EXPECT_EQ(caller.Acquire("pooled", "Authorization: Bearer " + token + "\r\n").result(), http::status::ok);
  }
  config_.admin_token_file.clear();
  config_.admin_calls_per_second = 1;
  ASSERT_TRUE(admin_->Apply(config_));
  EXPECT_EQ(caller.Acquire("pooled").result(), http::status::ok);
  EXPECT_EQ(caller.Acquire("pooled").result(), http::status::too_many_requests);
}

TEST_F(AdminServerTest, EndsWithCallsInFlight) {
  Caller caller(admin_->address());
  caller.Send("/v1/BrokerService/Acquire", R"({"destination":{"uri":"sip:never@h"}})");
  ASSERT_TRUE(Eventually([] { return FakeBroker::Last().waiting() == 1; }));
  admin_.reset();
  EXPECT_TRUE(caller.IsClosed());
  EXPECT_TRUE(Eventually([] { return FakeBroker::Last().cancelled() == 1; }));
}

TEST_F(AdminServerTest, WhileTheGrpcSideEndsCallsFinishAndNewOnesAreRefused) {
  Caller caller(admin_->address());
  Caller early(admin_->address());
  early.Send("/v1/BrokerService/Acquire", R"({"destination":{"uri":"sip:never@h"}})");
  ASSERT_TRUE(Eventually([] { return FakeBroker::Last().waiting() == 1; }));
  admin_->RefuseCalls();
  rpc_->Drain(Duration::zero());
  EXPECT_NE(early.Receive().result(), http::status::ok);
  const HttpResponse response = caller.Acquire("pooled");
  EXPECT_EQ(response.result(), http::status::service_unavailable);
  EXPECT_EQ(response[http::field::retry_after], "1");
  EXPECT_THAT(response.body(), HasSubstr("DRAINING"));
}

TEST_F(AdminServerTest, AStartThatCannotBeSaysWhy) {
  const auto start = [this] {
    return AdminServer::Start(config_, {.metrics = {}, .ready = {}, .drain = {}, .rpc = {}});
  };
  config_.admin = admin_->address();
  EXPECT_THAT(start().error().detail, HasSubstr("cannot listen on " + admin_->address()));
  config_.admin = "nowhere";
  EXPECT_THAT(start().error().detail, HasSubstr("admin: "));
  config_.admin = "127.0.0.1:0";
  config_.admin_token_file = directory_ / "none";
  EXPECT_THAT(start().error().detail, HasSubstr("admin-token-file"));
}

}  // namespace
}  // namespace flowbroker::admin
