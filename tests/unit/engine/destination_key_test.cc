#include "broker/engine/destination_key.h"

#include <gtest/gtest.h>

#include <set>

namespace flowbroker::engine {
namespace {

std::string Key(const AcquireRequest& request) {
  std::string buffer;
  return std::string(WriteDestinationKey(request, buffer));
}

AcquireRequest To(const std::string& uri) {
  return {.destination = {.to = *sip::SipUri::Parse(uri)}};
}

TEST(DestinationKeyTest, IgnoresWhatDoesNotDecideWhereARequestGoes) {
  const std::string key = Key(To("sip:alice@example.org"));
  EXPECT_EQ(Key(To("sip:bob@EXAMPLE.org")), key);
  EXPECT_EQ(Key(To("sip:example.org;user=phone;lr")), key);
  EXPECT_EQ(Key(To("sip:example.org?Subject=x")), key);
}

TEST(DestinationKeyTest, TellsEverythingElseApart) {
  std::vector<AcquireRequest> different;
  for (const char* uri : {"sip:example.org", "sips:example.org", "sip:example.org:5060", "sip:example.org:5061",
                          "sip:example.org;transport=tcp", "sip:example.org;transport=udp",
                          "sip:example.org;maddr=192.0.2.1", "sip:example.com", "sip:192.0.2.1"}) {
    different.push_back(To(uri));
  }
  AcquireRequest request = To("sip:example.org");
  request.owner.client_group = "proxy";
  different.push_back(request);
  request = To("sip:example.org");
  request.destination.local_interface = "eth1";
  different.push_back(request);
  request = To("sip:example.org");
  request.destination.local_address = IpAddress::Parse("192.0.2.9");
  different.push_back(request);
  request = To("sip:example.org");
  request.destination.tls_identity = "other.example";
  different.push_back(request);
  request = To("sip:example.org");
  request.destination.allowed_transports = TransportSet::Of(Transport::kTcp);
  different.push_back(request);
  request.destination.to = location::ResponseDestination{
      .transport = Transport::kTcp, .sent_by_host = "example.org", .sent_by_port = {}, .received = {}, .rport = {}};
  different.push_back(request);
  for (std::size_t i = 0; i < different.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) EXPECT_NE(Key(different[i]), Key(different[j])) << i << " " << j;
  }
}

TEST(DestinationKeyTest, NoOwnerCanWriteTheKeyOfAnother) {
  const std::vector<std::string> texts = {"",
                                          "a",
                                          "b",
                                          "a\x1f",
                                          "\x1f"
                                          "a",
                                          "\x1f",
                                          "a\x1f"
                                          "b",
                                          std::string(1, '\0'),
                                          std::string("\x81\0a", 3),
                                          std::string("a\x81\0b", 4),
                                          std::string("\0a", 2),
                                          std::string(127, 'a'),
                                          std::string(128, 'a'),
                                          std::string(129, 'a'),
                                          std::string(16384, 'a')};
  std::set<std::string> keys;
  std::size_t count = 0;
  for (const std::string& tenant : texts) {
    for (const std::string& group : texts) {
      for (const std::string& identity : {std::string(), std::string("a"), std::string("a\x1f")}) {
        AcquireRequest request = To("sip:example.org");
        request.owner = {tenant, group};
        request.destination.tls_identity = identity;
        keys.insert(Key(request));
        ++count;
      }
    }
  }
  EXPECT_EQ(keys.size(), count);
}

TEST(DestinationKeyTest, NoKeyContinuesAnother) {  // so that what is appended to one never makes another
  AcquireRequest request = To("sip:example.org");
  request.owner = {"a", "b"};
  const std::string key = Key(request);
  for (const char* more : {"b", "b!", "b=1"}) {
    request.owner.tenant = "a" + std::string(more);
    EXPECT_FALSE(Key(request).starts_with(key)) << more;
  }
}

TEST(DestinationKeyTest, AnAbsentPortIsNoPart) {
  const auto response = [](std::optional<std::uint16_t> sent_by, std::optional<std::uint16_t> rport) {
    AcquireRequest request;
    request.destination.to =
        location::ResponseDestination{Transport::kUdp, "example.org", sent_by, std::nullopt, rport};
    return Key(request);
  };
  EXPECT_NE(response(5060, std::nullopt), response(std::nullopt, 5060));
  EXPECT_NE(response(0x1f1f, std::nullopt), response(std::nullopt, 0x1f1f));
}

TEST(TlsIdentityTest, IsTheHostOfTheUriUnlessAskedOtherwise_Rfc5922) {
  EXPECT_EQ(TlsIdentityOf(To("sips:example.org;maddr=192.0.2.1").destination), "example.org");
  AcquireRequest request = To("sips:example.org");
  request.destination.tls_identity = "proxy.example";
  EXPECT_EQ(TlsIdentityOf(request.destination), "proxy.example");
}

}  // namespace
}  // namespace flowbroker::engine
