#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include "service/rpc/grpc_log.h"
#include "tests/unit/service/secured_server.h"

namespace flowbroker::rpc {
namespace {

using net::testing::Credential;
using net::testing::MakeCredential;
using net::testing::ToPem;
using testing::HasSubstr;
using RpcCertificatesTest = SecuredServerTest;

TEST_F(RpcCertificatesTest, AnotherCertificateIsUsedByNewConnectionsAndLeavesTheOldOnesAlone) {
  Start();
  const auto old = ConnectAs("DNS:b.example.org");
  ASSERT_TRUE(GetFlow(old).ok());
  const auto old_expiry = server_->CertificateExpiry();
  const Credential renewed =
      MakeCredential({.subject_alt_name = "DNS:localhost,IP:127.0.0.1", .not_after_days = 60}, &foreign_);
  Install(renewed, renewed);
  Write("ca", ToPem(*foreign_.certificate));
  ASSERT_TRUE(server_->ReloadCertificates());
  EXPECT_GT(server_->CertificateExpiry(), old_expiry);
  EXPECT_TRUE(GetFlow(old).ok()) << "connections stay";
  EXPECT_EQ(GetFlow(ConnectAs("DNS:b.example.org")).error_code(), grpc::StatusCode::UNAVAILABLE)
      << "neither side trusts the other any more";
  const Credential theirs = MakeCredential({.subject_alt_name = "DNS:b.example.org"}, &foreign_);
  std::swap(authority_, foreign_);
  EXPECT_TRUE(GetFlow(Connect(&theirs)).ok());
}

TEST_F(RpcCertificatesTest, APairThatDoesNotMatchIsNotUsed) {
  Start();
  const auto expiry = server_->CertificateExpiry();
  Install(ServerCredential(), ServerCredential());
  const auto reloaded = server_->ReloadCertificates();
  ASSERT_FALSE(reloaded);
  EXPECT_THAT(reloaded.error().detail, HasSubstr("does not belong to the certificate"));
  EXPECT_EQ(server_->CertificateExpiry(), expiry);
  EXPECT_TRUE(GetFlow(ConnectAs("DNS:b.example.org")).ok());
}

TEST_F(RpcCertificatesTest, RotationUnderLoadBreaksNoHandshake) {
  Start();
  for (int i = 0; i < 20; ++i) {
    const Credential next = ServerCredential();
    Install(next, next);
    ASSERT_TRUE(server_->ReloadCertificates());
    ASSERT_TRUE(GetFlow(ConnectAs("DNS:b.example.org")).ok());
    ASSERT_TRUE(GetFlow(ConnectAs("DNS:c.example.org")).ok());
  }
}

TEST_F(RpcCertificatesTest, WhyAHandshakeFailedIsLoggedAndNobodyCanFloodTheLog) {
  std::atomic<int> lines = 0;
  std::atomic<bool> explained = false;
  {
    const GrpcLog log([&](std::string_view line) {
      ++lines;
      if (line.find("certificate verify failed") != std::string_view::npos) explained = true;
    });
    Start();
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < 2 * GrpcLog::kLinesPerSecond; ++i) {
      EXPECT_FALSE(GetFlow(ConnectAs("DNS:b.example.org", nullptr, "serverAuth")).ok());
    }
    const auto seconds = (std::chrono::steady_clock::now() - begin) / std::chrono::seconds(1);
    EXPECT_TRUE(explained);
    EXPECT_LE(lines, GrpcLog::kLinesPerSecond * (seconds + 2));
  }
  const int before = lines;
  EXPECT_FALSE(GetFlow(ConnectAs("DNS:b.example.org", nullptr, "serverAuth")).ok());
  EXPECT_EQ(lines, before);
}

TEST_F(RpcCertificatesTest, ABadCertificateKeepsTheServerFromStarting) {
  Install(server_credential_, ServerCredential());
  const auto started = RpcServer::Start(config_, *broker_);
  ASSERT_FALSE(started);
  EXPECT_THAT(started.error().detail, HasSubstr("grpc-private-key-file"));
}

}  // namespace
}  // namespace flowbroker::rpc
