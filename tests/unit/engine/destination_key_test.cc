#include "broker/engine/destination_key.h"

#include <gtest/gtest.h>

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

TEST(TlsIdentityTest, IsTheHostOfTheUriUnlessAskedOtherwise_Rfc5922) {
  EXPECT_EQ(TlsIdentityOf(To("sips:example.org;maddr=192.0.2.1").destination), "example.org");
  AcquireRequest request = To("sips:example.org");
  request.destination.tls_identity = "proxy.example";
  EXPECT_EQ(TlsIdentityOf(request.destination), "proxy.example");
}

}  // namespace
}  // namespace flowbroker::engine
