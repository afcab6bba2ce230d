#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "broker/base/ip_address.h"
#include "broker/sip/sip_uri.h"
#include "tests/interop/sip_differential/corpus.h"
#include "tests/interop/sip_differential/libre_reader.h"

namespace flowbroker::interop {
namespace {

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

/// Difference: we bring hosts into one form, libre keeps them as written.
std::string OneForm(const std::string& host) {
  const std::optional<IpAddress> address = IpAddress::Parse(host);
  return address ? address->ToString() : Lower(host);
}

/// Difference: we keep parameter names in lower case.
std::vector<std::pair<std::string, std::string>> OneForm(std::vector<std::pair<std::string, std::string>> parameters) {
  for (auto& [name, value] : parameters) name = Lower(name);
  return parameters;
}

void Compare(const std::string& text) {
  SCOPED_TRACE(text);
  const Expected<sip::SipUri> ours = sip::SipUri::Parse(text);
  const std::optional<LibreUri> theirs = ReadUriWithLibre(text);
  ASSERT_TRUE(ours) << ours.error().ToString();
  ASSERT_TRUE(theirs);
  EXPECT_EQ(ours->secure ? "sips" : "sip", Lower(theirs->scheme));
  EXPECT_EQ(ours->user, theirs->user);
  EXPECT_EQ(ours->host, OneForm(theirs->host));
  EXPECT_EQ(ours->port.value_or(0), theirs->port);
  EXPECT_EQ(ours->EachParameter(), OneForm(theirs->parameters));
  EXPECT_EQ(ours->headers.empty() ? "" : "?" + ours->headers, theirs->headers);
}

TEST(UriDifferentialTest, ValidUrisReadAlike) {
  for (const std::string& uri : ValidUris()) {
    Compare(uri);
    if (HasFailure()) FAIL() << "stopped at the first difference";
  }
}

TEST(UriDifferentialTest, RandomUrisOfTheGrammarReadAlike) {
  for (const std::string& uri : RandomUris(/*seed=*/7, /*count=*/20'000)) {
    Compare(uri);
    if (HasFailure()) FAIL() << "stopped at the first difference";
  }
}

// What follows are the differences we know of, kept here so that a change on either side is noticed.

// We follow s.25.1 (`IPv6address` may end in an IPv4 address); libre takes "[" for the host.
TEST(UriKnownDifferenceTest, OnlyWeReadIpv6WithAnIpv4Tail) {
  EXPECT_EQ(sip::SipUri::Parse("sip:[::ffff:192.0.2.1]")->host, "::ffff:192.0.2.1");
  EXPECT_EQ(ReadUriWithLibre("sip:[::ffff:192.0.2.1]")->host, "[");
}

// The dot at the end changes nothing about where a host is; without it certificates and pool keys compare.
TEST(UriKnownDifferenceTest, OnlyWeDropTheDotAtTheEndOfAHost) {
  EXPECT_EQ(sip::SipUri::Parse("sip:example.org.")->host, "example.org");
  EXPECT_EQ(ReadUriWithLibre("sip:example.org.")->host, "example.org.");
}

// s.19.1.4: an escaped unreserved character equals the character, in parameter names too.
TEST(UriKnownDifferenceTest, OnlyWeUnescapeParameterNames) {
  EXPECT_EQ(sip::SipUri::Parse("sip:a;%6C%72")->EachParameter().front().first, "lr");
  EXPECT_EQ(ReadUriWithLibre("sip:a;%6C%72")->parameters.front().first, "%6C%72");
}

// We could not serve them, so they fail before any packet is sent (issue section 10); libre leaves that to its caller.
TEST(UriKnownDifferenceTest, OnlyWeRefuseTransportsAndSchemesWeLack) {
  for (const char* uri : {"sip:a;transport=sctp", "sip:a;transport=ws", "tel:+4930@example"}) {
    EXPECT_FALSE(sip::SipUri::Parse(uri)) << uri;
    EXPECT_TRUE(ReadUriWithLibre(uri)) << uri;
  }
}

// None of these is a URI; libre does not check and for instance takes 70000 modulo 65536.
TEST(UriKnownDifferenceTest, OnlyWeRefuseWhatTheGrammarForbids) {
  for (const char* uri : {"sip:h:70000", "sip:h;;a", "sip:h?", "sip:a@b@c", "sip:@h", "sip:a b@h", "sip:a%4@h",
                          "sip:1.2.3", "sip:a..b"}) {
    EXPECT_FALSE(sip::SipUri::Parse(uri)) << uri;
    EXPECT_TRUE(ReadUriWithLibre(uri)) << uri;
  }
}

}  // namespace
}  // namespace flowbroker::interop
