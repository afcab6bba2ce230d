#include "service/rpc/server_certificate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/unit/net/test_certificates.h"
#include "tests/unit/service/scratch_directory.h"

namespace flowbroker::rpc {
namespace {

using net::testing::Credential;
using net::testing::MakeCredential;
using net::testing::ToPem;
using testing::HasSubstr;
using testing::Not;

class ServerCertificateTest : public testing::Test {
 protected:
  ServerCertificateTest() {
    Write("cert", ToPem(*ours_.certificate) + ToPem(*authority_.certificate));
    Write("key", ToPem(*ours_.key));
    Write("ca", ToPem(*authority_.certificate));
  }

  void Write(const std::string& name, const std::string& text) {
    std::ofstream(directory_ / name, std::ios::binary | std::ios::trunc) << text;
  }

  Expected<ServerCertificate> Read(std::chrono::hours later = {}) {
    return ReadServerCertificate({directory_ / "cert", directory_ / "key", directory_ / "ca"},
                                 std::chrono::system_clock::now() + later);
  }

  /// The refusal, which must name `setting`.
  std::string WhyNot(const std::string& setting, std::chrono::hours later = {}) {
    const auto read = Read(later);
    if (read) return "it was taken";
    EXPECT_THAT(read.error().detail, testing::StartsWith(setting + " "));
    return read.error().detail;
  }

  ScratchDirectory directory_;
  Credential authority_ = MakeCredential({.common_name = "ca", .is_ca = true}, nullptr);
  Credential ours_ = MakeCredential({.subject_alt_name = "DNS:a.example", .not_after_days = 3}, &authority_);
};

TEST_F(ServerCertificateTest, GivesWhatFitsTogetherAndWhenTheFirstOfTheChainExpires) {
  const auto read = Read();
  ASSERT_TRUE(read) << read.error().detail;
  EXPECT_EQ(read->private_key.text(), ToPem(*ours_.key));
  EXPECT_EQ(read->client_ca, ToPem(*authority_.certificate));
  const auto left = read->expires - std::chrono::system_clock::now();
  EXPECT_GT(left, std::chrono::hours(71));
  EXPECT_LT(left, std::chrono::hours(73));
}

TEST_F(ServerCertificateTest, RefusesAKeyOfAnotherCertificateWithoutShowingIt) {
  const Credential other = MakeCredential({.common_name = "other"}, nullptr);
  Write("key", ToPem(*other.key));
  const std::string why = WhyNot("grpc-private-key-file");
  EXPECT_THAT(why, HasSubstr("does not belong to the certificate"));
  EXPECT_THAT(why, Not(HasSubstr(ToPem(*other.key).substr(40, 20))));
}

TEST_F(ServerCertificateTest, RefusesAKeyWithAPassphraseInsteadOfAskingForIt) {
  Write("key", net::testing::ToEncryptedPem(*ours_.key, "secret"));
  EXPECT_THAT(WhyNot("grpc-private-key-file"), HasSubstr("passphrase"));
}

TEST_F(ServerCertificateTest, RefusesWhatIsNoPem) {
  Write("key", "");
  EXPECT_THAT(WhyNot("grpc-private-key-file"), HasSubstr("no private key"));
  Write("key", ToPem(*ours_.key));
  Write("cert", "nonsense");
  EXPECT_THAT(WhyNot("grpc-certificate-file"), HasSubstr("has no certificate"));
  Write("cert", ToPem(*ours_.certificate).substr(0, 200));
  EXPECT_THAT(WhyNot("grpc-certificate-file"), HasSubstr("cannot be read as certificates"));
  Write("cert", std::string(ToPem(*ours_.certificate)) + '\0');
  EXPECT_THAT(WhyNot("grpc-certificate-file"), HasSubstr("is not PEM"));
}

TEST_F(ServerCertificateTest, RefusesABundleWithoutOrWithABrokenAuthority) {
  Write("ca", "# none yet\n");
  EXPECT_THAT(WhyNot("grpc-client-ca-file"), HasSubstr("has no certificate"));
  Write("ca", ToPem(*authority_.certificate) + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
  EXPECT_THAT(WhyNot("grpc-client-ca-file"), HasSubstr("cannot be read as certificates"));
}

TEST_F(ServerCertificateTest, RefusesACertificateThatHasExpired) {
  EXPECT_THAT(WhyNot("grpc-certificate-file", std::chrono::hours(24 * 4)), HasSubstr("expired at "));
}

TEST_F(ServerCertificateTest, RefusesWhatCannotBeReadAndWhatIsNoFile) {
  std::filesystem::remove(directory_ / "key");
  EXPECT_THAT(WhyNot("grpc-private-key-file"), HasSubstr("No such file"));
  std::filesystem::create_directory(directory_ / "key");
  EXPECT_THAT(WhyNot("grpc-private-key-file"), HasSubstr("is not a regular file"));
}

TEST_F(ServerCertificateTest, RefusesAFileWithoutEnd) {
  Write("ca", std::string(std::size_t{5} * 1024 * 1024, '\n'));
  EXPECT_THAT(WhyNot("grpc-client-ca-file"), HasSubstr("too large"));
}

}  // namespace
}  // namespace flowbroker::rpc
