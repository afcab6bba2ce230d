#include "broker/net/tls_session.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "broker/net/tls_context.h"
#include "tests/unit/net/tls_test_server.h"

namespace flowbroker::net {
namespace {

using testing::CertificateSpec;
using testing::Credential;
using testing::MakeCredential;
using testing::TemporaryFile;
using testing::TlsTestPeer;
using testing::TlsTestServer;
using testing::ToPem;
using State = TlsSession::State;

const Endpoint kRemote{*IpAddress::Parse("192.0.2.1"), 5061};
constexpr const char* kHost = "sip.example";

class TlsSessionTest : public ::testing::TestWithParam<int> {
 protected:
  Credential Issue(const CertificateSpec& spec = {.subject_alt_name = "URI:sip:sip.example"}) {
    return MakeCredential(spec, &ca_);
  }

  /// Exchanges bytes until neither side has more to say, in pieces of at most `piece` octets towards the client.
  void Shuttle(TlsSession& client, TlsTestPeer& peer, std::string to_peer, std::size_t piece = SIZE_MAX) {
    while (!to_peer.empty()) {
      const std::string to_client = peer.Receive(to_peer);
      to_peer.clear();
      DeliverTo(client, to_client, to_peer, piece);
    }
  }

  void DeliverTo(TlsSession& client, std::string_view bytes, std::string& to_peer, std::size_t piece = SIZE_MAX) {
    while (!bytes.empty()) {
      const std::string_view head = bytes.substr(0, piece);
      client.Receive(head, to_peer, plaintext_);
      bytes.remove_prefix(head.size());
    }
  }

  State Connect(TlsSession& client, TlsTestPeer& peer, std::size_t piece = SIZE_MAX) {
    std::string hello;
    client.Start(hello);
    Shuttle(client, peer, hello, piece);
    return client.state();
  }

  /// Connects to a server with `credential` and expects it to fail; returns why.
  Failure FailureWith(const Credential& credential, const std::string& identity = kHost) {
    TlsTestServer server(credential);
    TlsTestPeer peer(server);
    TlsSession client(*context_, identity, kRemote);
    EXPECT_EQ(Connect(client, peer), State::kFailed);
    EXPECT_FALSE(peer.established()) << "the peer must be told by an alert";
    return client.failure().value_or(Failure{FailureReason::kInternal, "none"});
  }

