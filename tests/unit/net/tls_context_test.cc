#include "broker/net/tls_context.h"

#include <gtest/gtest.h>

#include "tests/unit/net/test_certificates.h"

namespace flowbroker::net {
namespace {

using testing::MakeCredential;
using testing::TemporaryFile;
using testing::ToPem;

Failure FailureOf(const TlsContextOptions& options) {
  const auto context = TlsContext::Create(options);
  return context ? Failure{FailureReason::kInternal, "no failure"} : context.error();
}

TEST(TlsContextTest, LoadsTheSystemsTrustByDefault) {
  EXPECT_TRUE(TlsContext::Create({}));
}

TEST(TlsContextTest, LoadsABundleAndOurOwnPair) {
  const auto own = MakeCredential({.common_name = "own.example"}, nullptr);
  const TemporaryFile certificate(ToPem(*own.certificate));
  const TemporaryFile key(ToPem(*own.key));
  EXPECT_TRUE(TlsContext::Create(
      {.ca_file = certificate.path(), .certificate_file = certificate.path(), .private_key_file = key.path()}));
}

TEST(TlsContextTest, MissingFileIsNamed) {
  const Failure failure = FailureOf({.ca_file = "/nonexistent/ca.pem"});
  EXPECT_EQ(failure.reason, FailureReason::kInvalidArgument);
  EXPECT_EQ(failure.field, "ca_file");
  EXPECT_EQ(failure.detail, "ca_file /nonexistent/ca.pem: No such file or directory");
}

TEST(TlsContextTest, FileThatIsNoPemIsNamed) {
  const TemporaryFile garbage("garbage\n");
  const Failure failure = FailureOf({.ca_file = garbage.path()});
  EXPECT_EQ(failure.field, "ca_file");
  EXPECT_NE(failure.detail.find(garbage.path()), std::string::npos) << failure.detail;
}

TEST(TlsContextTest, CertificateAndKeyAreOnlyAcceptedTogether) {
  EXPECT_EQ(FailureOf({.certificate_file = "/c.pem"}).field, "private_key_file");
  EXPECT_EQ(FailureOf({.private_key_file = "/k.pem"}).field, "certificate_file");
}

TEST(TlsContextTest, KeyOfAnotherCertificateIsRefused) {
  const auto own = MakeCredential({.common_name = "own.example"}, nullptr);
  const auto other = MakeCredential({.common_name = "other.example"}, nullptr);
  const TemporaryFile certificate(ToPem(*own.certificate));
  const TemporaryFile key(ToPem(*other.key));
  const Failure failure = FailureOf({.certificate_file = certificate.path(), .private_key_file = key.path()});
  EXPECT_EQ(failure.field, "private_key_file");
  EXPECT_NE(failure.detail.find("does not belong to the certificate"), std::string::npos) << failure.detail;
}

TEST(TlsContextTest, KeyOfAnotherAlgorithmIsRefused) {
  const auto own = MakeCredential({.common_name = "own.example"}, nullptr);
  const testing::Owned<EVP_PKEY> rsa(EVP_RSA_gen(2048));
  const TemporaryFile certificate(ToPem(*own.certificate));
  const TemporaryFile key(ToPem(*rsa));
  const Failure failure = FailureOf({.certificate_file = certificate.path(), .private_key_file = key.path()});
  EXPECT_EQ(failure.field, "private_key_file");
  EXPECT_NE(failure.detail.find("does not belong to the certificate"), std::string::npos) << failure.detail;
}

TEST(TlsContextTest, TellsWhetherTheFilesHaveChanged) {
  const auto own = MakeCredential({.common_name = "own.example"}, nullptr);
  const auto other = MakeCredential({.common_name = "other.example"}, nullptr);
  const TemporaryFile one(ToPem(*own.certificate));
  const TemporaryFile same(ToPem(*own.certificate));
  const TemporaryFile different(ToPem(*other.certificate));
  const auto digest = [](const TemporaryFile& ca) {
    return (*TlsContext::Create({.ca_file = ca.path()}))->content_digest();
  };
  EXPECT_EQ(digest(one), digest(same));
  EXPECT_NE(digest(one), digest(different));
}

TEST(TlsContextTest, KeyWithAPassphraseIsRefusedWithoutAskingForIt) {
  const auto own = MakeCredential({.common_name = "own.example"}, nullptr);
  const TemporaryFile certificate(ToPem(*own.certificate));
  const TemporaryFile key(testing::ToEncryptedPem(*own.key, "secret"));
  EXPECT_EQ(FailureOf({.certificate_file = certificate.path(), .private_key_file = key.path()}).field,
            "private_key_file");
}

}  // namespace
}  // namespace flowbroker::net
