#include "clients/cli/drain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>

namespace flowbroker::cli {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using testing::HasSubstr;

/// An admin port that takes one connection and gives one answer; empty: none.
class AdminPort {
 public:
  explicit AdminPort(std::string answer)
      : address("127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port())),
        thread_([this, answer = std::move(answer)] { Serve(answer); }) {}
  ~AdminPort() { thread_.join(); }

  /// What was asked, once the caller is done.
  std::string Request() {
    thread_.join();
    thread_ = std::thread([] {});
    return request_;
  }

 private:
  void Serve(const std::string& answer) {
    tcp::socket socket = acceptor_.accept();
    acceptor_.close();
    std::array<char, 4096> octets{};
    boost::system::error_code error;
    while (!request_.ends_with("\r\n\r\n") && !error)
      request_.append(octets.data(), socket.read_some(asio::buffer(octets), error));
    if (!answer.empty()) asio::write(socket, asio::buffer(answer), error);
    while (!error) socket.read_some(asio::buffer(octets), error);  // until the caller is done
  }

  asio::io_context context_;
  tcp::acceptor acceptor_{context_, {asio::ip::make_address("127.0.0.1"), 0}};
  std::string request_;

 public:
  const std::string address;

 private:
  std::thread thread_;
};

std::string Answer(const std::string& status, const std::string& body) {
  return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

class DrainTest : public testing::Test {
 protected:
  ExitCode Drain(const std::string& address) {
    asked_.admin = address;
    return RunDrain(asked_, out_, err_);
  }

  Invocation asked_;
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(DrainTest, PostsAndSaysSo) {
  AdminPort admin(Answer("200 OK", R"({"draining":true})"));
  EXPECT_EQ(Drain(admin.address), ExitCode::kOk) << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("drains"));
  const std::string request = admin.Request();
  EXPECT_THAT(request, testing::StartsWith("POST /drain HTTP/1.1\r\n"));
  EXPECT_THAT(request, HasSubstr("Host: " + admin.address));
  EXPECT_THAT(request, HasSubstr("Content-Type: application/json"));
}

TEST_F(DrainTest, ShowsTheFirstLineOfTheTokenFile) {
  asked_.token_file = testing::TempDir() + "flowctl-drain-token";
  std::ofstream(asked_.token_file) << " 0123456789abcdef \nmore\n";
  asked_.json = true;
  AdminPort admin(Answer("200 OK", R"({"draining":true})"));
  EXPECT_EQ(Drain(admin.address), ExitCode::kOk);
  EXPECT_EQ(out_.str(), "{\"draining\":true}\n");
  EXPECT_THAT(admin.Request(), HasSubstr("Authorization: Bearer 0123456789abcdef\r\n"));
}

TEST_F(DrainTest, ARefusalIsToldInTheBrokersWords) {
  AdminPort admin(Answer("401 Unauthorized", R"({"code":16,"message":"a token \u001b[31mis needed","details":[]})"));
  EXPECT_EQ(Drain(admin.address), ExitCode::kOther);
  EXPECT_THAT(err_.str(), HasSubstr("HTTP 401: a token "));
  EXPECT_EQ(err_.str().find('\x1b'), std::string::npos);
  EXPECT_EQ(out_.str(), "");
}

TEST_F(DrainTest, ABrokerThatIsNotThereIsUnreachable) {
  asio::io_context context;
  const tcp::socket closed(context, tcp::endpoint(asio::ip::make_address("127.0.0.1"), 0));  // bound, nobody listens
  const std::string address = "127.0.0.1:" + std::to_string(closed.local_endpoint().port());
  EXPECT_EQ(Drain(address), ExitCode::kBrokerUnreachable);
  EXPECT_THAT(err_.str(), HasSubstr("cannot reach the admin port at " + address));
}

TEST_F(DrainTest, ABrokerThatDoesNotAnswerRunsIntoTheTimeout) {
  AdminPort admin("");
  asked_.timeout = 0.05;
  EXPECT_EQ(Drain(admin.address), ExitCode::kDeadlineExceeded);
}

TEST_F(DrainTest, WhatCannotBeAskedIsWrongUsage) {
  EXPECT_EQ(Drain("localhost"), ExitCode::kUsage);
  asked_.token_file = "/no/such/file";
  EXPECT_EQ(Drain("127.0.0.1:1"), ExitCode::kUsage);
  EXPECT_THAT(err_.str(), HasSubstr("/no/such/file"));
}

TEST_F(DrainTest, WaitsNoLongerThanTheBrokerIsThere) {
  asked_.wait = 3600;
  AdminPort admin(Answer("200 OK", "{}"));  // stops listening after its one connection
  EXPECT_EQ(Drain(admin.address), ExitCode::kOk);
}

}  // namespace
}  // namespace flowbroker::cli
