// New certificates for a running broker, on real sockets.

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <chrono>
#include <fstream>
#include <future>
#include <string>
#include <thread>

#include "broker/engine/connection_broker.h"
#include "tests/unit/engine/loopback_peer.h"
#include "tests/unit/net/test_certificates.h"
#include "tests/unit/net/tls_test_server.h"

namespace flowbroker::engine {
namespace {

using net::testing::Credential;
using net::testing::MakeCredential;
using net::testing::Owned;
using net::testing::TemporaryFile;
using net::testing::TlsTestServer;
using net::testing::ToPem;
using std::chrono::seconds;

void Write(const TemporaryFile& file, const std::string& content) {
  std::ofstream(file.path(), std::ios::binary | std::ios::trunc) << content;
}

/// A broker whose certificate is checked by its peer.
class TlsReloadTest : public ::testing::Test {
 protected:
  /// The peer's end of one connection.
  struct Session {
    Descriptor connection;
    Owned<SSL> ssl;

    std::string ClientName() const {
      const Owned<X509> certificate(SSL_get1_peer_certificate(ssl.get()));
      char name[64] = "";
      X509_NAME_get_text_by_NID(X509_get_subject_name(certificate.get()), NID_commonName, name, sizeof(name));
      return name;
    }
    std::string Read() const {
      char buffer[4096];
      const int count = SSL_read(ssl.get(), buffer, sizeof(buffer));
      return count > 0 ? std::string(buffer, static_cast<std::size_t>(count)) : "";
    }
  };

  TlsReloadTest() {
    server_.RequireClientCertificate(*ca_.certificate);
    BrokerOptions options;
    options.shards = 2;
    options.live.egress.allow.push_back(*location::EgressRule::Parse("127.0.0.0/8"));
    options.tls = {
        .ca_file = ca_file_.path(), .certificate_file = certificate_.path(), .private_key_file = key_.path()};
    broker_ = std::move(*ConnectionBroker::Create(options, nullptr));
  }

  void WritePair(const Credential& credential) {
    Write(certificate_, ToPem(*credential.certificate));
    Write(key_, ToPem(*credential.key));
  }

  /// A new connection of the broker.
  std::pair<flow::FlowId, Session> Connect() {
    std::promise<AcquireResult> promise;
    AcquireRequest request{
        .destination = {.to = *sip::SipUri::Parse("sips:127.0.0.1:" + std::to_string(peer_.port()))}};
    request.exclusive = true;
    request.deadline = broker_->Now() + seconds(10);
    broker_->Acquire(std::move(request), [&](AcquireResult answer) { promise.set_value(std::move(answer)); });
    Session session{peer_.Accept(), Owned<SSL>(SSL_new(server_.context()))};
    SSL_set_fd(session.ssl.get(), session.connection.get());
    EXPECT_EQ(SSL_accept(session.ssl.get()), 1);
    const AcquireResult result = promise.get_future().get();
    if (!result.flow) throw std::runtime_error(result.flow.error().ToString());
    return {result.flow->id, std::move(session)};
  }

  class NoSink final : public RelaySink {
    bool Offer(InboundMessage& /*message*/) override { return true; }
  };