  Credential ca_ = MakeCredential({.common_name = "Test CA", .is_ca = true}, nullptr);
  TemporaryFile ca_file_{ToPem(*ca_.certificate)};
  std::unique_ptr<TlsContext> context_ = *TlsContext::Create({.ca_file = ca_file_.path()});
  std::string plaintext_;
};

TEST_P(TlsSessionTest, EchoesAfterTheHandshake) {
  TlsTestServer server(Issue());
  server.SetVersion(GetParam());
  TlsTestPeer peer(server);
  TlsSession client(*context_, kHost, kRemote);
  ASSERT_EQ(Connect(client, peer), State::kEstablished);
  EXPECT_EQ(client.version(), GetParam() == TLS1_3_VERSION ? "TLSv1.3" : "TLSv1.2");
  EXPECT_EQ(peer.server_name, kHost);
  EXPECT_FALSE(client.resumed());
  EXPECT_TRUE(Matches(client.peer_identities(), kHost));

  std::string to_peer;
  EXPECT_EQ(client.Send("OPTIONS", to_peer), State::kEstablished);
  peer.Receive(to_peer);
  EXPECT_EQ(peer.received, "OPTIONS");
  to_peer.clear();
  EXPECT_EQ(client.Receive(peer.Send("200 OK"), to_peer, plaintext_), State::kEstablished);
  EXPECT_EQ(plaintext_, "200 OK");
  EXPECT_TRUE(to_peer.empty());
}

TEST_P(TlsSessionTest, BytesMayComeInPiecesOfAnySize) {
  TlsTestServer server(Issue());
  server.SetVersion(GetParam());
  for (const std::size_t piece : {1U, 2U, 3U, 5U, 7U, 100U}) {
    TlsTestPeer peer(server);
    TlsSession client(*context_, kHost, kRemote);
    ASSERT_EQ(Connect(client, peer, piece), State::kEstablished) << piece;
    plaintext_.clear();
    std::string to_peer;
    const std::string one = peer.Send("one");
    DeliverTo(client, one + peer.Send("two"), to_peer, piece);
    EXPECT_EQ(plaintext_, "onetwo");
  }
}

TEST_P(TlsSessionTest, CarriesMessagesOfManyRecords) {
  TlsTestServer server(Issue());
  server.SetVersion(GetParam());
  TlsTestPeer peer(server);
  TlsSession client(*context_, kHost, kRemote);
  ASSERT_EQ(Connect(client, peer), State::kEstablished);
  const std::string large(300'000, 'x');
  std::string to_peer;
  client.Send(large, to_peer);
  peer.Receive(to_peer);
  EXPECT_EQ(peer.received, large);
  to_peer.clear();
  DeliverTo(client, peer.Send(large), to_peer, 65536);
  EXPECT_EQ(plaintext_, large);
}

TEST_P(TlsSessionTest, ResumesToTheSameIdentityAndPlaceOnly) {
  TlsTestServer server(Issue({.subject_alt_name = "DNS:sip.example,DNS:other.example"}));
  server.SetVersion(GetParam());
  const auto connect = [&](const std::string& identity, const Endpoint& remote) {
    TlsTestPeer peer(server);
    TlsSession client(*context_, identity, remote);
    EXPECT_EQ(Connect(client, peer), State::kEstablished);
    return client.resumed();
  };
  EXPECT_FALSE(connect(kHost, kRemote));
  EXPECT_FALSE(connect("other.example", kRemote));
  EXPECT_FALSE(connect(kHost, {kRemote.address, 5062}));
  for (int again = 0; again < 3; ++again) EXPECT_TRUE(connect(kHost, kRemote));
}

TEST_P(TlsSessionTest, SessionOfARejectedCertificateIsNeverResumed) {
  TlsTestServer server(Issue({.subject_alt_name = "DNS:other.example"}));
  server.SetVersion(GetParam());
  for (int i = 0; i < 2; ++i) {
    TlsTestPeer peer(server);
    TlsSession client(*context_, kHost, kRemote);
    EXPECT_EQ(Connect(client, peer), State::kFailed);
  }
  EXPECT_EQ(context_->sessions().size(), 0U);
}

TEST_P(TlsSessionTest, PresentsItsCertificateToAServerThatWantsOne) {
  TlsTestServer server(Issue());
  server.SetVersion(GetParam());
  server.RequireClientCertificate(*ca_.certificate);
  const Credential own = Issue({.common_name = "client.example"});
  const TemporaryFile certificate(ToPem(*own.certificate));
  const TemporaryFile key(ToPem(*own.key));
  const auto context = TlsContext::Create(
      {.ca_file = ca_file_.path(), .certificate_file = certificate.path(), .private_key_file = key.path()});
  ASSERT_TRUE(context);
  TlsTestPeer peer(server);
  TlsSession client(**context, kHost, kRemote);
  EXPECT_EQ(Connect(client, peer), State::kEstablished);
  EXPECT_TRUE(peer.established());
}

TEST_P(TlsSessionTest, ServerThatMissesOurCertificateIsAHandshakeFailure) {
  TlsTestServer server(Issue());
  server.SetVersion(GetParam());
  server.RequireClientCertificate(*ca_.certificate);
  TlsTestPeer peer(server);
  TlsSession client(*context_, kHost, kRemote);
  EXPECT_EQ(Connect(client, peer), State::kFailed);
  ASSERT_TRUE(client.failure());
  EXPECT_EQ(client.failure()->reason, FailureReason::kTlsHandshakeFailed);
  EXPECT_NE(client.failure()->detail.find("alert"), std::string::npos) << client.failure()->detail;
}

TEST_P(TlsSessionTest, GoodbyeOfThePeerClosesTheSession) {
  TlsTestServer server(Issue());
  server.SetVersion(GetParam());
  TlsTestPeer peer(server);
  TlsSession client(*context_, kHost, kRemote);
  ASSERT_EQ(Connect(client, peer), State::kEstablished);
  std::string to_peer;
  const std::string last = peer.Send("last words");
  EXPECT_EQ(client.Receive(last + peer.Close(), to_peer, plaintext_), State::kClosed);
  EXPECT_EQ(plaintext_, "last words");
  EXPECT_EQ(client.Send("too late", to_peer), State::kClosed);
  EXPECT_TRUE(to_peer.empty());
}

TEST_P(TlsSessionTest, CloseSaysGoodbye) {
  TlsTestServer server(Issue());
  server.SetVersion(GetParam());
  TlsTestPeer peer(server);
  TlsSession client(*context_, kHost, kRemote);
  ASSERT_EQ(Connect(client, peer), State::kEstablished);
  std::string to_peer;
  client.Close(to_peer);
  peer.Receive(to_peer);
  EXPECT_TRUE(peer.client_said_goodbye());
}

TEST_P(TlsSessionTest, ChangedByteInARecordIsFound) {
  TlsTestServer server(Issue());
  server.SetVersion(GetParam());
  TlsTestPeer peer(server);
  TlsSession client(*context_, kHost, kRemote);
  ASSERT_EQ(Connect(client, peer), State::kEstablished);
  std::string record = peer.Send("INVITE");
  record.back() = static_cast<char>(record.back() ^ 1);
  std::string to_peer;
  EXPECT_EQ(client.Receive(record, to_peer, plaintext_), State::kFailed);
  EXPECT_TRUE(plaintext_.empty());
}

INSTANTIATE_TEST_SUITE_P(Versions, TlsSessionTest, ::testing::Values(TLS1_2_VERSION, TLS1_3_VERSION),
                         [](const auto& version) { return version.param == TLS1_2_VERSION ? "Tls12" : "Tls13"; });

class TlsSessionFailureTest : public TlsSessionTest {};

TEST_F(TlsSessionFailureTest, OlderVersionsAreRefused) {
  TlsTestServer server(Issue());
  SSL_CTX_set_security_level(server.context(), 0);
  server.SetVersion(TLS1_1_VERSION);
  TlsTestPeer peer(server);
  TlsSession client(*context_, kHost, kRemote);
  EXPECT_EQ(Connect(client, peer), State::kFailed);
  EXPECT_EQ(client.failure()->reason, FailureReason::kTlsHandshakeFailed);
}

TEST_F(TlsSessionFailureTest, WrongNameSaysWhatWasWantedAndWhatThereIs) {
  const auto failure = FailureWith(Issue({.subject_alt_name = "DNS:a.example,DNS:b.example"}));
  EXPECT_EQ(failure.reason, FailureReason::kCertificateMismatch);
  EXPECT_EQ(failure.detail, "wanted sip.example; certificate has a.example, b.example");
}

TEST_F(TlsSessionFailureTest, WildcardIsNotEnough) {
  EXPECT_EQ(FailureWith(Issue({.subject_alt_name = "DNS:*.example"})).reason, FailureReason::kCertificateMismatch);
}

TEST_F(TlsSessionFailureTest, ExpiredCertificateIsUntrusted) {
  const auto failure = FailureWith(Issue(
      {.common_name = "old", .subject_alt_name = "DNS:sip.example", .not_before_days = -9, .not_after_days = -2}));
  EXPECT_EQ(failure.reason, FailureReason::kCertificateUntrusted);
  EXPECT_EQ(failure.detail, "certificate has expired: CN=old");
}

TEST_F(TlsSessionFailureTest, SelfSignedCertificateIsUntrusted) {
  const auto failure = FailureWith(MakeCredential({.subject_alt_name = "DNS:sip.example"}, nullptr));
  EXPECT_EQ(failure.reason, FailureReason::kCertificateUntrusted);
}

TEST_F(TlsSessionFailureTest, UnknownCaIsUntrustedEvenWhereTheNameIsWrongToo) {
  const Credential other_ca = MakeCredential({.common_name = "Other CA", .is_ca = true}, nullptr);
  const auto failure = FailureWith(MakeCredential({.subject_alt_name = "DNS:evil.example"}, &other_ca));
  EXPECT_EQ(failure.reason, FailureReason::kCertificateUntrusted);
}

TEST_F(TlsSessionFailureTest, CertificateForClientsOnlyIsUntrusted) {
  const auto failure = FailureWith(Issue({.subject_alt_name = "DNS:sip.example", .extended_key_usage = "clientAuth"}));
  EXPECT_EQ(failure.reason, FailureReason::kCertificateUntrusted);
}

TEST_F(TlsSessionFailureTest, SipDomainUsageAloneIsEnough) {
  TlsTestServer server(Issue({.subject_alt_name = "DNS:sip.example", .extended_key_usage = "1.3.6.1.5.5.7.3.20"}));
  TlsTestPeer peer(server);
  TlsSession client(*context_, kHost, kRemote);
  EXPECT_EQ(Connect(client, peer), State::kEstablished);
}

TEST_F(TlsSessionFailureTest, SipDomainUsageDoesNotExcuseAWrongNameOrDate) {
  const std::string usage = "1.3.6.1.5.5.7.3.20";
  EXPECT_EQ(FailureWith(Issue({.subject_alt_name = "DNS:a.example", .extended_key_usage = usage})).reason,
            FailureReason::kCertificateMismatch);
  EXPECT_EQ(FailureWith(Issue({.subject_alt_name = "DNS:sip.example",
                               .extended_key_usage = usage,
                               .not_before_days = -9,
                               .not_after_days = -2}))
                .reason,
            FailureReason::kCertificateUntrusted);
}

TEST_F(TlsSessionFailureTest, AddressIdentityIsCheckedAndNotSentAsName) {
  TlsTestServer server(Issue({.subject_alt_name = "IP:192.0.2.1"}));
  TlsTestPeer peer(server);
  TlsSession client(*context_, "192.0.2.1", kRemote);
  EXPECT_EQ(Connect(client, peer), State::kEstablished);
  EXPECT_EQ(peer.server_name, "");
}

TEST_F(TlsSessionFailureTest, GarbageFromThePeerFailsTheHandshake) {
  for (const std::string& garbage : {std::string("SIP/2.0 400 This is not TLS\r\n\r\n"), std::string(70'000, '\0'),
                                     std::string("\x16\x03\x03\xff\xff", 5) + std::string(70'000, 'x')}) {
    TlsSession client(*context_, kHost, kRemote);
    std::string to_peer;
    client.Start(to_peer);
    EXPECT_EQ(client.Receive(garbage, to_peer, plaintext_), State::kFailed);
    ASSERT_TRUE(client.failure());
    EXPECT_EQ(client.failure()->reason, FailureReason::kTlsHandshakeFailed);
    EXPECT_EQ(client.Receive(garbage, to_peer, plaintext_), State::kFailed) << "further bytes are dropped";
    client.Close(to_peer);
  }
}

TEST_F(TlsSessionFailureTest, AlertOfThePeerIsNamed) {
  TlsSession client(*context_, kHost, kRemote);
  std::string to_peer;
  client.Start(to_peer);
  const std::string handshake_failure("\x15\x03\x03\x00\x02\x02\x28", 7);
  EXPECT_EQ(client.Receive(handshake_failure, to_peer, plaintext_), State::kFailed);
  EXPECT_NE(client.failure()->detail.find("alert handshake failure"), std::string::npos) << client.failure()->detail;
}

TEST_F(TlsSessionFailureTest, IncompleteHandshakeNeitherFailsNorSends) {
  TlsSession client(*context_, kHost, kRemote);
  std::string to_peer;
  EXPECT_EQ(client.Start(to_peer), State::kHandshaking);
  EXPECT_FALSE(to_peer.empty());
  std::string nothing;
  EXPECT_EQ(client.Receive(std::string_view("\x16\x03"), nothing, plaintext_), State::kHandshaking);
  EXPECT_EQ(client.Send("too early", nothing), State::kHandshaking);
  client.Close(nothing);
  EXPECT_TRUE(nothing.empty());
}

TEST(TlsSessionCacheTest, KeepsTheNewestTicketsWithinItsBound) {
  const auto ticket = [] {
    TlsSessionTicket made(SSL_SESSION_new());
    SSL_SESSION_set_protocol_version(made.get(), TLS1_3_VERSION);
    return made;
  };
  TlsSessionCache cache(2);
  auto first = ticket();
  const auto* first_address = first.get();
  cache.Store("a", std::move(first));
  cache.Store("b", ticket());
  cache.Store("b", ticket());
  EXPECT_EQ(cache.size(), 2U);
  EXPECT_EQ(cache.Take("a").get(), first_address);
  EXPECT_FALSE(cache.Take("a"));
  cache.Store("c", ticket());
  cache.Store("d", ticket());
  EXPECT_FALSE(cache.Take("b"));
  EXPECT_TRUE(cache.Take("c"));
  EXPECT_TRUE(cache.Take("d"));
  EXPECT_EQ(cache.size(), 0U);
}

}  // namespace
}  // namespace flowbroker::net
