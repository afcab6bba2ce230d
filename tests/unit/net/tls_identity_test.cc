#include "broker/net/tls_identity.h"

#include <gtest/gtest.h>

#include "tests/unit/net/test_certificates.h"

namespace flowbroker::net {
namespace {

using testing::CertificateSpec;
using testing::MakeCredential;

TlsIdentities Of(const CertificateSpec& spec) {
  return IdentitiesOf(*MakeCredential(spec, nullptr).certificate);
}

TlsIdentities OfNames(std::string_view subject_alt_name) {
  return Of({.common_name = "common.example", .subject_alt_name = std::string(subject_alt_name)});
}

TEST(TlsIdentityTest, SipUriWithoutUserIsADomain) {
  const auto identities = OfNames("URI:sip:Example.ORG");
  EXPECT_TRUE(Matches(identities, "example.org"));
  EXPECT_TRUE(Matches(identities, "EXAMPLE.org."));
  EXPECT_FALSE(Matches(identities, "sip.example.org"));
}

TEST(TlsIdentityTest, SchemeOfTheUriIsCaseInsensitive) {
  EXPECT_TRUE(Matches(OfNames("URI:SIP:example.org"), "example.org"));
}

TEST(TlsIdentityTest, SipUriWithUserOrOtherSchemeIsNoDomain) {
  EXPECT_FALSE(Matches(OfNames("URI:sip:alice@example.org"), "example.org"));
  EXPECT_FALSE(Matches(OfNames("URI:sips:example.org"), "example.org"));
  EXPECT_FALSE(Matches(OfNames("URI:https://example.org"), "example.org"));
}

TEST(TlsIdentityTest, DnsNamesCountOnlyWhereNoSipUriIs) {
  EXPECT_TRUE(Matches(OfNames("DNS:a.example,DNS:b.example"), "b.example"));
  EXPECT_TRUE(Matches(OfNames("DNS:a.example,URI:sip:alice@c.example"), "a.example"));
  const auto both = OfNames("DNS:a.example,URI:sip:c.example");
  EXPECT_TRUE(Matches(both, "c.example"));
  EXPECT_FALSE(Matches(both, "a.example"));
}

TEST(TlsIdentityTest, CommonNameCountsOnlyWithoutSubjectAltName) {
  EXPECT_TRUE(Matches(Of({.common_name = "common.example"}), "common.example"));
  EXPECT_FALSE(Matches(OfNames("DNS:a.example"), "common.example"));
  EXPECT_FALSE(Matches(OfNames("email:a@a.example"), "common.example"));
}

TEST(TlsIdentityTest, WildcardsAndSuffixesNeverMatch) {
  const auto identities = OfNames("DNS:*.example.org,DNS:.example.net");
  EXPECT_FALSE(Matches(identities, "a.example.org"));
  EXPECT_FALSE(Matches(identities, "*.example.org"));
  EXPECT_FALSE(Matches(identities, "a.example.net"));
  EXPECT_FALSE(Matches(identities, "example.org"));
}

TEST(TlsIdentityTest, AddressesMatchAddressesOnly) {
  const auto identities = OfNames("IP:192.0.2.1,IP:2001:db8::1,DNS:192.0.2.9");
  EXPECT_TRUE(Matches(identities, "192.0.2.1"));
  EXPECT_TRUE(Matches(identities, "2001:db8:0::1"));
  EXPECT_TRUE(Matches(identities, "[2001:db8::1]"));
  EXPECT_FALSE(Matches(identities, "192.0.2.9"));
  EXPECT_FALSE(Matches(Of({.common_name = "192.0.2.1"}), "192.0.2.1"));
  EXPECT_TRUE(Matches(OfNames("URI:sip:192.0.2.7"), "192.0.2.7"));
}

TEST(TlsIdentityTest, NothingMatchesTheEmptyName) {
  EXPECT_FALSE(Matches(Of({}), ""));
  EXPECT_FALSE(Matches(OfNames("DNS:a.example"), "."));
}

TEST(TlsIdentityTest, TextListsAllAndReplacesControlCharacters) {
  EXPECT_EQ(OfNames("DNS:a.example,IP:192.0.2.1").ToString(), "a.example, 192.0.2.1");
  EXPECT_EQ(Of({}).ToString(), "no identity");
  EXPECT_EQ((TlsIdentities{{"a\nb"}, {}}).ToString(), "a?b");
}

TEST(TlsIdentityTest, SipDomainUsageIsRecognised) {
  const auto with = MakeCredential({.extended_key_usage = "clientAuth,1.3.6.1.5.5.7.3.20"}, nullptr);
  const auto other = MakeCredential({.extended_key_usage = "serverAuth"}, nullptr);
  EXPECT_TRUE(IsForSipDomain(*with.certificate));
  EXPECT_FALSE(IsForSipDomain(*other.certificate));
  EXPECT_FALSE(IsForSipDomain(*MakeCredential({}, nullptr).certificate));
}

}  // namespace
}  // namespace flowbroker::net