  const Credential ca_ = MakeCredential({.common_name = "Test CA", .is_ca = true}, nullptr);
  const Credential first_ = MakeCredential({.common_name = "first", .not_after_days = 10}, &ca_);
  const Credential second_ = MakeCredential({.common_name = "second", .not_after_days = 20}, &ca_);
  const TemporaryFile ca_file_{ToPem(*ca_.certificate)};
  const TemporaryFile certificate_{ToPem(*first_.certificate)};
  const TemporaryFile key_{ToPem(*first_.key)};
  TlsTestServer server_{MakeCredential({.subject_alt_name = "IP:127.0.0.1"}, &ca_)};
  LoopbackPeer peer_;
  std::unique_ptr<ConnectionBroker> broker_;
};

TEST_F(TlsReloadTest, NewConnectionsShowTheNewCertificateAndExistingOnesLiveOn) {
  const auto [flow, session] = Connect();
  EXPECT_EQ(session.ClientName(), "first");
  WritePair(second_);
  ASSERT_TRUE(broker_->ReloadTls());
  for (int i = 0; i < 4; ++i) EXPECT_EQ(Connect().second.ClientName(), "second");
  const std::string message =
      "OPTIONS sip:peer SIP/2.0\r\nVia: SIP/2.0/TLS 127.0.0.1;branch=z9hG4bK1\r\n"
      "From: <sip:a@a>;tag=1\r\nTo: <sip:b@b>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\n"
      "Content-Length: 0\r\n\r\n";
  const RelayId relay = broker_->AttachRelay({}, std::make_shared<NoSink>());
  const OutboundMessage outbound{flow, message};
  ASSERT_TRUE(broker_->Send(relay, {&outbound, 1}).empty());
  EXPECT_EQ(session.Read(), message);
}

TEST_F(TlsReloadTest, APairThatDoesNotMatchLeavesTheOldOne) {
  Write(certificate_, ToPem(*second_.certificate));  // the key comes a moment later, as renewals do
  const auto refused = broker_->ReloadTls();
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().detail.find("does not belong to the certificate"), std::string::npos);
  EXPECT_EQ(Connect().second.ClientName(), "first");
  Write(key_, ToPem(*second_.key));
  EXPECT_TRUE(broker_->ReloadTls());
  EXPECT_EQ(Connect().second.ClientName(), "second");
}

TEST_F(TlsReloadTest, FilesThatCannotBeReadLeaveTheOldOnes) {
  for (const std::string& content :
       {std::string(), std::string("garbage"), ToPem(*first_.certificate).substr(0, 100)}) {
    Write(certificate_, content);
    EXPECT_FALSE(broker_->ReloadTls()) << content;
  }
  Write(certificate_, ToPem(*second_.certificate));
  Write(key_, ToPem(*second_.key));
  Write(ca_file_, "garbage");
  EXPECT_FALSE(broker_->ReloadTls()) << "all or nothing";
  EXPECT_EQ(Connect().second.ClientName(), "first");
}

TEST_F(TlsReloadTest, ATrustTakenBackIsNotResumedAround) {
  Connect();
  const Credential other_ca = MakeCredential({.common_name = "Other CA", .is_ca = true}, nullptr);
  Write(ca_file_, ToPem(*other_ca.certificate));
  ASSERT_TRUE(broker_->ReloadTls());
  std::promise<AcquireResult> promise;
  AcquireRequest request{.destination = {.to = *sip::SipUri::Parse("sips:127.0.0.1:" + std::to_string(peer_.port()))}};
  request.exclusive = true;
  request.deadline = broker_->Now() + seconds(10);
  broker_->Acquire(std::move(request), [&](AcquireResult answer) { promise.set_value(std::move(answer)); });
  const Descriptor connection = peer_.Accept();
  const Owned<SSL> ssl(SSL_new(server_.context()));
  SSL_set_fd(ssl.get(), connection.get());
  EXPECT_NE(SSL_accept(ssl.get()), 1);
  const AcquireResult result = promise.get_future().get();
  ASSERT_FALSE(result.flow);
  EXPECT_EQ(result.flow.error().reason, FailureReason::kCertificateUntrusted) << result.flow.error().ToString();
}

TEST_F(TlsReloadTest, TheExpiryIsThatOfTheCertificateInUse) {
  const auto days_left = [this] {
    const auto left = *broker_->TlsCertificateExpiry() - std::chrono::system_clock::now();
    return std::chrono::round<std::chrono::hours>(left).count() / 24;
  };
  EXPECT_EQ(days_left(), 10);
  Write(certificate_, ToPem(*second_.certificate));
  EXPECT_FALSE(broker_->ReloadTls());
  EXPECT_EQ(days_left(), 10);
  Write(key_, ToPem(*second_.key));
  EXPECT_TRUE(broker_->ReloadTls());
  EXPECT_EQ(days_left(), 20);
  EXPECT_FALSE((*ConnectionBroker::Create({}, nullptr))->TlsCertificateExpiry());
}

TEST_F(TlsReloadTest, ReloadsFromManyThreadsWhileConnectingHarmNobody) {
  std::thread reloader([this] {
    for (int i = 0; i < 50; ++i) {
      WritePair(i % 2 == 0 ? second_ : first_);
      EXPECT_TRUE(broker_->ReloadTls());
    }
  });
  std::thread applier([this] {
    LiveOptions options;
    options.egress.allow.push_back(*location::EgressRule::Parse("127.0.0.0/8"));
    for (int i = 0; i < 50; ++i) broker_->Apply(options);
  });
  for (int i = 0; i < 10; ++i) EXPECT_NE(Connect().second.ClientName(), "");
  reloader.join();
  applier.join();
}

}  // namespace
}  // namespace flowbroker::engine
